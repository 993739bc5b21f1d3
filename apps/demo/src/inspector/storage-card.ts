/** Where the bytes are, how much room there is, and whether the browser may evict them. */
import { el, setText } from '../ui/dom.ts';
import { size } from '../ui/format.ts';
import { toast } from '../ui/toast.ts';
import { factsCard, type Fact } from './facts-card.ts';
import { SURVIVES_WORDS } from './key-figures.ts';
import type { StoreWatch } from './store-watch.ts';

const MODE_WORDS = {
  opfs: 'OPFS, a private file of this site',
  node: 'a folder',
  memory: 'memory only',
  simulated: 'simulated',
} as const;

export function storageCard(watch: StoreWatch): HTMLElement {
  const card = factsCard('Storage');
  const meter = el('meter', { min: 0, max: 1, 'aria-label': 'Part of the quota in use' });
  const persist = el(
    'button',
    { type: 'button', class: 'button button-small' },
    'Ask the browser to keep it',
  );
  const said = el('p', { class: 'quiet' });
  let granted = false;
  persist.addEventListener('click', () => {
    void navigator.storage.persist().then((yes) => {
      granted = yes;
      toast(
        yes
          ? 'The browser promised not to evict this site’s data.'
          : 'The browser did not promise it. Installing the app or using it often usually helps.',
      );
      void watch.look();
    });
  });

  watch.viewed.on(({ status }) => {
    if (status === undefined) return;
    const persisted = granted || status.persisted === true;
    const facts: Fact[] = [
      ['Mode', MODE_WORDS[status.mode], status.mode === 'memory' ? 'alarm' : 'plain'],
      [
        'Role',
        status.role === 'leader' ? 'leader: this tab writes' : 'follower: another tab writes',
      ],
      ['State', status.state],
      ['Survives', SURVIVES_WORDS[status.survives]],
      ['Kept', persisted ? 'yes, the browser promised' : 'may be evicted when space runs out'],
      ['Journal file', size(status.fileBytes)],
      ['Next open reads', size(status.bytesSinceScanStart)],
      ['Format', `version ${status.formatVersion}, segments of ${size(status.segmentSizeBytes)}`],
    ];
    const quota = status.quota;
    if (quota !== null) {
      meter.value = quota.quotaBytes === 0 ? 0 : quota.usageBytes / quota.quotaBytes;
      setText(
        said,
        `${size(quota.usageBytes)} of ${size(quota.quotaBytes)} that this site may use`,
      );
    }
    card.show(facts, quota !== null && meter, quota !== null && said, !persisted && persist);
  });
  return card.element;
}
