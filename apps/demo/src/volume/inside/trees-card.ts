/** The three maps of the volume, and a line that says what the block is that somebody points at. */
import { el, setText } from '../../ui/dom.ts';
import type { Easel } from '../easel.ts';
import { isVague, wordsOfBlock } from './block-words.ts';
import { PointedBlock } from './pointed-block.ts';
import { treeFigure } from './tree-figure.ts';

const LEGEND = [
  ['node', 'node'],
  ['origin', 'the origin’s alone'],
  ['origin-shared', 'snapshots see it, too'],
  ['exceptions', 'one snapshot’s value'],
  ['exceptions-shared', 'several snapshots’ value'],
  ['references', 'in use'],
  ['changed', 'changed since the checkpoint'],
  ['damaged', 'does not verify, or not known'],
] as const;

export function treesCard(easel: Easel): HTMLElement {
  const pointed = new PointedBlock();
  const said = el('p', { class: 'block-said', id: 'block-said' });
  const tell = (): void => {
    const { name, index, isByKey } = pointed;
    const { layout } = easel.watch;
    const block = name === undefined ? undefined : layout?.maps[name].list[index];
    said.setAttribute('aria-live', isByKey ? 'polite' : 'off');
    setText(
      said,
      name === undefined || block === undefined || layout === undefined
        ? 'Blocks of 4 KiB. Each leaf is as wide as the chunks it is for, and filled as far as it is full. Point at one to hear what it holds.'
        : wordsOfBlock(name, block, isVague(name, block, layout)),
    );
  };
  easel.watch.looked.on(tell);
  pointed.changed.on(tell);
  tell();
  return el(
    'section',
    { class: 'card trees-card', 'aria-labelledby': 'trees-title' },
    el('h3', { id: 'trees-title' }, 'Its maps'),
    el(
      'div',
      { class: 'trees' },
      treeFigure('origin', easel, pointed),
      treeFigure('references', easel, pointed),
      treeFigure('exceptions', easel, pointed),
    ),
    said,
    el(
      'ul',
      { class: 'legend' },
      ...LEGEND.map(([key, words]) => el('li', { class: `key key-map-${key}` }, words)),
    ),
  );
}
