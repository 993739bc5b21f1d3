/**
 * The tabs that have the logbook open: what each is, what each writes, what happened.
 *
 * Always true: the lanes are painted only while somebody sees them.
 */
import { button } from '../ui/button.ts';
import { append, el, replace, setText, type Child } from '../ui/dom.ts';
import { sentenceOf } from '../ui/failure.ts';
import { clockToSecond, count, plural } from '../ui/format.ts';
import { themeChanged } from '../ui/theme.ts';
import { lane, type Lane } from './lane.ts';
import { isUnbroken, type PulseCount } from './pulse-check.ts';
import { LIMIT_NUMBERS } from './pulse-writer.ts';
import { STATE_WORDS } from './role-badge.ts';
import type { Society } from './society.ts';
import type { TabState } from './words.ts';

const PAINT_EVERY_MS = 50;
/** Lanes of tabs that are gone stay so many. */
const GONE_LANES = 3;

const SENTENCES: Readonly<Record<TabState, string>> = {
  opening: 'The store is being opened.',
  leader:
    'This tab’s worker holds the file and writes for all tabs. If it goes, however it goes, the next in line takes over.',
  follower:
    'Another tab’s worker writes what this one appends. This tab stands in line: if the leader goes, it may be the next.',
  silent:
    'The leader holds the store but does not answer. What was sent is kept and sent again. If it stays silent, close its tab: the next in line takes over.',
  down: 'This tab’s worker is gone. The page opens the store again in a moment; others lead meanwhile.',
  failed: 'The store did not open here.',
};

const openAnotherTab = (): void => void open(location.href, '_blank', 'noopener');

/** A window of its own on the right half of the screen, so that both can be seen. */
function openBeside(): void {
  const { availWidth, availHeight } = screen;
  const half = Math.round(availWidth / 2);
  open(location.href, '_blank', `noopener,popup,left=${half},width=${half},height=${availHeight}`);
}

function verdictOf(counts: readonly PulseCount[]): string {
  const sum = (field: keyof PulseCount): number =>
    counts.reduce((total, each) => total + each[field], 0);
  if (sum('seen') === 0) return 'Nobody has written a number yet.';
  const from = `${plural(sum('seen'), 'number')} of ${plural(counts.length, 'tab')}`;
  const some = (field: keyof PulseCount, word: string): string =>
    sum(field) === 0 ? `none ${word}` : `${count(sum(field))} ${word}`;
  const late = sum('late') === 0 ? '' : `, ${count(sum('late'))} out of order`;
  const unsure = sum('unsure');
  const died =
    unsure === 0
      ? ''
      : ` ${count(unsure)} got no answer when a worker or a generation ended; it was promised to nobody.`;
  return `${from}: ${some('lost', 'lost')}, ${some('twice', 'twice')}${late}.${died}`;
}

