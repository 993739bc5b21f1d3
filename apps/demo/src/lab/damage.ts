/**
 * One flipped bit in a copy of a store, and what Varve says about it.
 *
 * Always true: the store itself is only read; the copy is deleted at the end, whatever happened.
 */
import { openLog, type DamageRange, type Log } from 'varve';
import { deleteStore, importStore } from 'varve/stores';
import { inTurn } from '../exclusive.ts';
import { failureOf } from '../ui/failure.ts';

const COPY = 'damaged-copy';
const SHOWN_BYTES = 10;

/** A record of the store whose bytes can be found in its image. */
export interface Specimen {
  readonly lsn: number;
  /** Bytes that stand in the image as they are. */
  readonly needle: Uint8Array;
}

export interface DamageReport {
  /** Where the bit was flipped in the export. */
  readonly offset: number;
  readonly imageBytes: number;
  readonly lsn: number;
  /** The bytes around it, before and after; the flipped one stands at `at`. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly at: number;
  /** Who noticed: the import's check, or the open after it. Undefined: nobody, which is a bug. */
  readonly noticedBy: 'import' | 'open' | 'read' | undefined;
  readonly code: string;
  readonly ranges: readonly Pick<DamageRange, 'from' | 'to'>[];
  /** Records that can still be read from the copy; undefined if the copy was refused. */
  readonly salvaged: number | undefined;
}

function find(hay: Uint8Array, needle: Uint8Array): number {
  const first = needle[0]!;
  for (let at = hay.indexOf(first); at >= 0; at = hay.indexOf(first, at + 1)) {
    let length = 1;
    while (length < needle.length && hay[at + length] === needle[length]) length += 1;
    if (length === needle.length) return at;
  }
  return -1;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

type Noticed = Pick<DamageReport, 'noticedBy' | 'code' | 'ranges' | 'salvaged'>;

function fromError(error: unknown, noticedBy: 'import' | 'open' | 'read'): Noticed {
  const { code, facts } = failureOf(error);
  const ranges =
    'from' in facts
      ? [{ from: number(facts['from']), to: number(facts['to'] ?? facts['from']) }]
      : [];
  return { noticedBy, code, ranges, salvaged: undefined };
}

async function inspectCopy(): Promise<Noticed> {
  let log: Log<unknown>;
  try {
    log = await openLog(COPY, { readOnly: true });
  } catch (error) {
    return fromError(error, 'open');
  }
  try {
    const { missing, records } = await log.salvage(() => undefined);
    const { damage } = log.status();
    const ranges = damage.length > 0 ? damage : missing;
    return {
      noticedBy: ranges.length > 0 ? 'open' : undefined,
      code: ranges.length > 0 ? 'CORRUPT' : 'none',
      ranges,
      salvaged: records,
    };
  } catch (error) {
    return fromError(error, 'read');
  } finally {
    await log.close();
  }
}

export const damageCopy = (
  log: Pick<Log<unknown>, 'export'>,
  specimen: Specimen,
): Promise<DamageReport> => inTurn(COPY, () => damageNow(log, specimen));

async function damageNow(
  log: Pick<Log<unknown>, 'export'>,
  specimen: Specimen,
): Promise<DamageReport> {
  const image = new Uint8Array(await new Response(log.export()).arrayBuffer());
  const start = find(image, specimen.needle);
  if (start < 0) throw new Error(`Record ${specimen.lsn} was not found in the export.`);
  const offset = start + Math.floor(specimen.needle.length / 2);
  const from = Math.max(0, offset - SHOWN_BYTES / 2);
  const before = image.slice(from, from + SHOWN_BYTES);
  image[offset] = image[offset]! ^ 0b0000_1000;
  const after = image.slice(from, from + SHOWN_BYTES);

  await deleteStore(COPY).catch(() => undefined);
  let noticed: Noticed;
  try {
    await importStore(COPY, new Blob([image]));
    noticed = await inspectCopy();
  } catch (error) {
    noticed = fromError(error, 'import');
  }
  await deleteStore(COPY).catch(() => undefined);
  return {
    offset,
    imageBytes: image.length,
    lsn: specimen.lsn,
    before,
    after,
    at: offset - from,
    ...noticed,
  };
}
