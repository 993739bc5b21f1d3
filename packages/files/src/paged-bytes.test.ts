import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PagedBytes } from './paged-bytes.ts';

/** The obvious implementation: one array, copied whole. */
class PlainBytes {
  bytes = new Uint8Array(0);

  write(buffer: Uint8Array, at: number): void {
    if (at + buffer.length > this.bytes.length) this.truncate(at + buffer.length);
    this.bytes.set(buffer, at);
  }

  truncate(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, size));
    this.bytes = next;
  }

  fork(): PlainBytes {
    const copy = new PlainBytes();
    copy.bytes = this.bytes.slice();
    return copy;
  }
}

const offset = fc.nat(20_000);
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), at: offset, length: fc.nat(9_000) }),
  fc.record({ do: fc.constant('truncate' as const), at: offset }),
  fc.record({ do: fc.constant('fork' as const), keepOld: fc.boolean() }),
);

test('sparse bytes and their forks read as plain arrays do, and never reach into each other', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let [paged, plain] = [new PagedBytes(), new PlainBytes()];
      const asides: [PagedBytes, PlainBytes][] = [];
      steps.forEach((now, index) => {
        if (now.do === 'truncate') {
          paged.truncate(now.at);
          plain.truncate(now.at);
        } else if (now.do === 'write') {
          const bytes = new Uint8Array(now.length).fill(index + 1);
          if (bytes.length > 0) plain.write(bytes, now.at);
          if (bytes.length > 0) paged.write(bytes, now.at);
        } else {
          const forked: [PagedBytes, PlainBytes] = [paged.fork(), plain.fork()];
          asides.push(now.keepOld ? forked : [paged, plain]);
          if (!now.keepOld) [paged, plain] = forked;
        }
      });
      for (const [left, right] of [...asides, [paged, plain] as const]) {
        expect(left.size).toBe(right.bytes.length);
        expect(Buffer.compare(left.slice(0, left.size), right.bytes)).toBe(0);
        expect(left.slice(left.size, 8).every((byte) => byte === 0)).toBe(true);
      }
    }),
  );
});
