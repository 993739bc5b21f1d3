/**
 * The volume: a picture to draw on, the map of its chunks, its snapshots, its figures, its crash.
 *
 * Always true: nothing is opened before somebody looks at this view.
 */
import type { VolumeStatus } from 'varve/volume';
import { ask } from '../ui/ask.ts';
import { button } from '../ui/button.ts';
import { el, replace, setText } from '../ui/dom.ts';
import { failureOf, sentenceOf } from '../ui/failure.ts';
import { duration } from '../ui/format.ts';
import { Easel } from './easel.ts';
import { volumeInside } from './inside/volume-inside.ts';
import { LiveVolume, type VolumePhase } from './live-volume.ts';
import { pictureView } from './picture-view.ts';
import { Pointed } from './pointed.ts';
import { cellSaid, shareMap } from './share-map.ts';
import { timeline } from './timeline.ts';
import { ToolBox } from './tool-box.ts';
import { volumeFigures } from './volume-figures.ts';
import { checkVerdict, crashVerdict } from './volume-verdicts.ts';

const PHASE_WORDS: Readonly<Record<VolumePhase, string>> = {
  closed: 'closed',
  opening: 'opening',
  open: 'open',
  down: 'worker down',
  failed: 'not open',
};

const LEGEND = [
  ['hole', 'hole'],
  ['own', 'the volume’s own'],
  ['some', 'shared with few … all snapshots'],
  ['old', 'older contents kept'],
  ['differs', 'differs from now'],
] as const;

/** Who has the files, as this tab is told. */
const roleWords = (status: VolumeStatus | undefined): string =>
  status === undefined
    ? ''
    : `${status.role === 'leader' ? 'this tab leads' : 'another tab leads'} · epoch ${status.generation}`;

/** Who leads may change without anything having been done here. */
const LOOK_EVERY_MS = 1_500;

export interface VolumePane {
  readonly elements: HTMLElement[];
  /** Somebody looks at it. */
  shown(): void;
}

/** Stands in the place of the picture while there is none. */
function absence(easel: Easel): HTMLElement {
  const title = el('h3', {});
  const text = el('p', {});
  const again = button('Try again', 'reload', 'button-main', () =>
    easel.open().catch(() => undefined),
  );
  const box = el(
    'div',
    { class: 'absence', role: 'status' },
    title,
    text,
    el('div', { class: 'row' }, again),
  );
  const words = (phase: VolumePhase): readonly [title: string, text: string] => {
    if (phase === 'closed')
      return [
        'The volume is closed here',
        'Another tab leads it now, if one has it open. It is all on the disk.',
      ];
    return ['The volume did not open', sentenceOf(easel.live.failure)];
  };
  const draw = (): void => {
    const { phase } = easel.live;
    box.hidden = phase === 'open' || phase === 'opening' || phase === 'down';
    if (box.hidden) return;
    const [titleText, bodyText] = words(phase);
    setText(title, titleText);
    setText(text, bodyText);
    setText(again.querySelector('span')!, phase === 'closed' ? 'Open it again' : 'Try again');
  };
  easel.changed.on(draw);
  draw();
  return box;
}

