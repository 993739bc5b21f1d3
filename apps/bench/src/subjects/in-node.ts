/** Subjects of the Node lane. */
import type { Subject } from '../subject.ts';
import { nodePeers } from './node-peers.ts';
import { rawNode, rawNodeNull } from './raw-node.ts';
import { varveNode, varveNodeNull, varveNodeStore } from './varve-node.ts';

export const inNode: readonly Subject[] = [
  rawNode,
  varveNodeStore,
  varveNode,
  rawNodeNull,
  varveNodeNull,
  ...nodePeers,
];
