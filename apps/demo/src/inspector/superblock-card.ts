/** The two superblocks side by side: the facts that must not live in one copy alone. */
import type { StoreLayout } from 'varve';
import { el, replace } from '../ui/dom.ts';
import { count } from '../ui/format.ts';
import type { StoreWatch } from './store-watch.ts';

type Superblock = StoreLayout['superblocks'][number];

function plate(block: Superblock, newest: boolean): HTMLElement {
  const row = (term: string, value: string): HTMLElement =>
    el('div', {}, el('dt', {}, term), el('dd', {}, value));
  return el(
    'div',
    { class: `plate${newest ? ' is-newest' : ''}${block.valid ? '' : ' is-invalid'}` },
    el(
      'p',
      { class: 'plate-name' },
      el('b', {}, block.place === 0 ? 'A' : 'B'),
      block.valid ? (newest ? 'newest' : 'older') : 'does not verify',
    ),
    el(
      'dl',
      { class: 'facts' },
      row('Sequence', count(block.sequence)),
      row('Generation', count(block.generation)),
      row('Closed', block.clean ? 'properly' : 'no, in use'),
      row('Durable', count(block.durableLsn)),
      row('Checkpoint', count(block.coveredLsn)),
      row('Low water', count(block.lowWater)),
    ),
  );
}

export function superblockCard(watch: StoreWatch): HTMLElement {
  const plates = el('div', { class: 'plates' });
  watch.viewed.on(({ layout }) => {
    const blocks = layout?.superblocks ?? [];
    const newest = Math.max(
      ...blocks.filter((block) => block.valid).map((block) => block.sequence),
    );
    replace(
      plates,
      ...blocks.map((block) => plate(block, block.valid && block.sequence === newest)),
    );
  });
  return el('section', { class: 'card' }, el('h3', {}, 'Superblocks'), plates);
}
