/**
 * A journal file in memory that is only read, and can be wounded and healed again.
 *
 * Always true: a write is a violation, and so is a read of bytes that the format gives no meaning
 * (behind a superblock's 512 bytes): what is never read cannot hurt.
 */
import type { SyncFile } from '@varve/files';
import { SLOTS_START, SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from '../../src/index.ts';
import { Violation } from '../violation.ts';

export interface Wound {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class FlatFile implements SyncFile {
  private readonly whole: Uint8Array;
  private readonly bytes: Uint8Array;

  constructor(whole: Uint8Array) {
    this.whole = whole;
    this.bytes = whole.slice();
  }

  wound(wounds: readonly Wound[]): void {
    for (const { at, bytes } of wounds) this.bytes.set(bytes, at);
  }

  heal(wounds: readonly Wound[]): void {
    for (const { at, bytes } of wounds)
      this.bytes.set(this.whole.subarray(at, at + bytes.length), at);
  }

  read(buffer: Uint8Array, { at }: { at: number }): number {
    const end = Math.min(at + buffer.length, this.bytes.length);
    if (!isMeaningful(at, end)) throw new Violation(`I6: a read of slack, at ${at}`);
    buffer.set(this.bytes.subarray(at, end));
    return Math.max(0, end - at);
  }

  getSize(): number {
    return this.bytes.length;
  }

  write(): number {
    throw new Violation('I6: a store that is only read was written to');
  }

  truncate(): void {
    throw new Violation('I6: a store that is only read was cut');
  }

  flush(): void {
    throw new Violation('I6: a store that is only read was flushed');
  }

  close(): void {}
}

function isMeaningful(from: number, to: number): boolean {
  if (from >= SLOTS_START) return true;
  return SUPERBLOCK_PLACES.some((place) => from >= place && to <= place + SUPERBLOCK_BYTES);
}
