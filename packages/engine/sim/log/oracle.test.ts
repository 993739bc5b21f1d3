import { VarveError } from '@varve/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type AppendFact, History } from './history.ts';
import { type FinalLog, judge } from './oracle.ts';
import type { SeenRecord } from './values.ts';

let history: History;
beforeEach(() => {
  history = new History();
});

/** Records of client 1, one after the other, unless said otherwise. */
function log(numbers: readonly number[], more: Partial<FinalLog> = {}): FinalLog {
  const records = numbers.map((number, index) => ({ lsn: index + 1, client: 1, number }));
  return { durability: 'strict', firstLsn: 1, following: new Set(), records, ...more };
}

function issue(first: number, records = 1, durability?: 'strict' | 'relaxed'): AppendFact {
  return history.append({
    client: 1,
    first,
    records,
    durability,
    expect: undefined,
    issuedMs: first,
  });
}

function told(outcome: 'not-written' | 'unknown'): VarveError {
  return new VarveError('TIMEOUT', '', { outcome });
}

const seen = (numbers: readonly number[]): SeenRecord[] => [...log(numbers).records];

describe('the oracle', () => {
  test('passes what is as it was told', () => {
    history.acknowledged(issue(1), 1, 10);
    history.acknowledged(issue(2, 2), 2, 11);
    history.refused(issue(4), told('unknown'), 12);
    history.refused(issue(5), told('not-written'), 13);
    history.tailed(history.tail(1), seen([1, 2, 3, 4]), 20);
    expect(judge(history, log([1, 2, 3, 4], { following: new Set([1]) }))).toEqual([]);
  });

  test.each<[string, () => FinalLog]>([
    [
      'E1',
      () => {
        history.acknowledged(issue(1), 1, 10);
        return log([]);
      },
    ],
    [
      'E1',
      () => {
        issue(1);
        history.acknowledged(issue(2), 1, 10);
        return log([1, 2]);
      },
    ],
    [
      'E2',
      () => {
        issue(1);
        return log([1, 1]);
      },
    ],
    ['E2', () => log([1])],
    [
      'E3',
      () => {
        issue(1);
        issue(2);
        return log([2, 1]);
      },
    ],
    [
      'E3',
      () => {
        issue(1, 3);
        return log([1, 2]);
      },
    ],
    [
      'E4',
      () => {
        history.refused(issue(1), told('not-written'), 10);
        return log([1]);
      },
    ],
    [
      'E5',
      () => {
        issue(1);
        history.tailed(history.tail(1), seen([1, 1]), 20);
        return log([1]);
      },
    ],
    [
      'E5',
      () => {
        issue(1);
        history.tail(1);
        return log([1], { following: new Set([1]) });
      },
    ],
    [
      'E6',
      () => {
        history.acknowledged(issue(1), 1, 10);
        history.read(1, 20).endedMs = 21;
        return log([1]);
      },
    ],
    [
      'deadline',
      () => {
        history.waited(30_000);
        return log([]);
      },
    ],
    [
      'compare-and-append',
      () => {
        issue(1);
        const fact = { client: 1, first: 2, records: 1, durability: undefined, issuedMs: 2 };
        history.acknowledged(history.append({ ...fact, expect: 0 }), 2, 10);
        return log([1, 2]);
      },
    ],
  ])('sees a breach of %s', (rule, broken) => {
    const wrong = judge(history, broken());
    expect(wrong.map((reason) => reason.slice(0, reason.indexOf(':')))).toContain(rule);
  });

  test('what two have appended under one key stands once, where both were told', () => {
    const one = { client: 9, first: 1, records: 1, durability: undefined, expect: undefined };
    const keyed = (): AppendFact => history.append({ ...one, key: 'k', issuedMs: 1 });
    history.acknowledged(keyed(), 1, 10);
    history.acknowledged(keyed(), 1, 11);
    history.refused(keyed(), told('not-written'), 12);
    const once = log([1], { records: [{ lsn: 1, client: 9, number: 1 }] });
    expect(judge(history, once)).toEqual([]);
    const again = { lsn: 2, client: 9, number: 1 };
    expect(judge(history, { ...once, records: [...once.records, again] })).not.toEqual([]);
    history.acknowledged(keyed(), 2, 13);
    expect(judge(history, once)).toHaveLength(1);
  });

  test('lets go of what was relaxed when power was lost afterwards, and of nothing else', () => {
    history.acknowledged(issue(1, 1, 'relaxed'), 1, 10);
    history.losses.push({ atMs: 9 });
    expect(judge(history, log([]))).toHaveLength(1);
    history.losses.push({ atMs: 11 });
    expect(judge(history, log([]))).toEqual([]);
    history.acknowledged(issue(2), 2, 10);
    expect(judge(history, log([]))).toHaveLength(1);
  });
});

describe('the fence', () => {
  class Led {
    generation: number;
    constructor(generation: number) {
      this.generation = generation;
      history.opened(this);
    }
    status(): { generation: number } {
      return this;
    }
  }

  test('lets a store go on that opened anew after another had it', () => {
    const first = new Led(1);
    history.stored(first);
    history.stored(new Led(2));
    first.generation = 3;
    history.stored(first);
    expect(history.violations).toEqual([]);
  });

  test.each([1, 2])('stops a deposed leader in generation %i of 2', (generation) => {
    const first = new Led(1);
    history.stored(first);
    history.stored(new Led(2));
    first.generation = generation;
    history.stored(first);
    expect(history.violations).toEqual([expect.stringMatching(/^fence: .* after 2$/)]);
  });

  test('stops a leader that nobody has told of, in a generation that is another’s', () => {
    new Led(1);
    history.stored({ status: () => ({ generation: 1 }) });
    expect(history.violations).toHaveLength(1);
  });
});
