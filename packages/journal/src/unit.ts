/**
 * A unit being written: fragments now, its end later.
 *
 * Always true:
 * - nothing of it is visible before a batch with an LSN names its descriptor
 * - as long as it is open, the segment in which it began is not retired
 * - fragments in an older segment than the end were flushed before the end is written (`settled`);
 *   so a crash leaves at most one segment's worth of fragments in doubt
 */
import { invariant } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { BATCH_BODY_TARGET } from './format.ts';
import type { ClientRun } from './client-run.ts';
import type { Geometry } from './geometry.ts';
import type { Tail } from './tail.ts';
import { digestFragment, type UnitDescriptor } from './unit-descriptor.ts';

export interface UnitHost {
  readonly tail: Tail;
  readonly geometry: Geometry;
  readonly units: Set<OpenUnit>;
  flush(): void;
  /** Called after each fragment: a long unit must not leave recovery more and more to read. */
  keepUp(): void;
}

export class OpenUnit {
  firstSegment: number | undefined;
  bytes = 0;
  private firstOffset = 0;
  private lastSegment = 0;
  private fragments = 0;
  private digest = 0;
  private readonly id: number;
  private readonly host: UnitHost;
  private readonly bytesMax: number;

  constructor(host: UnitHost, bytesMax: number) {
    this.host = host;
    this.bytesMax = bytesMax;
    this.id = host.tail.nextUnitId();
    host.units.add(this);
  }

  /** Stages `bytes[from, to)` as fragments. @throws VarveError RECORD_TOO_LARGE and what `slots` says */
  write(bytes: Uint8Array, from: number, to: number): void {
    const step = Math.min(BATCH_BODY_TARGET, this.host.geometry.bodyMax);
    for (let at = from; at < to; at += step)
      this.writeFragment(bytes, at, Math.min(at + step, to), 0);
  }

  /** Stages one fragment that holds `count` whole record frames (0: raw bytes). */
  writeFragment(bytes: Uint8Array, from: number, to: number, count: number): void {
    if (this.bytes + to - from > this.bytesMax) {
      throw new VarveError('RECORD_TOO_LARGE', undefined, {
        facts: { maxRecordBytes: this.bytesMax },
        outcome: 'not-written',
      });
    }
    const place = this.host.tail.addFragment(this.id, this.fragments, bytes, from, to, count);
    if (this.firstSegment === undefined) {
      this.firstSegment = place.segment;
      this.firstOffset = place.offset;
    }
    this.lastSegment = place.segment;
    this.digest = digestFragment(this.digest, place.checksum);
    this.fragments++;
    this.bytes += to - from;
    this.host.keepUp();
  }

  /**
   * The descriptor for an end of `endBytes` that follows at once. Makes room for it, so that it is
   * known which fragments lie in older segments, and flushes if some lie in both.
   */
  finish(endBytes: number, run?: ClientRun): UnitDescriptor {
    const { tail } = this.host;
    tail.prepareUnitEnd(endBytes, run);
    const current = tail.segment.header.segment;
    const spans = this.firstSegment !== undefined && this.firstSegment !== current;
    if (spans && this.lastSegment === current) this.host.flush();
    invariant(tail.segment.header.segment === current, 'a flush does not move the tail');
    return {
      unitId: this.id,
      fragments: this.fragments,
      firstSegment: this.firstSegment ?? current,
      firstOffset: this.firstOffset,
      bytes: this.bytes,
      digest: this.digest,
      settled: spans,
    };
  }

  /** The end was staged, or never will be. */
  close(): void {
    this.host.units.delete(this);
  }
}
