/** Bars of what an application ships. */
import type { Bar, Sizes } from './bar.ts';

const LIMITS_KB: Readonly<Record<keyof Sizes, number>> = { core: 8, codec: 8, worker: 40 };
const NAMES: Readonly<Record<keyof Sizes, string>> = {
  core: 'what a page loads',
  codec: 'the default codec',
  worker: 'the worker',
};

export const sizeBars: readonly Bar[] = (['core', 'codec', 'worker'] as const).map((part) => ({
  work: 'bundles, brotli',
  bar: `${NAMES[part]} at most ${LIMITS_KB[part]} KB`,
  atMost: LIMITS_KB[part],
  value: (_find, sizes) => (sizes === undefined ? undefined : sizes[part] / 1024),
}));
