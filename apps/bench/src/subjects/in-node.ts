/** Subjects of the Node lane. */
import type { Subject } from '../subject.ts';
import { rawNode } from './raw-node.ts';
import { varveNode, varveNodeStore } from './varve-node.ts';

export const inNode: readonly Subject[] = [rawNode, varveNodeStore, varveNode];
