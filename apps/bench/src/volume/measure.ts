/**
 * Volumes against a raw file, in one run, in the engine's own thread.
 *
 * Always true:
 * - both sides of a ratio do the same bytes, in turn, in blocks next to each other
 * - a write figure ends behind a checkpoint and its flushes: what is put off is paid for
 * - the raw file was written full before: its writes ask for no space
 */
import type { Host, SyncFile } from '@varve/files';
import { openVolume, type Volume, type VolumeOptions, type VolumeStatus } from '@varve/volume';
import { median } from '../figures.ts';
import type { BarFigure } from '../report/bar-figures.ts';
import { countingHost } from './counting-host.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK_BYTES = 4 * KIB;

interface Measuring {
  readonly host: Host;
  readonly flushes: () => number;
  readonly raw: SyncFile;
  readonly rawBytes: number;
  readonly isQuick: boolean;
  readonly figures: BarFigure[];
}

export async function measureVolumes(given: Host, isQuick: boolean): Promise<BarFigure[]> {
  const { host, flushes } = countingHost(given);
  const folder = await host.root.directory('raw', { create: true });
  const raw = await folder!.openFile('raw', { create: true });
  const rawBytes = 128 * MIB;
  fillRaw(raw, rawBytes);
  const figures: BarFigure[] = [];
  const measuring = { host, flushes, raw, rawBytes, isQuick, figures };
  try {
    await sequentialWrites(measuring);
    await journalledOrDirect(measuring);
    await randomOverwrites(measuring);
    await concurrentWriters(measuring);
    await randomReads(measuring);
    await snapshotsAndDifferences(measuring);
  } finally {
    raw.close();
    await host.root.removeDirectory('raw');
  }
  return figures;
}

function fillRaw(raw: SyncFile, bytes: number): void {
  const piece = new Uint8Array(MIB).fill(0xa5);
  for (let at = 0; at < bytes; at += MIB) raw.write(piece, { at });
  raw.flush();
}

let volumes = 0;

async function withVolume(
  { host }: Measuring,
  options: VolumeOptions,
  work: (volume: Volume) => Promise<void>,
): Promise<void> {
  const name = `bench-${volumes++}`;
  const volume = await openVolume(host, name, { chunkSizeBytes: CHUNK_BYTES, ...options });
  try {
    await work(volume);
  } finally {
    await volume.close();
    await host.root.removeDirectory(name).catch(() => undefined);
    await host.witness.remove(name).catch(() => undefined);
  }
}

