/** A store in memory until the journal lands. */
import type { AppendRequest, Chunk, ReadRequest, StorePort } from '@varve/journal';
import { VarveError, newRecordFrame, readRecordFrame } from '@varve/protocol';
import type { StoreEvent, StoreStatus } from '@varve/protocol';

interface Rec { frame: Uint8Array; timeMs: number; unit?: Uint8Array }

const disks = new Map<string, { records: Rec[]; state: { state: Uint8Array; coveredLsn: number } | undefined }>();

export function fakeOpenStore(name: string, onEvent: (event: StoreEvent) => void): StorePort {
  const disk = disks.get(name) ?? { records: [], state: undefined };
  disks.set(name, disk);
  const { records } = disk;
  let closed = false;
  let waiters: { after: number; resolve: () => void; reject: (e: unknown) => void }[] = [];
  const check = () => { if (closed) throw new VarveError('CLOSED', undefined, { outcome: 'not-written' }); };
  const wake = () => {
    for (const w of waiters) if (records.length > w.after) w.resolve();
    waiters = waiters.filter((w) => records.length <= w.after);
    onEvent({ type: 'durable', lsn: records.length });
  };
  const store: StorePort = {
    onEvent,
    append(request: AppendRequest) {
      check();
      const frame = newRecordFrame();
      const bytes = request.frames.slice();
      const firstLsn = records.length + 1;
      if (request.expect !== undefined && request.expect !== records.length)
        return Promise.reject(new VarveError('CONFLICT', undefined, { outcome: 'not-written', facts: { lastLsn: records.length } }));
      let count = 0;
      for (let at = 0; at < bytes.length; ) {
        const next = readRecordFrame(bytes, at, bytes.length, frame);
        if (next < 0) throw new VarveError('BAD_ARGUMENT', 'frames', { outcome: 'not-written' });
        records.push({ frame: bytes.slice(at, next), timeMs: Date.now() });
        at = next;
        count++;
      }
      return new Promise((resolve) => setTimeout(() => { wake(); resolve({ firstLsn, count, groups: request.groups?.length ?? 1 }); }, 1));
    },
    tryAppend: (request) => store.append(request),
    openUnit() {
      check();
      const parts: Uint8Array[] = [];
      return {
        async write(bytes) { parts.push(bytes.slice()); },
        async commit({ type, channel }) {
          const total = parts.reduce((s, p) => s + p.length, 0);
          const unit = new Uint8Array(total);
          let at = 0;
          for (const p of parts) { unit.set(p, at); at += p.length; }
          const frame = new Uint8Array([type, 2, channel, 1, 0]);
          records.push({ frame, timeMs: Date.now(), unit });
          wake();
          return records.length;
        },
        abort() {},
      };
    },
    flush: async () => records.length,
    readChunk({ after, before = records.length + 1, reverse, maxBytes }: ReadRequest): Chunk {
      check();
      const lsns: number[] = [];
      let total = 0;
      const lo = after + 1, hi = Math.min(before - 1, records.length);
      if (reverse) for (let l = hi; l >= lo && total < maxBytes; l--) { lsns.push(l); total += records[l - 1]!.frame.length; }
      else for (let l = lo; l <= hi && total < maxBytes; l++) { lsns.push(l); total += records[l - 1]!.frame.length; }
      const bytes = new Uint8Array(total);
      let at = 0;
      const runs = lsns.map((lsn) => {
        const { frame, timeMs } = records[lsn - 1]!;
        bytes.set(frame, at);
        const start = at;
        at += frame.length;
        return { firstLsn: lsn, count: 1, start, end: at, wallTimeMs: timeMs };
      });
      return { bytes, runs, done: lsns.length === Math.max(0, hi - lo + 1) };
    },
    readUnit(lsn, at, maxBytes) {
      const { unit } = records[lsn - 1]!;
      const bytes = unit!.slice(at, at + maxBytes);
      return { bytes, done: at + bytes.length >= unit!.length };
    },
    waitBeyond(after, _visibility, signal) {
      check();
      if (records.length > after) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiters.push({ after, resolve, reject });
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    },
    holdHistory: () => ({ advance() {}, release() {} }),
    async checkpoint(state, upTo) { disk.state = { state: state.slice(), coveredLsn: upTo }; onEvent({ type: 'checkpointed', coveredLsn: upTo }); },
    readState: () => disk.state,
    async trim() {},
    status: () => ({
      name, mode: 'memory', role: 'leader', state: closed ? 'closed' : 'open', seedId: '', lineageId: '', generation: 1, formatVersion: 1, survives: 'none',
      firstLsn: 1, lastLsn: records.length, durableLsn: records.length, coveredLsn: disk.state?.coveredLsn ?? 0, lowWater: 0, segmentSizeBytes: 4096,
      segments: { live: 1, spare: 0, total: 1 }, fileBytes: 0, bytesSinceScanStart: 0, queue: { waitingAppends: 0, waitingBytes: 0, stalls: 0 },
      commits: { groups: 0, records: 0, flushes: 0, lastGroupRecords: 0, lastFlushMs: 0 }, openUnits: 0, holders: 0, recovery: {} as StoreStatus['recovery'], damage: [],
    }),
    layout: () => ({ fileBytes: 0, superblocks: [], segmentSizeBytes: 4096, slots: [], scanStart: { segment: 0, offset: 0 } }),
    batches: () => [],
    async *exportImage() { yield new Uint8Array([1, 2, 3]); },
    *salvage() { yield store.readChunk({ after: 0, maxBytes: 1e9 }); },
    async close() { closed = true; for (const w of waiters) w.reject(new VarveError('CLOSED')); waiters = []; onEvent({ type: 'closed' }); },
    abandon() { closed = true; },
  };
  return store;
}
