/** Every bar, in the order of the report. */
import { appendBars } from './appends.ts';
import type { Bar } from './bar.ts';
import { bulkBars } from './bulk.ts';
import { readBars } from './reads.ts';
import { sizeBars } from './sizes.ts';

export const bars: readonly Bar[] = [...appendBars, ...bulkBars, ...readBars, ...sizeBars];