export function volumePane(): VolumePane {
  const easel = new Easel(new LiveVolume());
  const tools = new ToolBox();
  const pointed = new Pointed();
  let wasShown = false;

  const phase = el('span', { class: 'volume-phase' });
  const role = el('span', { class: 'volume-role' });
  const seen = el('figcaption', {});
  const fingerprint = el('code', { class: 'fingerprint', title: 'A hash over all 4 MiB' });
  const hint = el('p', { class: 'easel-hint', 'aria-hidden': 'true' }, 'Draw here');
  const said = el('p', { class: 'easel-said', role: 'status' });
  const verdict = el('div', { class: 'verdict-place', 'aria-live': 'polite' });

  const years = button('Paint eight years', 'core', '', () => easel.paintYears());
  const scatter = button('64 random chunks', 'storm', '', () => easel.scatter());
  const crash = button('Crash the worker mid-stroke', 'kill', 'button-main', async () => {
    replace(verdict, el('p', { class: 'quiet' }, 'Strokes fall, and then the worker dies …'));
    try {
      replace(verdict, crashVerdict(await easel.crash()));
    } catch (error) {
      replace(verdict);
      throw error;
    }
  });
  const check = button('Check everything', 'shield', '', async () => {
    const startMs = performance.now();
    const report = await easel.check();
    replace(verdict, checkVerdict(report, performance.now() - startMs));
  });
  const checkpoint = button('Checkpoint', 'core', '', () => easel.checkpoint());
  const letGo = button('Let another tab have it', 'hand', '', () => easel.close());
  const startOver = button('Start over …', 'trash', 'button-grave', async () => {
    const yes = await ask({
      title: 'Start over?',
      text: 'The volume and all its snapshots are deleted, and an empty volume is made.',
      yes: 'Delete it all',
      grave: true,
    });
    if (!yes) return;
    replace(verdict);
    await easel.startOver();
  });
  const all = [years, scatter, crash, check, checkpoint, letGo, startOver];

  const easelCard = el(
    'section',
    { class: 'card easel', 'aria-labelledby': 'easel-title' },
    el(
      'header',
      { class: 'card-head' },
      el('h3', { id: 'easel-title' }, 'A volume of 4 MiB'),
      role,
      phase,
    ),
    el(
      'p',
      { class: 'quiet' },
      'A chunk device, its bytes shown as pixels: each chunk of 4 KiB is a tile of 32 × 32. Draw: a stroke is one atomic group, and durable when it is acknowledged. Snapshots cost nothing until something changes. Any number of tabs may draw on it.',
    ),
    el(
      'div',
      { class: 'easel-body' },
      el(
        'figure',
        { class: 'easel-figure' },
        el('div', { class: 'figure-head' }, seen, fingerprint),
        el(
          'div',
          { class: 'canvas-place' },
          pictureView(easel, tools, pointed),
          hint,
          absence(easel),
        ),
        tools.element,
      ),
      el(
        'figure',
        { class: 'easel-figure' },
        el('div', { class: 'figure-head' }, el('figcaption', {}, 'Who shares each chunk')),
        shareMap(easel, pointed),
        el(
          'ul',
          { class: 'legend' },
          ...LEGEND.map(([key, words]) => el('li', { class: `key key-share-${key}` }, words)),
        ),
      ),
      cellSaid(easel, pointed),
    ),
    el('div', { class: 'easel-foot' }, el('div', { class: 'row' }, years, scatter), said),
  );

  const crashCard = el(
    'section',
    { class: 'card', 'aria-labelledby': 'volume-crash-title' },
    el('h3', { id: 'volume-crash-title' }, 'Crash it, check it'),
    el(
      'p',
      {},
      'Strokes follow each other as fast as the disk flushes, and the page keeps a ledger of what was acknowledged. In the middle of them the worker is terminated; the volume is opened again and read whole.',
    ),
    el('div', { class: 'row' }, crash, check),
    verdict,
  );

  const figuresCard = el(
    'section',
    { class: 'card', 'aria-labelledby': 'volume-figures-title' },
    el('h3', { id: 'volume-figures-title' }, 'Its pool of chunks'),
    volumeFigures(easel),
    el('div', { class: 'row volume-foot' }, checkpoint, letGo, startOver),
  );

  const draw = (): void => {
    const { live, shown, surface, task, isReady } = easel;
    const now = live.phase === 'open' && !isReady ? 'opening' : live.phase;
    phase.dataset['phase'] = now;
    setText(phase, PHASE_WORDS[now]);
    setText(role, isReady ? roleWords(easel.watch.status) : '');
    phase.title = isReady ? `Opened in ${duration(live.openedInMs)}` : '';
    const isPast = surface === easel.past && shown !== undefined;
    hint.hidden = !isReady || isPast || easel.watch.map.some(({ origin }) => origin !== 'hole');
    setText(seen, isPast ? `‘${shown?.snapshot.name}’, as it was` : 'Now');
    setText(fingerprint, isReady ? easel.fingerprint : '');
    for (const each of all) each.disabled = !isReady || task !== undefined;
    easelCard.classList.toggle('is-absent', !isReady);
    easelCard.classList.toggle('is-past', isPast);
  };
  easel.changed.on(draw);
  easel.said.on((text) => setText(said, text));
  draw();

  return {
    elements: [easelCard, timeline(easel), crashCard, figuresCard, ...volumeInside(easel)],
    shown() {
      if (wasShown) return;
      wasShown = true;
      setInterval(() => {
        if (easel.isReady && document.visibilityState === 'visible') easel.watch.soon();
      }, LOOK_EVERY_MS);
      // A refusal shows in the place of the picture.
      easel.open().catch((error: unknown) => console.warn(failureOf(error).code));
    },
  };
}
