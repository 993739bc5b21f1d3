/**
 * A service worker serves records to pages: while no tab has the store, while one has it and appends,
 * after one was killed, and when the file is damaged.
 */
import type { Page } from '@playwright/test';
import { Crash, type Kill } from '@varve/crashkit/playwright';
import { sampleAt } from '../app/sample.ts';
import { pathOf } from '../harness/browsers.ts';
import { expect, Tabs, test } from '../harness/fixture.ts';
import { Stage } from '../harness/stage.ts';

// Three browsers one after the other, on machines that do other things besides.
test.setTimeout(300_000);

const STORE = 'media';
const IMAGE = 1;
const SOUND = 2;
/** 8,000 bytes a second, one byte a sample (`sampleAt`), behind a head of 44 bytes. */
const SOUND_SECONDS = 400;
const SOUND_BYTES = 44 + 8_000 * SOUND_SECONDS;

/** A picture, a sound and a record behind them; the store is closed. */
const fill = (page: Page): Promise<number[]> =>
  page.evaluate(
    async ([store, bytes]) => {
      const canvas = new OffscreenCanvas(32, 24);
      canvas.getContext('2d')!.fillRect(4, 4, 10, 10);
      const image = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
      const sound = Uint8Array.from({ length: bytes }, (_, at) => window.lab.sampleAt(at));
      const head = new DataView(sound.buffer);
      const text = (at: number, word: string): void =>
        sound.set(new TextEncoder().encode(word), at);
      text(0, 'RIFF');
      head.setUint32(4, bytes - 8, true);
      text(8, 'WAVEfmt ');
      head.setUint32(16, 16, true);
      head.setUint16(20, 1, true);
      head.setUint16(22, 1, true);
      head.setUint32(24, 8_000, true);
      head.setUint32(28, 8_000, true);
      head.setUint16(32, 1, true);
      head.setUint16(34, 8, true);
      text(36, 'data');
      head.setUint32(40, bytes - 44, true);
      const { openLog, bytesCodec } = window.lab;
      const log = await openLog<Uint8Array>(store, { codec: bytesCodec });
      const stream = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes; at += 100_000) yield sound.slice(at, at + 100_000);
      };
      const lsns = [await log.append(image), await log.appendStream(stream())];
      lsns.push(await log.append(new Uint8Array(1_000)));
      await log.close();
      await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
      await navigator.serviceWorker.ready;
      return lsns;
    },
    [STORE, SOUND_BYTES] as const,
  );

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Undefined: the body ended with an error. */
  readonly bytes: number | undefined;
  /** The first byte that is not the sound's. */
  readonly wrongAt: number | undefined;
}

/** What the service worker answers; its bytes are compared with the sound from byte `from` on. */
const ask = (
  page: Page,
  lsn: number,
  headers: Record<string, string> = {},
  from = 0,
): Promise<Answer> =>
  page.evaluate(
    async ([path, asked, first]) => {
      const { sampleAt } = window.lab;
      const response = await fetch(path, { headers: asked });
      const told = { status: response.status, headers: Object.fromEntries(response.headers) };
      const body = await response.arrayBuffer().catch(() => undefined);
      if (body === undefined) return { ...told, bytes: undefined, wrongAt: undefined };
      const bytes = new Uint8Array(body);
      const wrong = bytes.findIndex(
        (byte, at) => first + at >= 44 && byte !== sampleAt(first + at),
      );
      return { ...told, bytes: bytes.length, wrongAt: wrong < 0 ? undefined : first + wrong };
    },
    [`/record/${STORE}/${lsn}`, headers, from] as const,
  );

const list = (page: Page): Promise<{ found: [number, number][]; code?: string }> =>
  page.evaluate(async (path) => (await fetch(path)).json(), `/records/${STORE}`);

const width = (page: Page): Promise<number> =>
  page.evaluate(async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    return image.naturalWidth;
  }, `/record/${STORE}/${IMAGE}?type=image/png`);

/** Lets a player of the browser seek; what it asked of the service worker for that. */
const seek = (
  page: Page,
  element: 'audio' | 'video',
  seconds: number,
): Promise<{ duration: number; ranges: string[] }> =>
  page.evaluate(
    async ([src, name, to]) => {
      const told = async (): Promise<{ range: string; status: number }[]> =>
        (await fetch('/asked')).json();
      const before = (await told()).length;
      const player = document.createElement(name);
      player.preload = 'metadata';
      player.src = src;
      await new Promise((resolve, reject) => {
        player.addEventListener('loadedmetadata', resolve);
        player.addEventListener('error', () => reject(new Error(player.error?.message)));
      });
      const sought = new Promise((resolve) => player.addEventListener('seeked', resolve));
      player.currentTime = to;
      await sought;
      const { duration } = player;
      player.src = '';
      const asked = (await told()).slice(before);
      return {
        duration,
        ranges: asked.filter(({ status }) => status === 206).map(({ range }) => range),
      };
    },
    // Each player by its own URL: none has it in its cache.
    [`/record/${STORE}/${SOUND}?type=audio/wav&for=${element}`, element, seconds] as const,
  );

const holders = (page: Page): Promise<number> =>
  page.evaluate(async () => (await navigator.locks.query()).held!.length);

