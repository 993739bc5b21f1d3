/** Bars of bulk ingest, and of the space it takes. */
import type { Bar } from './bar.ts';
import { bytesPerByte, faster } from './measures.ts';

const MILLION = 1e6;
const rows = '100 B in batches of 1,000';
/** docs/decisions/0013: measured behind a bare worker, with a flush and without. */
const BY_MESSAGE = 'bulk goes by message: by ring it takes 1.0 to 1.8 times as long';

export const bulkBars: readonly Bar[] = [
  {
    work: 'against the best packed or multi-row peer, page',
    bar: '1,000-record batches at least 1.8 ×',
    atLeast: 1.8,
    value(find) {
      const ratio = find('varve-page', 'bulk-100b')?.ratioToBestPeer;
      return ratio === undefined || ratio === null ? undefined : 1 / ratio;
    },
  },
  {
    work: `${rows}, worker`,
    bar: 'each awaited at least 0.8 × raw',
    atLeast: 0.8,
    value: (find) => faster(find, 'bulk-100b', 'varve-worker', 'raw-worker'),
  },
  {
    work: `${rows}, worker, growing file`,
    bar: 'each awaited at least 0.35 × raw in a file that is there',
    atLeast: 0.35,
    value: (find) => faster(find, 'bulk-100b-cold', 'varve-worker', 'raw-worker'),
  },
  {
    work: `${rows}, worker`,
    bar: '8 outstanding at least 0.45 × raw with one flush for all 8',
    atLeast: 0.45,
    value: (find) => faster(find, 'bulk-100b-8', 'varve-worker', 'raw-worker'),
  },
  {
    work: `${rows}, page by message`,
    bar: 'each awaited at least 1.2 M/s',
    atLeast: 1.2,
    value: (find) => million(find('varve-page', 'bulk-100b')?.ratePerSecond),
  },
  {
    work: `${rows}, page by message`,
    bar: '16 outstanding at least 3 M/s',
    atLeast: 3,
    value: (find) => million(find('varve-page', 'bulk-100b-16')?.ratePerSecond),
  },
  {
    work: `${rows}, page by ring`,
    bar: 'each awaited at least 1.8 M/s',
    atLeast: 1.8,
    notApplicable: BY_MESSAGE,
    value: () => undefined,
  },
  {
    work: `${rows}, page by ring`,
    bar: '16 outstanding at least 5 M/s',
    atLeast: 5,
    notApplicable: BY_MESSAGE,
    value: () => undefined,
  },
  {
    work: '64 KiB records, as many flushes, worker',
    bar: 'at least 0.8 × raw',
    atLeast: 0.8,
    value: (find) => faster(find, 'bulk-64k', 'varve-worker', 'raw-worker'),
  },
  {
    work: '64 KiB records, as many flushes, page',
    bar: 'at least 0.45 × raw in a worker',
    atLeast: 0.45,
    value: (find) => faster(find, 'bulk-64k', 'varve-page', 'raw-worker'),
  },
  {
    work: 'page during ingest of 100 B records in batches of 1,000',
    bar: 'no task of more than 50 ms',
    atMost: 0,
    value: (find) => find('varve-page', 'bulk-100b-16')?.longTasks ?? undefined,
  },
  {
    work: 'memory of page and workers over 10 million appends (a quick run: half of them)',
    bar: 'grows by at most 32 MiB',
    atMost: 32,
    value(find) {
      const grown = find('varve-page', 'growth-100b')?.memoryGrowthBytes;
      return grown === undefined || grown === null ? undefined : grown / 2 ** 20;
    },
  },
  {
    work: 'space, 100 B records',
    bar: 'in batches of 1,000 at most 1.05 × payload',
    atMost: 1.05,
    value: (find) => bytesPerByte(find('varve-worker', 'bulk-100b-cold'), 100),
  },
  {
    work: 'space, 100 B records',
    bar: 'one at a time at most 2.0 × payload',
    atMost: 2,
    value: (find) => bytesPerByte(find('varve-worker', 'append-100b'), 100),
  },
];

function million(rate: number | undefined): number | undefined {
  return rate === undefined ? undefined : rate / MILLION;
}
