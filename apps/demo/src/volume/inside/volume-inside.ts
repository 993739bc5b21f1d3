/** The volume from inside: its maps, its space, its snapshots, its locks. Drawn of `metadata()`, and nothing else. */
import { el } from '../../ui/dom.ts';
import type { Easel } from '../easel.ts';
import { locksCard } from './locks-card.ts';
import { snapshotsCard } from './snapshots-card.ts';
import { spaceCard } from './space-card.ts';
import { treesCard } from './trees-card.ts';

export const volumeInside = (easel: Easel): HTMLElement[] => [
  treesCard(easel),
  spaceCard(easel),
  el('div', { class: 'cards' }, snapshotsCard(easel), locksCard(easel)),
];
