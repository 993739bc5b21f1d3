/**
 * Storm and kill: the buttons, the counters, and the verdict.
 *
 * Always true: at most one storm runs in all tabs, and each storm is judged once.
 */
import { button } from '../ui/button.ts';
import { el, replace, setText } from '../ui/dom.ts';
import { count } from '../ui/format.ts';
import { toast, toastError } from '../ui/toast.ts';
import { keepOut } from '../exclusive.ts';
import type { LiveStore } from '../live-store.ts';
import { Ledger } from './ledger.ts';
import { Storm, type StormRecord } from './storm.ts';
import { judge } from './verdict.ts';
import { verdictView } from './verdict-view.ts';

const RATE_EVERY_MS = 250;
/** How long a storm blows before a one-press crash. */
const BLOW_MS = 1_500;

export interface StormPanel {
  readonly element: HTMLElement;
  isBlowing(): boolean;
  /** Judges a storm that the last page did not live to see, if there is one. */
  judgePending(): Promise<void>;
}

/** Resolves with appends just sent: unheard of, half written or almost acknowledged, as chance has it. */
async function midFlight(ledger: Ledger): Promise<void> {
  await Promise.race([ledger.nextIssue(), pause(500)]);
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  if (Math.random() < 0.5) return;
  // Holding the page here keeps it from hearing acknowledgements while the worker goes on.
  const untilMs = performance.now() + Math.random() * 0.6;
  while (performance.now() < untilMs);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function stormPanel(store: LiveStore<StormRecord>, onUse: () => void): StormPanel {
  let storm: Storm | undefined;
  let busy = false;
  let lastCount = 0;
  /** The ledger is one for all tabs: from a storm's beginning to its verdict it is ours. */
  let letGo: (() => void) | undefined;

  const number = (name: string): HTMLElement => el('dd', { 'data-count': name }, '0');
  const rate = number('rate');
  const issued = number('issued');
  const acknowledged = number('acknowledged');
  const verdict = el('div', { class: 'verdict-place', 'aria-live': 'polite' });
  const appenders = el(
    'select',
    { id: 'appenders' },
    ...[1, 8, 64, 256].map((each) =>
      el('option', { value: each, selected: each === 64 }, count(each)),
    ),
  );

  const showCounters = (): void => {
    if (storm === undefined) return;
    const now = storm.ledger.acknowledged;
    setText(issued, count(storm.ledger.issued));
    setText(acknowledged, count(now));
    setText(rate, count(((now - lastCount) * 1000) / RATE_EVERY_MS));
    lastCount = now;
    if (!storm.running && !busy) void finish();
  };
  setInterval(() => {
    if (storm !== undefined) showCounters();
  }, RATE_EVERY_MS);

  const begin = async (): Promise<Storm> => {
    if (storm !== undefined) return storm;
    onUse();
    replace(verdict);
    const log = await store.open();
    letGo ??= await keepOut('storm');
    if (letGo === undefined) throw new Error('Another tab’s storm blows. Let it end first.');
    storm = new Storm(log, Number(appenders.value));
    lastCount = 0;
    draw();
    return storm;
  };

  const judgeNow = async (ledger: Ledger): Promise<void> => {
    replace(verdict, el('p', { class: 'quiet' }, 'Reading every record of the storm back …'));
    const log = await store.open();
    const result = await judge(log, ledger.page, store.openedInMs);
    replace(verdict, verdictView(result));
    Ledger.forget();
    letGo?.();
    letGo = undefined;
  };

  /** Runs one step at a time and keeps the buttons honest. */
  const step = async (task: () => Promise<void>): Promise<void> => {
    if (busy) return;
    busy = true;
    draw();
    try {
      await task();
    } finally {
      busy = false;
      draw();
    }
  };

  const finish = (): Promise<void> =>
    step(async () => {
      const ended = storm;
      if (ended === undefined) return;
      await ended.stop();
      showCounters();
      storm = undefined;
      setText(rate, '0');
      if (ended.failure !== undefined) toastError('The storm stopped', ended.failure);
      await judgeNow(ended.ledger);
    });

  const kill = (): Promise<void> =>
    step(async () => {
      const alreadyBlowing = storm !== undefined;
      const ended = await begin();
      if (!alreadyBlowing) await pause(BLOW_MS);
      await midFlight(ended.ledger);
      store.kill();
      ended.abandon();
      // Acknowledgements that were already on their way still count.
      await pause(30);
      showCounters();
      storm = undefined;
      setText(rate, '0');
      await judgeNow(ended.ledger);
    });

  const reload = (): Promise<void> =>
    step(async () => {
      const alreadyBlowing = storm !== undefined;
      await begin();
      if (!alreadyBlowing) await pause(BLOW_MS);
      location.reload();
    });

  const copyCrash = async (): Promise<void> => {
    await begin();
    await navigator.clipboard.writeText('chrome://crash');
    toast('Copied. Paste it into this tab’s address bar while the storm blows, then press Back.');
  };

  const blow = button('Just a storm', 'storm', '', () =>
    storm === undefined ? begin().then(() => undefined) : finish(),
  );
  const killButton = button('Storm, then kill the worker', 'kill', 'button-main', kill);
  const reloadButton = button('Reload mid-storm', 'reload', '', reload);
  const crashButton = button('Copy chrome://crash', 'kill', '', copyCrash);

  const draw = (): void => {
    const name = (each: HTMLElement, text: string): void => {
      const label = each.querySelector('span');
      if (label !== null) setText(label, text);
    };
    name(blow, storm === undefined ? 'Just a storm' : 'Stop and check');
    name(killButton, storm === undefined ? 'Storm, then kill the worker' : 'Kill the worker');
    for (const each of [blow, killButton, reloadButton, crashButton]) each.disabled = busy;
    appenders.disabled = storm !== undefined || busy;
    element.classList.toggle('is-blowing', storm !== undefined);
  };

  const element = el(
    'section',
    { class: 'card storm', 'aria-labelledby': 'storm-title' },
    el(
      'header',
      { class: 'card-head' },
      el('h3', { id: 'storm-title' }, 'Crash it yourself'),
      el('label', { class: 'field', for: 'appenders' }, 'Appenders', appenders),
    ),
    el(
      'p',
      {},
      'Appenders write as fast as the disk flushes, each waiting for its acknowledgement. The page keeps a ledger of what was issued and acknowledged outside the store. Then something dies, the store is opened again, and every record is read back and held against the ledger.',
    ),
    el('div', { class: 'row' }, killButton, reloadButton, blow),
    el(
      'dl',
      { class: 'counters' },
      el('div', {}, el('dt', {}, 'Issued'), issued),
      el('div', {}, el('dt', {}, 'Acknowledged'), acknowledged),
      el('div', {}, el('dt', {}, 'Per second'), rate),
    ),
    verdict,
    el(
      'details',
      { class: 'more' },
      el('summary', {}, 'Harder ways to go'),
      el(
        'ul',
        {},
        el(
          'li',
          {},
          'Close this tab during a storm and open the demo again: the verdict is waiting.',
        ),
        el(
          'li',
          {},
          'In Chrome or Edge, crash the tab’s process: start a storm, enter ',
          el('code', {}, 'chrome://crash'),
          ' in the address bar, then go back.',
        ),
        el('li', {}, 'End the whole browser from the task manager.'),
      ),
      el('div', { class: 'row' }, crashButton),
    ),
  );

  return {
    element,
    isBlowing: () => storm !== undefined,
    async judgePending() {
      // A storm that blows in another tab is that tab's to judge.
      letGo = await keepOut('storm');
      if (letGo === undefined) return;
      const ledger = Ledger.find();
      if (ledger === undefined) {
        letGo();
        letGo = undefined;
        return;
      }
      onUse();
      setText(issued, count(ledger.issued));
      setText(acknowledged, count(ledger.acknowledged));
      await step(() => judgeNow(ledger));
    },
  };
}