export function tabsPane(society: Society): HTMLElement[] {
  const { roster, store, writer, check } = society;

  const role = el('strong', { class: 'role-word' });
  const epoch = el('span', { class: 'role-epoch' });
  const who = el('h3', { id: 'role-title' });
  const sentence = el('p', { class: 'role-sentence', role: 'status' });
  const failure = el('p', { class: 'is-alarm' });
  const write = button('Keep writing', 'pencil', 'button-main', () =>
    society.keepWriting(!writer.isWriting),
  );
  const handOver = button('Hand over', 'hand', '', () => society.handOver());
  const crash = button('Crash this tab’s worker', 'kill', 'button-grave', () => society.crash());
  const own = el(
    'section',
    { class: 'card role-card', 'aria-labelledby': 'role-title' },
    el('div', { class: 'role-plate' }, role, epoch),
    el('div', { class: 'role-text' }, who, sentence, failure),
    el('div', { class: 'row role-acts' }, write, handOver, crash),
    el(
      'div',
      { class: 'role-more' },
      button('Open a second tab', 'tabs', '', openAnotherTab),
      el(
        'p',
        { class: 'quiet' },
        'or ',
        el(
          'button',
          { type: 'button', class: 'link', on: { click: openBeside } },
          'a window beside this one',
        ),
        ': a tab in the background writes slower, because browsers make its clock wait.',
      ),
    ),
  );

  const verdict = el('p', { class: 'lanes-verdict', role: 'status' });
  const lanes = el('ul', { class: 'lanes' });
  const lanesCard = el(
    'section',
    { class: 'card', 'aria-labelledby': 'lanes-title' },
    el('h3', { id: 'lanes-title' }, 'What every tab writes'),
    el(
      'p',
      { class: 'quiet' },
      `Each tab appends 1, 2, 3 … to the logbook’s store, each number when the one before is durable, and checks what all of them wrote as the log brings it. A layer is a number, its colour the epoch; the last 20 seconds. After ${count(LIMIT_NUMBERS)} a tab ends by itself.`,
    ),
    verdict,
    lanes,
  );

  const list = el('ol', {
    class: 'events moments',
    role: 'log',
    'aria-label': 'What happened in all tabs',
    tabindex: 0,
  });
  const moments = el(
    'section',
    { class: 'card' },
    el('h3', {}, 'What happened'),
    list,
    el(
      'p',
      { class: 'quiet moments-none' },
      'Open a second tab, keep writing, then hand over, crash the worker, or close the leader’s tab.',
    ),
  );

  const known = new Map<string, Lane>();

  const drawLanes = (): void => {
    const here = roster.all;
    const gone = [...check.counts.keys()]
      .filter((tab) => here.every(({ id }) => id !== tab))
      .slice(-GONE_LANES);
    const wanted = [...here.map(({ id }) => id), ...gone];
    for (const id of wanted) if (!known.has(id)) known.set(id, lane(society, id));
    const elements = wanted.map((id) => known.get(id)!.element);
    if (elements.some((element, at) => lanes.children[at] !== element)) {
      replace(lanes);
      append(lanes, elements);
    }
    while (lanes.childElementCount > elements.length) lanes.lastElementChild?.remove();
    for (const id of wanted) known.get(id)!.draw(here.find((tab) => tab.id === id));
  };

  const drawNumbers = (): void => {
    const counts = [...check.counts.values()];
    setText(verdict, verdictOf(counts));
    verdict.dataset['unbroken'] = String(counts.every(isUnbroken));
    verdict.classList.toggle('is-good', counts.length > 0 && counts.every(isUnbroken));
    verdict.classList.toggle('is-alarm', !counts.every(isUnbroken));
  };

  const draw = (): void => {
    const { state } = society;
    own.dataset['state'] = state;
    setText(role, STATE_WORDS[state]);
    setText(epoch, society.epoch === 0 ? '' : `epoch ${count(society.epoch)}`);
    setText(who, `${roster.own.label}, this tab`);
    setText(sentence, SENTENCES[state]);
    const error = state === 'failed' ? store.failure : writer.failure;
    const isStuck = state === 'failed' || state === 'silent' || !writer.isWriting;
    failure.hidden = error === undefined || !isStuck;
    setText(failure, failure.hidden ? '' : sentenceOf(error));
    setText(write.querySelector('span')!, writer.isWriting ? 'Stop writing' : 'Keep writing');
    handOver.disabled = state !== 'leader';
    handOver.title = state === 'leader' ? '' : 'Only a leader has something to hand over';
    crash.disabled = store.log === undefined;
    drawLanes();
    drawNumbers();
    replace(
      list,
      ...society.happenings.map(({ atMs, tab, tone, text }): Child =>
        el(
          'li',
          { class: `event event-${tone}` },
          el('time', {}, clockToSecond(atMs)),
          el('span', {}, el('b', {}, tab), ` ${text}`),
        ),
      ),
    );
  };

  const paint = (): void => {
    if (document.hidden || lanesCard.offsetParent === null) return;
    drawNumbers();
    for (const each of known.values()) if (each.element.isConnected) each.paint();
  };

  society.changed.on(draw);
  themeChanged.on(paint);
  setInterval(paint, PAINT_EVERY_MS);
  draw();
  return [own, lanesCard, moments];
}
