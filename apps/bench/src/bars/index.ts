/** Every bar, in the order of the report. */
import type { Bar } from './bar.ts';

export const bars: readonly Bar[] = [];
