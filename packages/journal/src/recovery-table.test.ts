import { describe, expect, test } from 'vitest';
import { TAIL_ROWS, type TailFacts } from './recovery-table.ts';
import { OPENING_ROWS, type OpeningFacts } from './witness-table.ts';

/** Every combination of the values that each fact can have. */
function combinations<T>(values: { readonly [K in keyof T]: readonly T[K][] }): T[] {
  let all: Partial<T>[] = [{}];
  for (const key of Object.keys(values) as (keyof T)[]) {
    all = all.flatMap((facts) => values[key].map((value) => ({ ...facts, [key]: value })));
  }
  return all as T[];
}

const BOTH = [false, true] as const;

const TAILS = combinations<TailFacts>({
  clean: BOTH,
  segmentMissing: BOTH,
  provenBeyond: [0, 1, 9],
  proof: ['batch', 'superblock', 'witness', 'segment'],
  laterBatches: BOTH,
  bytesBeyond: BOTH,
});

const OPENINGS = combinations<OpeningFacts>({
  witness: ['none', 'formatting', 'live', 'erasing'],
  file: ['absent', 'unreadable', 'valid'],
  sameStore: BOTH,
});

const rowOfTail = (facts: TailFacts): string =>
  TAIL_ROWS.find(({ matches }) => matches(facts))!.name;
const openingOf = (facts: OpeningFacts): string =>
  OPENING_ROWS.find(({ matches }) => matches(facts))!.name;

/** What each row means, written down a second time and independent of order. */
const TAIL_MEANING: Readonly<Record<string, (facts: TailFacts) => boolean>> = {
  'segment-missing': (facts) => facts.segmentMissing,
  'proven-damage': (facts) => !facts.segmentMissing && facts.provenBeyond > 0,
  'clean-end': (facts) => !facts.segmentMissing && facts.provenBeyond === 0 && facts.clean,
  'torn-out-of-order': (facts) => isLoss(facts) && facts.laterBatches,
  'torn-tail': (facts) => isLoss(facts) && !facts.laterBatches && facts.bytesBeyond,
  'end-of-writing': (facts) => isLoss(facts) && !facts.laterBatches && !facts.bytesBeyond,
};

const isLoss = (facts: TailFacts): boolean =>
  !facts.segmentMissing && facts.provenBeyond === 0 && !facts.clean;

const OPENING_MEANING: Readonly<Record<string, (facts: OpeningFacts) => boolean>> = {
  'erase-interrupted': ({ witness }) => witness === 'erasing',
  fresh: ({ witness, file }) =>
    file === 'absent' && (witness === 'none' || witness === 'formatting'),
  'files-gone': ({ witness, file }) => file === 'absent' && witness === 'live',
  'format-interrupted': ({ witness, file }) => file === 'unreadable' && witness === 'formatting',
  'superblocks-destroyed': ({ witness, file }) =>
    file === 'unreadable' && (witness === 'none' || witness === 'live'),
  'another-store': ({ witness, file, sameStore }) =>
    file === 'valid' && witness === 'live' && !sameStore,
  present: ({ witness, file, sameStore }) => file === 'valid' && witness === 'live' && sameStore,
  'witness-missing': ({ witness, file }) =>
    file === 'valid' && (witness === 'none' || witness === 'formatting'),
};

describe('the end of a log', () => {
  test('every combination of facts has exactly one meaning, and the table gives it', () => {
    for (const facts of TAILS) {
      const meanings = Object.keys(TAIL_MEANING).filter((name) => TAIL_MEANING[name]!(facts));
      expect(meanings, JSON.stringify(facts)).toEqual([rowOfTail(facts)]);
    }
  });

  test('no row is dead, each says its cause, and the last takes whatever is left', () => {
    expect(new Set(TAILS.map(rowOfTail))).toEqual(new Set(TAIL_ROWS.map(({ name }) => name)));
    expect(new Set(TAIL_ROWS.map(({ name }) => name)).size).toBe(TAIL_ROWS.length);
    for (const { cause } of TAIL_ROWS) expect(cause).toMatch(/^[A-Z].+\.$/);
  });

  test('nothing that was proven to be flushed is ever cut off', () => {
    for (const facts of TAILS.filter(({ provenBeyond }) => provenBeyond > 0)) {
      const row = TAIL_ROWS.find(({ matches }) => matches(facts))!;
      expect(row.verdict, JSON.stringify(facts)).toBe('corrupt');
    }
  });
});

describe('opening', () => {
  test('every state of witness and file has exactly one meaning, and the table gives it', () => {
    for (const facts of OPENINGS) {
      const meanings = Object.keys(OPENING_MEANING).filter((name) => OPENING_MEANING[name]!(facts));
      expect(meanings, JSON.stringify(facts)).toEqual([openingOf(facts)]);
    }
  });

  test('no row is dead', () => {
    expect(new Set(OPENINGS.map(openingOf))).toEqual(new Set(OPENING_ROWS.map(({ name }) => name)));
  });

  test('a store that a live witness knows is never made anew', () => {
    for (const facts of OPENINGS.filter(({ witness }) => witness === 'live')) {
      const row = OPENING_ROWS.find(({ matches }) => matches(facts))!;
      expect(['open', 'lost', 'corrupt'], JSON.stringify(facts)).toContain(row.action);
    }
  });

  test('bytes that are no store are never formatted over, unless a format was interrupted', () => {
    for (const facts of OPENINGS.filter(
      ({ file, witness }) => file === 'unreadable' && witness !== 'erasing',
    )) {
      const row = OPENING_ROWS.find(({ matches }) => matches(facts))!;
      expect(row.action, JSON.stringify(facts)).toBe(
        facts.witness === 'formatting' ? 'create' : 'corrupt',
      );
    }
  });
});
