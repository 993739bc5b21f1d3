/**
 * A volume as an application holds it: calls to the engine, and nothing kept here.
 *
 * Always true:
 * - every call settles: by its answer, its deadline, its signal or the engine's end
 * - a write that was sent and whose waiting ended says `outcome: 'unknown'`; one never sent, `not-written`
 */
import {
  READ_BYTES_MAX,
  VarveError,
  checkArgument,
  checkCount,
  isVarveError,
  withOutcome,
} from '@varve/protocol';
import type {
  CheckReport,
  GivenView,
  SnapshotInfo,
  VolumeCalls,
  VolumeOp,
  VolumePiece,
  VolumeWork,
} from '@varve/protocol';
import { throwIfAborted, untilAborted } from './abort.ts';
import type { EngineClient } from './engine-client.ts';
import type {
  CallOptions,
  Snapshot,
  Transaction,
  Volume,
  VolumeView,
  WorkOptions,
} from './volume-api.ts';

type Engine = EngineClient<VolumeCalls>;

/** One message, with room for what is around the bytes. */
const WRITE_BYTES_MAX = 64 * 1024 * 1024;

/** @param close gives this handle back */
export function volumeHandle(name: string, engine: Engine, close: () => Promise<void>): Volume {
  const { control } = engine;
  const snapshotOf = (info: SnapshotInfo): Snapshot => ({ ...info, ...viewOf(engine, info.name) });
  const volume: Volume = {
    name,
    ...viewOf(engine, null),
    async snapshot(snapshot, options) {
      checkName(snapshot);
      const signal = options?.signal;
      throwIfAborted(signal, 'not-written');
      return snapshotOf(await sent(control.call('snapshot', snapshot), signal));
    },
    snapshots: async () => (await control.call('snapshots')).map(snapshotOf),
    async deleteSnapshot(snapshot, options) {
      checkName(snapshot);
      await sent(worked(engine, { kind: 'delete', name: snapshot }, options));
    },
    async restore(snapshot, options) {
      checkName(snapshot);
      await sent(worked(engine, { kind: 'restore', name: snapshot }, options));
    },
    async *diff(from, to) {
      for (const view of [from, to]) if (view !== undefined) checkName(view);
      const work: VolumeWork = { kind: 'diff', from: from ?? null, to: to ?? null };
      for await (const piece of pieces(engine, work)) if ('ranges' in piece) yield* piece.ranges;
    },
    async resize(sizeBytes) {
      checkCount(sizeBytes, 'sizeBytes', 1);
      await sent(control.call('resize', sizeBytes));
    },
    flush: () => control.call('flushVolume'),
    checkpoint: () => control.call('checkpointVolume'),
    async check(options) {
      const data = options?.data !== false;
      return (await worked(engine, { kind: 'check', data }, options))!;
    },
    status: () => control.call('volumeStatus'),
    async map(first, count) {
      checkCount(first, 'first', 0);
      checkCount(count, 'count', 1);
      return control.call('map', first, count);
    },
    async metadata() {
      let told = await control.call('metadata', 0);
      while (told.blocks.length < told.blocksTotal) {
        const more = await control.call('metadata', told.blocks.length);
        if (more.blocks.length === 0) break;
        told = { ...more, blocks: [...told.blocks, ...more.blocks] };
      }
      return told;
    },
    close,
    [Symbol.asyncDispose]: () => volume.close(),
  };
  return volume;
}

