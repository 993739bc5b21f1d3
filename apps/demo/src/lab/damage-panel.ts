/** Damage a byte, on a copy, and read what Varve reports. */
import { el, replace, setText, type Child } from '../ui/dom.ts';
import { count, lsnRange, plural, size } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import { toastError } from '../ui/toast.ts';
import type { WatchedStore } from '../inspector/store-watch.ts';
import { damageCopy, type DamageReport, type Specimen } from './damage.ts';

/** A store with a way to choose one of its records. */
export interface DamageSource {
  readonly store: WatchedStore;
  /** @throws when the store holds too little to choose from, with a sentence for the person */
  choose(): Promise<Specimen>;
}

function hexLine(label: string, bytes: Uint8Array, at: number): HTMLElement {
  const cells: Child[] = [...bytes].map((byte, index) =>
    el('span', { class: index === at ? 'hex hex-hit' : 'hex' }, byte.toString(16).padStart(2, '0')),
  );
  return el('div', { class: 'hex-line' }, el('span', { class: 'quiet' }, label), ...cells);
}

function reportView(report: DamageReport): HTMLElement {
  const noticed = report.noticedBy !== undefined;
  const [range] = report.ranges;
  return el(
    'article',
    {
      class: `verdict ${noticed ? 'is-passed' : 'is-failed'}`,
      'data-noticed': report.noticedBy ?? 'nobody',
    },
    el(
      'h3',
      {},
      icon(noticed ? 'shield' : 'alert'),
      noticed
        ? `${report.code}: ${range === undefined ? 'found' : lsnRange(range.from, range.to)}`
        : 'Nobody noticed',
    ),
    el(
      'p',
      {},
      `One bit of record LSN ${count(report.lsn)} was flipped, at byte ${count(report.offset)} of ${size(report.imageBytes)}.`,
    ),
    hexLine('before', report.before, report.at),
    hexLine('after', report.after, report.at),
    el(
      'p',
      { class: 'quiet' },
      noticed
        ? report.noticedBy === 'import'
          ? 'The import checked every byte and refused the copy, naming the records that cannot be read.'
          : `The copy opened read-only and said which records are damaged. ${report.salvaged === undefined ? '' : `${plural(report.salvaged, 'other record')} still verified and could be read.`} A batch has one checksum, so its records fall together.`
        : 'This would be a bug in Varve. Please report it.',
      ' Your store was not touched; the copy is deleted.',
    ),
  );
}

export function damagePanel(source: () => DamageSource): HTMLElement {
  const place = el('div', { class: 'verdict-place', 'aria-live': 'polite' });
  const label = el('span', {}, 'Damage a byte');
  const press = async (): Promise<void> => {
    const { store, choose } = source();
    button.disabled = true;
    setText(label, 'Copying …');
    try {
      if (store.log === undefined) throw new Error('The store is not open.');
      const specimen = await choose();
      replace(place, reportView(await damageCopy(store.log, specimen)));
    } catch (error) {
      replace(place);
      toastError('No damage done', error);
    } finally {
      button.disabled = false;
      setText(label, 'Damage a byte');
    }
  };
  const button = el(
    'button',
    { type: 'button', class: 'button', on: { click: () => void press() } },
    icon('flask'),
    label,
  );
  return el(
    'section',
    { class: 'card', 'aria-labelledby': 'damage-title' },
    el('h3', { id: 'damage-title' }, 'Damage a byte of a copy'),
    el(
      'p',
      {},
      'Exports the store shown above, flips one bit inside a record that was flushed long ago, and imports the copy under another name.',
    ),
    el('div', { class: 'row' }, button),
    place,
  );
}