/** Places that nobody could guess, the same in every run. */
function places(seed: number, below: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

async function timed(task: () => Promise<void> | void): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

/** Milliseconds of each side, block after block in turn; `atEnd` is part of the second. */
async function inTurn(
  rounds: number,
  raw: (round: number) => Promise<void> | void,
  ours: (round: number) => Promise<void> | void,
  atEnd: () => Promise<void>,
): Promise<{ rawMs: number; oursMs: number }> {
  let rawMs = 0;
  let oursMs = 0;
  for (let round = 0; round < rounds; round++) {
    rawMs += await timed(() => raw(round));
    oursMs += await timed(() => ours(round));
  }
  oursMs += await timed(atEnd);
  return { rawMs, oursMs };
}

/** Bytes that reached files for each byte that was handed in, between two looks. */
function amplification(before: VolumeStatus, after: VolumeStatus): number {
  const sum = ({ counters }: VolumeStatus): number =>
    counters.journalBytes +
    counters.dataDirectBytes +
    counters.dataAppliedBytes +
    counters.metaBytes;
  return (sum(after) - sum(before)) / (after.counters.writtenBytes - before.counters.writtenBytes);
}

/** Fresh space costs the system a page and a block for each write: a raw file that grows pays for both too. */
async function sequentialWrites(measuring: Measuring): Promise<void> {
  const { host, raw, rawBytes, isQuick, figures } = measuring;
  const bytes = new Uint8Array(MIB);
  const count = isQuick ? 64 : 128;
  const work = 'sequential 1 MiB writes';
  const folder = await host.root.directory('raw', { create: true });
  let passes = 0;
  const pass = async (volume: Volume, what: string, grows: boolean, atLeast?: number) => {
    const growing = await folder!.openFile(`growing-${passes++}`, { create: true });
    const before = volume.status();
    const ms = { raw: 0, growing: 0, ours: 0 };
    for (let round = 0; round < count; round++) {
      bytes.fill(round + 1);
      ms.raw += await timed(() => {
        raw.write(bytes, { at: (round * MIB) % rawBytes });
        raw.flush();
      });
      ms.growing += await timed(() => {
        growing.write(bytes, { at: round * MIB });
        growing.flush();
      });
      ms.ours += await timed(() => volume.write(round * MIB, bytes));
    }
    ms.ours += await timed(() => volume.checkpoint());
    growing.close();
    const shares = { 'raw in space that is there': ms.raw, 'raw in a file that grows': ms.growing };
    for (const [beside, rawMs] of Object.entries(shares)) {
      const isBar = (beside === 'raw in a file that grows') === grows;
      const value = rawMs / ms.ours;
      const figure = { work, what: `${what}, share of ${beside}`, value, unit: '×' };
      figures.push(isBar && atLeast !== undefined ? { ...figure, atLeast } : figure);
    }
    figures.push({
      work,
      what: `${what}, bytes written per byte`,
      value: amplification(before, volume.status()),
      unit: 'B/B',
    });
  };
  await withVolume(measuring, { sizeBytes: count * MIB }, async (volume) => {
    await pass(volume, 'fresh', true, 0.45);
    // What waits in quarantine at most is space that must be made once.
    await pass(volume, 'first overwrite', false);
    await pass(volume, 'overwrite', false, 0.35);
    await volume.snapshot('before');
    await pass(volume, 'first pass after a snapshot', true, 0.45);
  });
}

/**
 * From how many bytes on a write is better off straight in the pool (two flushes, written once) than
 * through the journal (one flush, written twice): what `directBytes` should be.
 */
async function journalledOrDirect(measuring: Measuring): Promise<void> {
  const { isQuick, figures } = measuring;
  const sizeBytes = 32 * MIB;
  const work = 'a write straight to the pool';
  const always = { sizeBytes, directBytes: CHUNK_BYTES };
  const never = { sizeBytes, directBytes: 8 * MIB };
  await withVolume(measuring, always, (direct) =>
    withVolume(measuring, never, async (journalled) => {
      for (const volume of [direct, journalled]) {
        for (let pass = 0; pass < 2; pass++) await fill(volume, sizeBytes);
      }
      for (const kib of [16, 32, 64, 128, 256, 512, 1024]) {
        const bytes = new Uint8Array(kib * KIB);
        // As many bytes for each size, at least sixteen calls.
        const calls = Math.max(16, ((isQuick ? 4 : 16) * 1024) / kib);
        const place = places(kib, sizeBytes / bytes.length);
        const ms: Record<'direct' | 'journalled', number> = { direct: 0, journalled: 0 };
        for (let call = 0; call < calls; call++) {
          const at = place() * bytes.length;
          bytes.fill(call);
          ms.direct += await timed(() => direct.write(at, bytes));
          ms.journalled += await timed(() => journalled.write(at, bytes));
        }
        ms.direct += await timed(() => direct.checkpoint());
        ms.journalled += await timed(() => journalled.checkpoint());
        const value = ms.direct / ms.journalled;
        figures.push({ work, what: `of ${kib} KiB, time against journalled`, value, unit: '×' });
      }
    }),
  );
}

async function randomOverwrites(measuring: Measuring): Promise<void> {
  const { raw, rawBytes, isQuick, figures } = measuring;
  const sizeBytes = 64 * MIB;
  // Four times what is journalled between two checkpoints.
  const operations = isQuick ? 4_096 : 16_384;
  const perBlock = 256;
  await withVolume(measuring, { sizeBytes }, async (volume) => {
    await fill(volume, sizeBytes);
    const before = volume.status();
    const bytes = new Uint8Array(CHUNK_BYTES);
    const rawPlace = places(1, rawBytes / CHUNK_BYTES);
    const place = places(2, sizeBytes / CHUNK_BYTES);
    const { rawMs, oursMs } = await inTurn(
      operations / perBlock,
      () => {
        for (let each = 0; each < perBlock; each++) {
          raw.write(bytes, { at: rawPlace() * CHUNK_BYTES });
          raw.flush();
        }
      },
      async (round) => {
        for (let each = 0; each < perBlock; each++) {
          bytes[each] = round;
          await volume.write(place() * CHUNK_BYTES, bytes);
        }
      },
      () => volume.checkpoint(),
    );
    const work = '4 KiB durable random overwrite';
    figures.push(
      {
        work,
        what: 'time against raw write + flush',
        value: oursMs / rawMs,
        unit: '×',
        atMost: 1.25,
      },
      {
        work,
        what: 'bytes written per byte',
        value: amplification(before, volume.status()),
        unit: 'B/B',
      },
      { work, what: 'raw', value: (rawMs * 1000) / operations, unit: 'µs' },
    );
  });
}

async function concurrentWriters(measuring: Measuring): Promise<void> {
  const { raw, rawBytes, isQuick, figures } = measuring;
  const sizeBytes = 64 * MIB;
  const writers = 64;
  const rounds = isQuick ? 64 : 256;
  await withVolume(measuring, { sizeBytes }, async (volume) => {
    await fill(volume, sizeBytes);
    const bytes = new Uint8Array(CHUNK_BYTES);
    const rawPlace = places(3, rawBytes / CHUNK_BYTES);
    const place = places(4, sizeBytes / CHUNK_BYTES);
    const { rawMs, oursMs } = await inTurn(
      rounds,
      () => {
        for (let each = 0; each < writers; each++)
          raw.write(bytes, { at: rawPlace() * CHUNK_BYTES });
        raw.flush();
      },
      async (round) => {
        bytes.fill(round);
        const writes = Array.from({ length: writers }, () =>
          volume.write(place() * CHUNK_BYTES, bytes),
        );
        await Promise.all(writes);
      },
      () => volume.checkpoint(),
    );
    figures.push({
      work: '64 concurrent 4 KiB writers',
      what: 'share of raw: 64 writes, one flush',
      value: rawMs / oursMs,
      unit: '×',
      atLeast: 0.85,
    });
  });
}

async function randomReads(measuring: Measuring): Promise<void> {
  const { raw, rawBytes, isQuick, figures } = measuring;
  const sizeBytes = 64 * MIB;
  // Short blocks, many of them: what else the machine does falls on both sides of a ratio alike.
  const perBlock = 250;
  const rounds = isQuick ? 80 : 160;
  await withVolume(measuring, { sizeBytes }, async (volume) => {
    await fill(volume, sizeBytes);
    await volume.checkpoint();
    const buffer = new Uint8Array(CHUNK_BYTES);
    const place = places(5, Math.min(sizeBytes, rawBytes) / CHUNK_BYTES);
    const reads = (verify: boolean): Promise<number> =>
      timed(async () => {
        for (let each = 0; each < perBlock; each++) {
          const read = volume.readInto(buffer, { at: place() * CHUNK_BYTES, verify });
          if (typeof read !== 'number') await read;
        }
      });
    const verified: number[] = [];
    const unverified: number[] = [];
    // The first rounds only warm up.
    for (let round = -10; round < rounds; round++) {
      const rawMs = await timed(() => {
        for (let each = 0; each < perBlock; each++) raw.read(buffer, { at: place() * CHUNK_BYTES });
      });
      const verifiedMs = await reads(true);
      const unverifiedMs = await reads(false);
      if (round < 0) continue;
      verified.push(rawMs / verifiedMs);
      unverified.push(rawMs / unverifiedMs);
    }
    const work = 'random 4 KiB readInto';
    figures.push(
      { work, what: 'verified, share of raw', value: median(verified), unit: '×', atLeast: 0.5 },
      {
        work,
        what: 'unverified, share of raw',
        value: median(unverified),
        unit: '×',
        atLeast: 0.85,
      },
    );
  });
}

async function snapshotsAndDifferences(measuring: Measuring): Promise<void> {
  const { isQuick, figures, flushes } = measuring;
  const largeBytes = (isQuick ? 256 : 1024) * MIB;
  const rounds = 15;
  await withVolume(measuring, { sizeBytes: MIB }, async (small) => {
    await fill(small, MIB);
    await withVolume(measuring, { sizeBytes: largeBytes }, async (large) => {
      await fill(large, largeBytes);
      await large.checkpoint();
      await small.checkpoint();
      const times: Record<'small' | 'large', number[]> = { small: [], large: [] };
      let flushed = 0;
      for (let round = 0; round < rounds; round++) {
        times.small.push(await timed(async () => void (await small.snapshot(`s${round}`))));
        const before = flushes();
        times.large.push(await timed(async () => void (await large.snapshot(`s${round}`))));
        flushed = Math.max(flushed, flushes() - before);
      }
      const work = 'a snapshot';
      const size = `${largeBytes / MIB} MiB`;
      figures.push(
        {
          work,
          what: `of ${size} against one of 1 MiB, time`,
          value: median(times.large) / median(times.small),
          unit: '×',
          atMost: 1.5,
        },
        { work, what: `of ${size}, flushes at most`, value: flushed, unit: '', atMost: 2 },
        { work, what: `of ${size}`, value: median(times.large) * 1000, unit: 'µs' },
      );
      const place = places(6, largeBytes / CHUNK_BYTES);
      const bytes = new Uint8Array(CHUNK_BYTES).fill(7);
      const chunks = new Set<number>();
      while (chunks.size < 1000) chunks.add(place());
      await large.snapshot('a');
      await large.atomic(
        [...chunks].map((chunk) => ({ write: { at: chunk * CHUNK_BYTES, bytes } })),
      );
      await large.snapshot('b');
      await large.checkpoint();
      const differences: number[] = [];
      let found = 0;
      for (let round = 0; round < rounds; round++) {
        found = 0;
        differences.push(
          await timed(() => {
            for (const { length } of large.diff('a', 'b')) found += length / CHUNK_BYTES;
          }),
        );
      }
      if (found !== chunks.size) throw new Error(`the difference has ${found} chunks`);
      figures.push({
        work: 'a difference of two snapshots',
        what: `of ${size}, 1,000 chunks changed`,
        value: median(differences),
        unit: 'ms',
        atMost: 50,
      });
    });
  });
}

async function fill(volume: Volume, sizeBytes: number): Promise<void> {
  const bytes = new Uint8Array(4 * MIB);
  for (let at = 0; at < sizeBytes; at += bytes.length) {
    const piece = bytes.subarray(0, Math.min(bytes.length, sizeBytes - at));
    piece.fill(1 + ((at / bytes.length) % 250));
    await volume.write(at, piece);
  }
}