function viewOf({ control }: Engine, view: GivenView): VolumeView {
  const readInto: VolumeView['readInto'] = async (buffer, options) => {
    checkBytes(buffer, 'buffer');
    checkCount(options?.at, 'at', 0);
    const { at, signal } = options;
    const verify = options.verify !== false;
    let filled = 0;
    while (filled < buffer.length) {
      throwIfAborted(signal);
      const wanted = Math.min(buffer.length - filled, READ_BYTES_MAX);
      const call = control.call('read', at + filled, wanted, view, verify);
      const bytes = await untilAborted(call, signal);
      buffer.set(bytes, filled);
      filled += bytes.length;
      if (bytes.length < wanted) break;
    }
    return filled;
  };
  return {
    async write(at, bytes, options) {
      checkCount(at, 'at', 0);
      checkBytes(bytes, 'bytes');
      const signal = options?.signal;
      throwIfAborted(signal, 'not-written');
      await sent(control.call('write', at, bytes.slice(), view), signal);
    },
    async trim(at, length, options) {
      checkCount(at, 'at', 0);
      checkCount(length, 'length', 0);
      const signal = options?.signal;
      throwIfAborted(signal, 'not-written');
      await sent(control.call('trimVolume', at, length, view), signal);
    },
    async atomic(work, options) {
      checkArgument(typeof work === 'function', 'work', 'a function');
      const signal = options?.signal;
      const ops: VolumeOp[] = [];
      const tx = transaction(ops);
      const result = await (async () => work(tx))().finally(() => tx.end());
      throwIfAborted(signal, 'not-written');
      if (ops.length > 0) await sent(control.call('atomic', ops, view), signal);
      return result;
    },
    async read(at, length, options) {
      checkCount(length, 'length', 0);
      const buffer = roomFor(length);
      const filled = await readInto(buffer, { ...options, at });
      return filled === length ? buffer : buffer.subarray(0, filled);
    },
    readInto,
  };
}

function transaction(ops: VolumeOp[]): Transaction & { end(): void } {
  let isOver = false;
  const check = (): void => {
    if (isOver)
      throw new VarveError('CLOSED', 'the transaction is over', { outcome: 'not-written' });
  };
  return {
    write(at, bytes) {
      check();
      checkCount(at, 'at', 0);
      checkBytes(bytes, 'bytes');
      ops.push({ write: { at, bytes: bytes.slice() } });
    },
    trim(at, length) {
      check();
      checkCount(at, 'at', 0);
      checkCount(length, 'length', 0);
      ops.push({ trim: { at, length } });
    },
    end() {
      isOver = true;
    },
  };
}

/** What the engine did nothing of says so itself; of anything else nobody knows. */
async function sent<T>(call: Promise<T>, signal?: CallOptions['signal']): Promise<T> {
  try {
    return await untilAborted(call, signal);
  } catch (error) {
    throw isVarveError(error) ? withOutcome(error, error.outcome ?? 'unknown') : error;
  }
}

async function* pieces(
  { control }: Engine,
  work: VolumeWork,
  signal?: AbortSignal,
): AsyncGenerator<VolumePiece> {
  throwIfAborted(signal, 'not-written');
  const id = await untilAborted(control.call('openWork', work), signal);
  let isDone = false;
  try {
    while (!isDone) {
      const piece = await untilAborted(control.call('pullWork', id), signal);
      isDone = piece.done;
      yield piece;
    }
  } finally {
    if (!isDone) control.call('dropWork', id).catch(() => undefined);
  }
}

async function worked(
  engine: Engine,
  work: VolumeWork,
  options: WorkOptions | undefined,
): Promise<CheckReport | null> {
  const { signal, onProgress } = options ?? {};
  const isCallable = onProgress === undefined || typeof onProgress === 'function';
  checkArgument(isCallable, 'onProgress', 'a function');
  for await (const piece of pieces(engine, work, signal)) {
    if (piece.done) return piece.report;
    if ('progress' in piece) onProgress?.(piece.progress);
  }
  return null;
}

function roomFor(length: number): Uint8Array<ArrayBuffer> {
  let room: Uint8Array<ArrayBuffer> | undefined;
  try {
    room = new Uint8Array(length);
  } catch {
    // Told below.
  }
  checkArgument(room !== undefined, 'length', 'what there is memory for');
  return room!;
}

function checkBytes(value: unknown, name: string): void {
  const ok = value instanceof Uint8Array && value.length <= WRITE_BYTES_MAX;
  checkArgument(ok, name, 'a Uint8Array of at most 64 MiB');
}

function checkName(name: unknown): void {
  const ok = typeof name === 'string' && name.length > 0 && name.length <= 200;
  checkArgument(ok, 'name', 'a string of 1 to 200 characters');
}
