/** Frames that are not what their batch says, though its checksums fit: somebody made them so. */
import { expect, test } from 'vitest';
import { frame, join } from '../conformance/records.ts';
import { ChunkBuilder } from './chunk-builder.ts';

const FRAMES = join([frame('one'), frame('two'), frame('three')]);

test.each([
  ['that begins behind what it holds', 1_000, 2_000],
  ['that ends behind what it holds', 0, 900_000],
])(
  'a batch that claims a million records names them all at once to a reader %s',
  (_, after, upTo) => {
    const builder = new ChunkBuilder(4_096);
    expect(() => builder.add(FRAMES, 0, FRAMES.length, 1, 1_000_000, 0, after, upTo)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', facts: { from: 4, to: 1_000_000 } }),
    );
  },
);
