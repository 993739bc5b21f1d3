/**
 * The naive volume that the real one must agree with: every view is a copy of its own.
 */
import type { AtomicOp, ByteRange } from '../src/index.ts';

export class Model {
  origin: Uint8Array;
  readonly snapshots = new Map<string, Uint8Array>();

  constructor(sizeBytes: number) {
    this.origin = new Uint8Array(sizeBytes);
  }

  copy(): Model {
    const copy = new Model(0);
    copy.origin = this.origin.slice();
    for (const [name, bytes] of this.snapshots) copy.snapshots.set(name, bytes.slice());
    return copy;
  }

  view(name: string | undefined): Uint8Array {
    return name === undefined ? this.origin : this.snapshots.get(name)!;
  }

  atomic(ops: readonly AtomicOp[], view?: string): void {
    const bytes = this.view(view);
    for (const op of ops) {
      if ('write' in op) bytes.set(op.write.bytes, op.write.at);
      else bytes.fill(0, op.trim.at, op.trim.at + op.trim.length);
    }
  }

  snapshot(name: string): void {
    this.snapshots.set(name, this.origin.slice());
  }

  restore(name: string): void {
    this.origin = this.snapshots.get(name)!.slice();
  }

  resize(sizeBytes: number): void {
    const resized = new Uint8Array(sizeBytes);
    resized.set(this.origin.subarray(0, sizeBytes));
    this.origin = resized;
  }

  /** Where the reported ranges leave out a difference, or are out of order. */
  diffFault(
    from: string | undefined,
    to: string | undefined,
    ranges: readonly ByteRange[],
  ): string {
    const [a, b] = [this.view(from), this.view(to)];
    const end = Math.max(a.length, b.length);
    let covered = 0;
    for (const { at, length } of [...ranges, { at: end, length: 0 }]) {
      if (at < covered || length < 0 || at + length > end) return `range ${at}+${length} of ${end}`;
      for (let byte = covered; byte < at; byte++) {
        if (a[byte] !== b[byte]) return `difference at ${byte} is not reported`;
      }
      covered = at + length;
    }
    return '';
  }
}
