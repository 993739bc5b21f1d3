import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History, Violation } from './index.ts';

function violationOf(operation: () => void): Violation {
  try {
    operation();
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
  throw new Error('it passed');
}

/** A clock of operations, and a history of letters by it. */
function historyOf(): { history: History<string>; at: (moment: number) => void } {
  let moment = 0;
  const history = new History<string>({ now: () => moment });
  return { history, at: (next) => void (moment = next) };
}

/** `a` acknowledged at 2, `b` and `c` as one acknowledged at 5, `d` still being written. */
function abcd(): History<string> {
  const { history, at } = historyOf();
  const a = history.issue('a');
  at(2);
  a.acknowledge();
  const bc = history.issue('b', 'c');
  at(5);
  bc.acknowledge();
  history.issue('d');
  return history;
}

describe('what came back', () => {
  test('everything acknowledged, with or without what was being written, is legal', () => {
    abcd().check(['a', 'b', 'c'], { op: 6 });
    abcd().check(['a', 'b', 'c', 'd'], { op: 6 });
    abcd().check(['a'], { op: 5 });
    abcd().check(['a', 'b', 'c'], { op: 5 });
    abcd().check([], { op: 1 });
  });

  test.each([
    ['an acknowledged record that is gone', [], 'acknowledged', 1, /record 1 .*gone/],
    ['the same, later', ['a'], 'acknowledged', 2, /acknowledged at operation 5 .*operation 9/],
    ['a hole', ['b', 'c'], 'acknowledged', 1, /record 2 stands in its place/],
    ['other bytes', ['a', 'x', 'c'], 'bytes', 2, /issued as "b".* came back as "x"/],
    ['half a group', ['a', 'b'], 'whole', 3, /issued as one and only 1 of them/],
    ['a group with something else in it', ['a', 'b', 'd'], 'whole', 3, /records 2 to 3/],
    ['a record twice', ['a', 'a', 'b', 'c'], 'prefix', 1, /twice/],
    ['more than was issued', ['a', 'b', 'c', 'd', 'e'], 'prefix', undefined, /never issued/],
  ] as const)('%s is a violation', (_, recovered, rule, record, message) => {
    const violation = violationOf(() => abcd().check(recovered, { op: 9, id: '9:x1' }));
    expect(violation).toMatchObject({ rule, record, imageId: '9:x1' });
    expect(violation.message).toMatch(message);
    expect(violation.message).toContain('image: 9:x1');
  });

  test('a record issued after the crash cannot have been there', () => {
    const violation = violationOf(() => abcd().check(['a', 'b', 'c', 'd'], { op: 4 }));
    expect(violation).toMatchObject({ rule: 'prefix', record: 4 });
    expect(violation.message).toMatch(/issued later/);
  });

  test('a hole among what nobody was told of is a violation, too', () => {
    const { history } = historyOf();
    for (const value of ['a', 'b', 'c']) history.issue(value);
    history.check(['a', 'b']);
    const violation = violationOf(() => history.check(['a', 'c']));
    expect(violation).toMatchObject({ rule: 'prefix', record: 2 });
  });

  test('a refused record never comes back; after a crash before the refusal it may', () => {
    const { history, at } = historyOf();
    const refused = history.issue('no');
    at(3);
    refused.refuse();
    history.issue('yes').acknowledge();
    history.check(['yes'], { op: 4 });
    history.check(['no'], { op: 3 });
    const violation = violationOf(() => history.check(['no', 'yes'], { op: 4 }));
    expect(violation).toMatchObject({ rule: 'refused', record: 1 });
  });

  test('a record of unknown outcome may be missing where later ones are there, or be there', () => {
    const { history, at } = historyOf();
    history.issue('a').acknowledge();
    history.issue('b').giveUp();
    at(1);
    history.issue('c').acknowledge();
    history.check(['a', 'c'], { op: 2 });
    history.check(['a', 'b', 'c'], { op: 2 });
    expect(violationOf(() => history.check(['a', 'b'], { op: 2 })).rule).toBe('acknowledged');
    expect(violationOf(() => history.check(['b', 'a', 'c'], { op: 2 })).record).toBe(1);
  });

  test('an unknown record equal to a later one is not taken for it', () => {
    const { history, at } = historyOf();
    history.issue('same').giveUp();
    at(1);
    history.issue('same').acknowledge();
    history.issue('other').acknowledge();
    history.check(['same', 'other'], { op: 2 });
    history.check(['same', 'same', 'other'], { op: 2 });
    expect(() => history.check(['same', 'same', 'same', 'other'], { op: 2 })).toThrow(Violation);
  });

  test('bytes are compared byte by byte, and shown by their first', () => {
    const history = new History();
    history.issue(new Uint8Array([1, 2, 3])).acknowledge();
    history.check([new Uint8Array([1, 2, 3])]);
    const other = new Uint8Array(40).fill(255);
    expect(() => history.check([other])).toThrow(/3 bytes \[01 02 03\].*40 bytes \[ff ff .*…\]/s);
  });
});

describe('writes', () => {
  test('are noted by how they end, and end for their caller as before', async () => {
    const { history, at } = historyOf();
    expect(await history.write(['a'], async () => 7)).toBe(7);
    const failing = (message: string) => () => Promise.reject(new Error(message));
    const outcomeOf = (error: unknown): 'not-written' | 'unknown' =>
      String(error).includes('full') ? 'not-written' : 'unknown';
    await expect(history.write(['b'], failing('full'), outcomeOf)).rejects.toThrow('full');
    await expect(history.write(['c'], failing('who knows'), outcomeOf)).rejects.toThrow('who');
    await history.write(['d'], () => undefined);
    at(1);
    history.check(['a', 'd'], { op: 2 });
    history.check(['a', 'c', 'd'], { op: 2 });
    expect(() => history.check(['a', 'b', 'd'], { op: 2 })).toThrow(/refused/);
    expect([history.issuedRecords, history.acknowledgedRecords]).toEqual([4, 2]);
  });
});

describe('after a recovery that the store went on from', () => {
  test('what it served is owed, and what it lacked never comes back', () => {
    const { history, at } = historyOf();
    history.issue('a').acknowledge();
    history.issue('b');
    history.issue('c');
    at(4);
    history.settle(['a', 'b']);
    history.issue('d').acknowledge();
    history.check(['a', 'b', 'd'], { op: 5 });
    expect(violationOf(() => history.check(['a', 'd'], { op: 5 })).rule).toBe('acknowledged');
    expect(violationOf(() => history.check(['a', 'b', 'c', 'd'], { op: 5 })).rule).toBe('refused');
  });

  test('without a device the same holds over real crashes', () => {
    const history = new History<string>();
    history.issue('a').acknowledge();
    history.issue('b');
    history.settle(['a']);
    history.issue('c').acknowledge();
    history.check(['a', 'c']);
    expect(() => history.check(['a', 'b', 'c'])).toThrow(/withdrawn/);
    expect(() => history.settle(['c'])).toThrow(Violation);
  });
});

test('recovering again must give the same', () => {
  const history = new History<string>();
  history.checkAgain(['a', 'b'], ['a', 'b']);
  for (const second of [['a'], ['a', 'b', 'c'], ['a', 'x'], []]) {
    const violation = violationOf(() => history.checkAgain(['a', 'b'], second, { id: '1:all' }));
    expect(violation).toMatchObject({ rule: 'again', imageId: '1:all' });
  }
});

describe('where only the newest value is kept', () => {
  const settings = (): History<string> => {
    const { history, at } = historyOf();
    history.issue('old').acknowledge();
    at(1);
    history.issue('new').acknowledge();
    at(2);
    history.issue('newest');
    return history;
  };

  test('the last acknowledged one or a later one is legal', () => {
    settings().checkNewest('new', { op: 3 });
    settings().checkNewest('newest', { op: 3 });
    settings().checkNewest('old', { op: 1 });
    settings().checkNewest(undefined, { op: 0 });
  });

  test('an older one, none, one of the future or of nobody is a violation', () => {
    expect(() => settings().checkNewest('old', { op: 3 })).toThrow(/record 1 is there again/);
    expect(() => settings().checkNewest(undefined, { op: 3 })).toThrow(/nothing is there/);
    expect(() => settings().checkNewest('newest', { op: 1 })).toThrow(/never issued/);
    expect(() => settings().checkNewest('x', { op: 3 })).toThrow(/never issued/);
  });
});

/** What may come back, by counting: every end that leaves nothing owed out, with and without the unknown. */
function legal(groups: readonly { values: string[]; fate: string }[]): Set<string> {
  const found = new Set<string>();
  const follow = (ordinal: number, sofar: readonly string[]): void => {
    if (!groups.slice(ordinal).some(({ fate }) => fate === 'acknowledged')) found.add(sofar.join());
    if (ordinal === groups.length) return;
    const { values, fate } = groups[ordinal];
    if (fate !== 'refused') follow(ordinal + 1, [...sofar, ...values]);
    if (fate === 'refused' || fate === 'unknown') follow(ordinal + 1, sofar);
  };
  follow(0, []);
  return found;
}

test('any history judges exactly as counting all legal outcomes does', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const group = fc.record({
    values: fc.array(letters, { minLength: 1, maxLength: 2 }),
    fate: fc.constantFrom('acknowledged', 'unknown', 'refused', 'pending'),
  });
  let [passed, failed] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(group, { maxLength: 6 }),
      fc.array(letters, { maxLength: 8 }),
      fc.nat(),
      (groups, any, pick) => {
        const history = new History<string>();
        for (const { values, fate } of groups) {
          const issued = history.issue(...values);
          if (fate === 'acknowledged') issued.acknowledge();
          if (fate === 'refused') issued.refuse();
          if (fate === 'unknown') issued.giveUp();
        }
        const outcomes = legal(groups);
        const chosen = [...outcomes][pick % outcomes.size];
        for (const recovered of [chosen === '' ? [] : chosen.split(','), any]) {
          const isLegal = outcomes.has(recovered.join());
          let judged = true;
          try {
            history.check(recovered);
          } catch (error) {
            if (!(error instanceof Violation)) throw error;
            judged = false;
          }
          expect(judged, `${JSON.stringify(groups)} ← ${recovered.join()}`).toBe(isLegal);
          if (judged) passed += 1;
          else failed += 1;
        }
      },
    ),
    { numRuns: 3000 },
  );
  expect(Math.min(passed, failed)).toBeGreaterThan(1000);
});
