/** Every method of a log with arguments that are none: a result, or a code; never a bare TypeError, never a wait. */
import { expect, test } from 'vitest';
import type { Log } from './api.ts';
import { GARBAGE, optionsOf, outcomeOf } from './test/garbage.ts';
import { collect, testEngine } from './test/harness.ts';

const OPTIONS = ['after', 'before', 'limit', 'type', 'channel', 'reverse', 'visibility', 'signal'];
const WISHES = ['type', 'channel', 'durability', 'expect', 'signal', 'key'];

const sum = (state: number): number => state + 1;

// oxlint-disable-next-line typescript/no-explicit-any -- what its types forbid is what is tried
type Call = (log: any, given: unknown) => unknown;

/** Each argument of each method; what a call gives is taken to its end. */
const CALLS: Record<string, readonly [readonly unknown[], Call]> = {
  'append: value': [GARBAGE, (log, value) => log.append(value)],
  'append: options': [optionsOf(WISHES), (log, options) => log.append(1, options)],
  'appendBatch: values': [GARBAGE, (log, values) => log.appendBatch(values)],
  'tryAppend: options': [optionsOf(WISHES), (log, options) => log.tryAppend(1, options)],
  'appendStream: pieces': [GARBAGE, (log, pieces) => log.appendStream(pieces)],
  'appendStream: options': [optionsOf(WISHES), (log, options) => log.appendStream([], options)],
  'get: lsn': [GARBAGE, (log, lsn) => log.get(lsn)],
  'getStream: lsn': [GARBAGE, async (log, lsn) => log.getStream(lsn).getReader().read()],
  'read: options': [optionsOf(OPTIONS), (log, options) => collect(log.read(options))],
  'tail: options': [
    optionsOf(OPTIONS),
    async (log, options) => {
      const tail = log.tail(options);
      const first = tail.next();
      await tail.return();
      return first;
    },
  ],
  'recover: reduce': [GARBAGE, (log, reduce) => log.recover(reduce, 0)],
  'recover: filter': [optionsOf(['type', 'channel']), (log, only) => log.recover(sum, 0, only)],
  'replay: options': [optionsOf(OPTIONS), (log, options) => collect(log.replay(options))],
  'checkpoint: state': [GARBAGE, (log, state) => log.checkpoint(state, { upTo: 1 })],
  'checkpoint: options': [optionsOf(['upTo']), (log, options) => log.checkpoint('s', options)],
  'trim: before': [GARBAGE, (log, before) => log.trim(before)],
  'project: reduce': [GARBAGE, (log, reduce) => log.project(reduce, 0).ready],
  'project: filter': [
    optionsOf(['type', 'channel']),
    (log, only) => log.project(sum, 0, only).ready,
  ],
  'subscribe: subscriber': [
    GARBAGE,
    async (log, subscriber) => {
      log.subscribe(subscriber);
      // Somebody tells it something.
      await log.append(2);
      await log.refreshStatus();
    },
  ],
  'batches: slot': [GARBAGE, (log, slot) => log.batches(slot)],
  'export: options': [
    optionsOf(['signal']),
    async (log, options) => log.export(options).getReader().read(),
  ],
  'salvage: onEntry': [GARBAGE, (log, onEntry) => log.salvage(onEntry)],
};

test.each(Object.entries(CALLS))('%s', async (_name, [all, call]) => {
  const engine = testEngine();
  const wrong: string[] = [];
  for (const given of all) {
    const log: Log<unknown> = await engine.open('garbage', { segmentSizeBytes: 65_536 });
    await log.append(1);
    const outcome = await outcomeOf(() => call(log, given));
    if (outcome !== 'ok') wrong.push(`${JSON.stringify(given) ?? String(given)}: ${outcome}`);
    const closed = await outcomeOf(() => log.close());
    if (closed !== 'ok') wrong.push(`${JSON.stringify(given) ?? String(given)}, close: ${closed}`);
  }
  expect(wrong).toEqual([]);
});
