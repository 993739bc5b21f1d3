/** Varve against IndexedDB on the visitor's own machine, with bars and what they do not say. */
import { inTurn } from '../exclusive.ts';
import { el, replace, setText } from '../ui/dom.ts';
import { count, duration } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import { toastError } from '../ui/toast.ts';
import { indexedDbContestant, varveContestant } from './contestants.ts';
import { runHeat, type Result } from './heat.ts';

const HEATS = [
  {
    atOnce: 1,
    title: 'One at a time',
    text: 'Each waits until the one before is durable, as a form that saves does.',
  },
  {
    atOnce: 64,
    title: '64 at once',
    text: 'Sixty-four independent writers, none waiting for another, as a busy app has them.',
  },
] as const;

function bars(results: readonly Result[], atOnce: number): HTMLElement {
  const fastest = Math.max(...results.map((result) => result.perSecond));
  return el(
    'ol',
    { class: 'bars' },
    ...results.map((result, index) => {
      const fill = el('span', { class: 'bar-fill' });
      fill.style.width = `${Math.max(0.4, (result.perSecond / fastest) * 100).toFixed(2)}%`;
      return el(
        'li',
        { class: index === 0 ? 'bar bar-varve' : 'bar', 'data-contestant': result.name },
        el('span', { class: 'bar-name' }, result.name, el('small', { class: 'quiet' }, result.how)),
        el('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill),
        el(
          'span',
          { class: 'bar-value' },
          `${count(result.perSecond)} / s`,
          el(
            'small',
            { class: 'quiet' },
            atOnce === 1
              ? `${duration(result.meanMs)} each`
              : `${duration(result.meanMs)} for ${atOnce}`,
          ),
        ),
      );
    }),
  );
}

function verdictOf(results: readonly Result[]): string {
  const [varve, plain, packed] = results;
  if (varve === undefined || plain === undefined) return '';
  const times = (other: Result): string => {
    const ratio = varve.perSecond / other.perSecond;
    return ratio >= 1
      ? `${ratio < 10 ? ratio.toFixed(1) : count(ratio)} × as many as`
      : `${ratio.toFixed(2)} × as many as (slower than)`;
  };
  const first = `Here and now Varve made ${times(plain)} ${plain.name} durable a second`;
  return packed === undefined
    ? `${first}.`
    : `${first}, and ${times(packed)} IndexedDB when its caller packs them into one transaction.`;
}

export function race(): HTMLElement {
  const places = HEATS.map(({ title, text }) => {
    const result = el(
      'div',
      { class: 'heat-result', 'aria-live': 'polite' },
      el('p', { class: 'quiet' }, 'Not run yet.'),
    );
    return {
      result,
      element: el(
        'section',
        { class: 'card heat' },
        el('h3', {}, title),
        el('p', { class: 'quiet' }, text),
        result,
      ),
    };
  });
  const label = el('span', {}, 'Run the race');
  const progress = el('progress', {
    max: 1,
    value: 0,
    'aria-label': 'Progress of the race',
    hidden: true,
  });

  const run = async (): Promise<void> => {
    start.disabled = true;
    progress.hidden = false;
    setText(label, 'Waiting for its turn …');
    try {
      await inTurn('race', heats);
    } catch (error) {
      toastError('The race stopped', error);
    } finally {
      start.disabled = false;
      progress.hidden = true;
      setText(label, 'Run it again');
    }
  };

  /** Two tabs that race at once would share disk, stores and clocks. */
  const heats = async (): Promise<void> => {
    setText(label, 'Racing …');
    for (const [index, { atOnce }] of HEATS.entries()) {
      const contestants = [varveContestant(), indexedDbContestant(false)];
      if (atOnce > 1) contestants.push(indexedDbContestant(true));
      const results = await runHeat(contestants, atOnce, (fraction) => {
        progress.value = (index + fraction) / HEATS.length;
      });
      replace(
        places[index]!.result,
        bars(results, atOnce),
        el('p', { class: 'heat-verdict' }, verdictOf(results)),
      );
    }
  };

  const start = el(
    'button',
    { type: 'button', class: 'button button-main', on: { click: () => void run() } },
    icon('bars'),
    label,
  );

  return el(
    'div',
    { class: 'race' },
    el(
      'section',
      { class: 'card' },
      el('h3', {}, 'A race on your machine'),
      el(
        'p',
        {},
        'Who makes 100 bytes durable more often? Varve’s strict append against IndexedDB with strict durability, in this tab, in turns, for about seven seconds.',
      ),
      el('div', { class: 'row' }, start, progress),
    ),
    ...places.map((place) => place.element),
    el(
      'section',
      { class: 'card fine-print' },
      el('h3', {}, 'What the bars do not say'),
      el(
        'ul',
        {},
        el(
          'li',
          {},
          'Both flush. How long a flush takes is your disk’s affair; on a laptop it may be twenty times what it is in a data centre, and then both look alike one at a time.',
        ),
        el(
          'li',
          {},
          'Varve wins at 64 because writers who do not know each other share a flush. If your code has all the values in hand, pack them into one IndexedDB transaction: the third bar.',
        ),
        el(
          'li',
          {},
          'IndexedDB is a database with keys, indexes and queries. Varve is a log. Use both.',
        ),
        el(
          'li',
          {},
          'Browsers blur their clocks to a tenth of a millisecond; other tabs and power saving move everything. Run it twice.',
        ),
      ),
    ),
  );
}