/** Appends records of `bytes`, one after the other, until the page ends; tells how many are acknowledged. */
const storm = (page: Page, bytes: number): Promise<void> =>
  page.evaluate(
    async ([store, length]) => {
      const { lab } = window;
      const log = await lab.openLog<Uint8Array>(store, { codec: lab.bytesCodec });
      lab.heard.length = 0;
      void (async () => {
        for (;;) {
          const some = Array.from({ length: 4 }, () => log.append(new Uint8Array(length).fill(9)));
          lab.heard.push(...(await Promise.all(some)));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })().catch(() => undefined);
    },
    [STORE, bytes] as const,
  );

/** Changes a byte of the sound in the store's file. */
const damage = (page: Page, at: number): Promise<void> =>
  page.evaluate(
    async ([store, around]) => {
      const root = await navigator.storage.getDirectory();
      const folder = await (await root.getDirectoryHandle('varve')).getDirectoryHandle(store);
      const handle = await folder.getFileHandle('journal');
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      const place = bytes.findIndex((_, from) =>
        around.every((byte, i) => bytes[from + i] === byte),
      );
      const writable = await handle.createWritable({ keepExistingData: true });
      await writable.write({ type: 'write', position: place, data: new Uint8Array([255]) });
      await writable.close();
    },
    [STORE, Array.from({ length: 2_000 }, (_, index) => sampleAt(at + index))] as const,
  );

async function servesRecords(tabs: Tabs, kill: Kill): Promise<void> {
  const first = await tabs.open();
  expect(await fill(first)).toEqual([IMAGE, SOUND, 3]);
  await first.close();
  await tabs.restart('close');

  // No tab has opened the store since the browser was started.
  const page = await tabs.open();
  expect(await width(page)).toBe(32);
  const whole = await ask(page, SOUND);
  expect(whole).toMatchObject({ status: 200, bytes: SOUND_BYTES, wrongAt: undefined });
  const etag = whole.headers['etag']!;
  for (const from of [3_000_000, 100, SOUND_BYTES - 10]) {
    const range = { Range: `bytes=${from}-${from + 70_000}`, 'If-Range': etag };
    const end = Math.min(from + 70_000, SOUND_BYTES - 1);
    expect(await ask(page, SOUND, range, from)).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes ${from}-${end}/${SOUND_BYTES}` },
      bytes: end - from + 1,
      wrongAt: undefined,
    });
  }
  expect(await ask(page, SOUND, { Range: `bytes=${SOUND_BYTES}-` })).toMatchObject({ status: 416 });
  expect(await ask(page, 4)).toMatchObject({
    status: 404,
    headers: { 'varve-error': 'NOT_FOUND' },
    bytes: 0,
  });
  for (const element of ['audio', 'video'] as const) {
    const { duration, ranges } = await seek(page, element, SOUND_SECONDS - 20);
    expect(Math.round(duration)).toBe(SOUND_SECONDS);
    // Chromium's players go for what is behind by themselves; Firefox's take so much from the beginning on.
    const starts = ranges.map((range) => Number(/\d+/.exec(range)?.[0]));
    const isFirefox = kill === 'browser';
    expect(Math.max(...starts), element).toBeGreaterThanOrEqual(isFirefox ? 0 : SOUND_BYTES / 2);
  }
  expect(await holders(page)).toBe(0);

  // A tab begins to append, and goes on; the same reader reads through it.
  const writer = await tabs.open();
  await storm(writer, 50_000);
  for (let turn = 0; turn < 3; turn++) {
    expect(await ask(page, SOUND)).toMatchObject({
      status: 200,
      headers: expect.not.objectContaining({ 'varve-error': expect.anything() }),
      bytes: SOUND_BYTES,
      wrongAt: undefined,
    });
  }
  expect(await ask(page, 4)).toMatchObject({ status: 200, bytes: 50_000 });
  expect(await holders(page)).toBeGreaterThan(0);

  // It dies in the middle of its writes: what is served is a prefix of what a tab will find.
  await expect.poll(() => writer.evaluate(() => window.lab.heard.length)).toBeGreaterThan(20);
  await tabs.kill(writer, kill);
  const next = kill === 'browser' ? await tabs.open() : page;
  const served = await list(next);
  expect(served.code).toBeUndefined();
  const appended = served.found.slice(3);
  expect(appended.filter(([lsn, bytes], at) => lsn !== at + 4 || bytes !== 50_000)).toEqual([]);
  const opener = await tabs.open();
  const recovered = await opener.evaluate(async (store) => {
    const { lab } = window;
    const log = await lab.openLog<Uint8Array>(store, { codec: lab.bytesCodec });
    const { lastLsn } = log.status();
    await log.close();
    return lastLsn;
  }, STORE);
  expect(served.found.length).toBeLessThanOrEqual(recovered);
  expect((await list(next)).found).toHaveLength(recovered);
  await opener.close();

  // Damage: a code and not a byte of what is behind it; all else is served.
  await damage(next, 2_000_000);
  // What the worker has read and verified before, it may give again.
  await tabs.restart('close');
  const last = await tabs.open();
  const from = 2_000_000;
  expect(await ask(last, SOUND, { Range: `bytes=${from}-${from + 500}` })).toMatchObject({
    status: 500,
    headers: { 'varve-error': 'CORRUPT' },
    bytes: 0,
  });
  expect(await ask(last, SOUND)).toMatchObject({ status: 200, bytes: undefined });
  expect(await ask(last, SOUND, { Range: 'bytes=500-90000' }, 500)).toMatchObject({
    status: 206,
    wrongAt: undefined,
  });
  expect(await width(last)).toBe(32);
}

test('a service worker serves pictures and ranges from a store that no tab has open, beside one that appends, behind one that died, and around damage', async ({
  tabs,
}) => {
  await servesRecords(tabs, 'renderer');
});

test('in Firefox too', async () => {
  test.skip((await pathOf('firefox')) === undefined, 'no Firefox on this machine');
  const stage = await Stage.set({
    browser: 'firefox',
    pages: ['lab', 'service-worker'],
    killPoints: false,
  });
  const crash = await Crash.start({ server: stage.server, launch: stage.launch });
  try {
    await servesRecords(new Tabs(crash), 'browser');
  } finally {
    await crash.close();
    await stage.strike();
  }
});
