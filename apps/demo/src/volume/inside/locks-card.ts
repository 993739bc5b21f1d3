/** Who holds what of the volume: the files, the right to change it, and what no reader needs. */
import { el } from '../../ui/dom.ts';
import { count, plural } from '../../ui/format.ts';
import { factsCard, type Fact } from '../../inspector/facts-card.ts';
import type { Easel } from '../easel.ts';
import type { HeldLocks } from './held-locks.ts';

/** One that holds it, then those in line. */
function queueOf({ held, waiting }: HeldLocks): HTMLElement {
  const beads = [
    ...Array.from({ length: held }, () => el('span', { class: 'bead is-held' })),
    ...Array.from({ length: waiting }, () => el('span', { class: 'bead' })),
  ];
  const words = `held by ${held === 0 ? 'nobody' : 'one tab'}, ${waiting === 0 ? 'nobody waits' : plural(waiting, 'tab waits', 'tabs wait')}`;
  return el('span', { class: 'beads' }, ...beads, words);
}

export function locksCard(easel: Easel): HTMLElement {
  const card = factsCard('Locks', 'locks-card');
  const draw = (): void => {
    const { layout, status, webLocks } = easel.watch;
    if (layout === undefined || layout.locks === null || status === undefined) return;
    const { isHeld, waiting, longReads } = layout.locks;
    const leader = status.role === 'leader' ? 'this tab' : 'another tab';
    const facts: Fact[] = [
      ['Leader', `${leader}, epoch ${count(status.generation)}`],
      ['Web Lock', webLocks === undefined ? '–' : queueOf(webLocks)],
      ['Files', `journal, data, meta: exclusive handles of ${leader}’s worker`],
      [
        'Changes',
        isHeld ? `wait, ${count(waiting)} in line` : 'go on at once',
        isHeld ? 'watch' : 'good',
      ],
      [
        'Reads',
        longReads === 0
          ? 'lock nothing; none longer than 1 MiB now'
          : `lock nothing; ${plural(longReads, 'long one')} under way`,
      ],
    ];
    card.show(
      facts,
      el(
        'p',
        { class: 'quiet' },
        'A slice of a read is looked up and read in one go, so that no write can tear it, and none has to wait for it.',
      ),
    );
  };
  easel.watch.looked.on(draw);
  return card.element;
}
