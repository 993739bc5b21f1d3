/** Bars of replay: verified, every value looked at. */
import type { Result } from '../result.ts';
import type { Bar } from './bar.ts';

const millionRecords = (result: Result | undefined): number | undefined =>
  result === undefined ? undefined : result.ratePerSecond / 1e6;
const gigabytes = (result: Result | undefined): number | undefined =>
  result === undefined ? undefined : (result.ratePerSecond * 4096) / 1e9;

export const readBars: readonly Bar[] = [
  {
    work: 'replay of 100 B records, worker, `for await`',
    bar: 'at least 5 M/s',
    atLeast: 5,
    value: (find) => millionRecords(find('varve-worker', 'replay-100b')),
  },
  {
    work: 'replay of 4 KiB records, worker, `for await`',
    bar: 'at least 2 GB/s',
    atLeast: 2,
    value: (find) => gigabytes(find('varve-worker', 'replay-4k')),
  },
  {
    work: 'replay of 100 B records, page',
    bar: 'at least 2 M/s',
    atLeast: 2,
    value: (find) => millionRecords(find('varve-page', 'replay-100b')),
  },
  {
    work: 'replay of 4 KiB records, page',
    bar: 'at least 0.6 GB/s',
    atLeast: 0.6,
    value: (find) => gigabytes(find('varve-page', 'replay-4k')),
  },
  {
    work: 'replay of decoded values, page',
    bar: 'at least 0.4 M/s',
    atLeast: 0.4,
    value: (find) => millionRecords(find('varve-page-values', 'replay-100b')),
  },
  {
    work: 'open, 1 GiB of history',
    bar: 'at most 1.5 × opening 16 MiB',
    atMost: 1.5,
    value(find) {
      const large = find('varve-worker', 'open-1g');
      const small = find('varve-worker', 'open-16m');
      return large && small ? large.p50Us / small.p50Us : undefined;
    },
  },
];
