/**
 * What the flush, names, quota and handles of this browser really do: measured, row by row.
 *
 * Always true: a row whose probe failed says so, and the others are there all the same; nothing stays
 * behind in the origin's storage.
 */
import type { Answer, Answered, Order } from './worker.ts';

export interface MatrixRow {
  readonly what: string;
  readonly found: string;
}

/** One browser's rows. */
export interface MatrixColumn {
  readonly name: string;
  readonly rows: readonly MatrixRow[];
}

const ORDER_DEADLINE_MS = 30_000;
/** A device needs longer; memory never does. */
const MEMORY_FLUSH_MS = 0.05;

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
const yes = (value: boolean): string => (value ? 'yes' : 'no');

class Probe {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

  order<O extends Order>(order: O): Promise<Answer<O>> {
    return this.#ask(order) as Promise<Answer<O>>;
  }

  /** Never does anything again. */
  async spin(): Promise<void> {
    await this.#ask('spin');
  }

  end(): void {
    this.#worker.terminate();
  }

  #ask(order: Order | 'spin'): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(why));
      };
      const timer = setTimeout(() => fail(`no answer to ${order}`), ORDER_DEADLINE_MS);
      this.#worker.onerror = ({ message }) => fail(message);
      this.#worker.onmessage = ({ data }: MessageEvent<Answered>) => {
        if ('failed' in data) return fail(data.failed);
        clearTimeout(timer);
        resolve(data.value);
      };
      this.#worker.postMessage(order);
    });
  }
}

/** Runs `work` beside a worker that is ended afterwards. */
async function beside<T>(work: (probe: Probe) => Promise<T>): Promise<T> {
  const probe = new Probe();
  try {
    return await work(probe);
  } finally {
    probe.end();
  }
}

const ask = <O extends Order>(order: O): Promise<Answer<O>> =>
  beside((probe) => probe.order(order));

/** From the worker's end until somebody else has what it held. */
async function releasedAfter(
  busy: boolean,
  what: 'untilFree' | 'untilLockIsFree',
): Promise<string> {
  const holder = new Probe();
  await holder.order('hold');
  if (busy) await holder.spin();
  return beside(async (other) => {
    // Started beforehand, so that only the release is measured.
    await other.order('surface');
    holder.end();
    return ms(await other.order(what));
  });
}

const ROWS: readonly (readonly [what: string, measure: () => Promise<string>])[] = [
  [
    'storage is in memory only, by the time that 4 MiB take to flush',
    async () => {
      const { large4MiBMs } = await ask('flushTimes');
      return large4MiBMs < MEMORY_FLUSH_MS ? '**yes**' : 'no';
    },
  ],
  ['4 KiB overwritten and flushed', async () => ms((await ask('flushTimes')).overwriteMs)],
  ['4 KiB appended and flushed', async () => ms((await ask('flushTimes')).growMs)],
  ['flush with nothing to flush', async () => ms((await ask('flushTimes')).emptyMs)],
  [
    'closed without a flush, opened again: the bytes are there',
    async () => yes(await ask('closeWithoutFlush')),
  ],
  [
    'one write of 32 MiB returns',
    async () => {
      const { asked, written } = await ask('largeWrite');
      return written === asked ? 'all of it' : `${written} bytes`;
    },
  ],
  [
    'read across the end; behind the end',
    async () => {
      const { across, behind } = await ask('reads');
      return `${across} of 64 bytes; ${behind}`;
    },
  ],
  ['a second handle on an open file', () => ask('secondHandle')],
  [
    'mode `readwrite-unsafe`: a second handle',
    async () => ((await ask('unsafeMode')) === 'ok' ? 'allowed' : 'refused: mode not heeded'),
  ],
  [
    'an unknown mode',
    async () => {
      const end = await ask('wrongMode');
      return end === 'ok' ? 'not looked at' : end;
    },
  ],
  ['removing a file that is open', () => ask('removeWhileOpen')],
  ['writing to a closed handle', () => ask('writeAfterClose')],
  [
    'a handle after its idle worker was terminated: free in',
    () => releasedAfter(false, 'untilFree'),
  ],
  [
    'a handle after its busy worker was terminated: free in',
    () => releasedAfter(true, 'untilFree'),
  ],
  [
    'a Web Lock after its worker was terminated: free in',
    () => releasedAfter(false, 'untilLockIsFree'),
  ],
  [
    '`truncate` beyond what `estimate()` calls the quota; the size then; overwriting then',
    async () => {
      const { truncate, unchanged, overwrite } = await ask('quota');
      return `${truncate}; ${unchanged ? 'unchanged' : 'grown'}; ${overwrite}`;
    },
  ],
  [
    'quota; usage grown after 8 MiB were flushed',
    async () => {
      const { quota = 0 } = await navigator.storage.estimate();
      const grown = (await ask('usage')) / 2 ** 20;
      return `${(quota / 2 ** 30).toFixed(1)} GiB; ${grown.toFixed(1)} MiB`;
    },
  ],
  ['`persisted()`', async () => yes(await navigator.storage.persisted())],
  ['making a file', async () => ms(await ask('names'))],
  [
    '`move`; `createWritable`',
    async () => {
      const { move, createWritable } = await ask('surface');
      return `${yes(move)}; ${yes(createWritable)}`;
    },
  ],
];

/** In a page of a secure context: `localhost` or https. */
export async function measureMatrix(): Promise<MatrixRow[]> {
  const rows: MatrixRow[] = [];
  for (const [what, measure] of ROWS) {
    const found = await measure().catch((error: unknown) => `failed: ${String(error)}`);
    rows.push({ what, found });
  }
  await ask('cleanUp').catch(() => undefined);
  return rows;
}

/** Kept by a page whose tab is then closed, or whose site data are cleared. */
export interface Holder {
  /** How a write and a flush end on the held handle. */
  use(): Promise<string>;
  end(): void;
}

export async function holdFile(): Promise<Holder> {
  const probe = new Probe();
  await probe.order('hold');
  return { use: () => probe.order('useHeld'), end: () => probe.end() };
}

/** Ms until the file of {@link holdFile}, in another tab, is free. */
export const untilFree = (): Promise<number> => ask('untilFree');

/** How a write of 32 MiB across the end goes, in an origin that may not have that much. */
export async function growUnderQuota(): Promise<string> {
  const { across, unchanged } = await ask('smallQuota');
  return `${across}; size ${unchanged ? 'unchanged' : 'grown'}`;
}

/** A table of several browsers; what one has not measured is said to be not measured. */
export function matrixTable(columns: readonly MatrixColumn[]): string {
  const whats = [...new Set(columns.flatMap(({ rows }) => rows.map(({ what }) => what)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const body = whats.map((what) =>
    line([
      what,
      ...columns.map(({ rows }) => rows.find((row) => row.what === what)?.found ?? 'not measured'),
    ]),
  );
  const head = ['', ...columns.map(({ name }) => name)];
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}
