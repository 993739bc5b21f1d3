import { afterEach, describe, expect, test, vi } from 'vitest';
import { firstRefusal, storageDenied, type Refusal, type StorageAsks } from './first-refusal.ts';

/** A clock that stands still until it is moved, and lets promises settle after every timer. */
class Time {
  ms = 0;
  readonly timers: { dueMs: number; task: () => void }[] = [];
  /** The context stands still from and until: timers and answers wait. */
  blocked: readonly [fromMs: number, untilMs: number] = [0, 0];

  readonly after = (delayMs: number, task: () => void): void => {
    this.timers.push({ dueMs: this.ms + delayMs, task });
  };

  async run(untilMs: number): Promise<void> {
    await settle();
    for (;;) {
      this.timers.sort((a, b) => a.dueMs - b.dueMs);
      const [next] = this.timers;
      if (next === undefined || next.dueMs > untilMs) break;
      this.timers.shift();
      const [fromMs, blockedUntilMs] = this.blocked;
      const isBlocked = next.dueMs >= fromMs && next.dueMs < blockedUntilMs;
      this.ms = Math.max(this.ms, isBlocked ? blockedUntilMs : next.dueMs);
      next.task();
      await settle();
    }
    this.ms = Math.max(this.ms, untilMs);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

const REFUSED = new Error('no');
type Answer = number | 'throws' | 'rejects' | 'missing' | 'never';

/** Parts by their answer; a number is how many ms it takes. */
function asksOf(time: Time, answers: Record<string, Answer>): StorageAsks {
  const ask = (answer: Answer) => (): unknown => {
    if (answer === 'throws') throw REFUSED;
    if (answer === 'missing') return (undefined as { query?: () => void } | undefined)!.query!();
    if (answer === 'rejects') return Promise.reject(REFUSED);
    return new Promise((resolve) => {
      if (answer !== 'never') time.after(answer, () => resolve(undefined));
    });
  };
  return Object.fromEntries(
    Object.entries(answers).map(([part, answer]) => [part, ask(answer)] as const),
  );
}

/** What was said, and when. */
async function verdict(
  answers: Record<string, Answer>,
  blocked: readonly [fromMs: number, untilMs: number] = [0, 0],
): Promise<{ said?: Refusal | undefined; atMs?: number }> {
  const time = new Time();
  let result: { said?: Refusal | undefined; atMs?: number } = {};
  time.blocked = blocked;
  const times = { nowMs: () => time.ms, after: time.after };
  const asked = firstRefusal(asksOf(time, answers), times);
  void asked.then((said) => (result = { said, atMs: time.ms }));
  await time.run(20_000);
  return result;
}

const PARTS = ['opfs', 'indexed-db', 'web-locks'];
const others = (part: string, answer: Answer): Record<string, Answer> =>
  Object.fromEntries(PARTS.map((it) => [it, it === part ? answer : 4]));

describe.each(PARTS)('%s', (part) => {
  test.each([
    ['throws', String(REFUSED)],
    ['rejects', String(REFUSED)],
    ['missing', 'missing'],
  ] as const)('that %s is named at once', async (how, reason) => {
    expect(await verdict(others(part, how))).toEqual({ said: { part, reason }, atMs: 0 });
  });

  test('that never answers is named after five seconds, as silent', async () => {
    const { said, atMs } = await verdict(others(part, 'never'));
    expect(said).toEqual({ part, reason: 'no-answer' });
    expect(atMs).toBeGreaterThanOrEqual(5000);
    expect(atMs).toBeLessThanOrEqual(5100);
  });

  test('that answers late, but within the limit, is not refused', async () => {
    expect((await verdict(others(part, 4990))).said).toBeUndefined();
  });
});

test('every part has answered: nothing is refused, and nobody goes on asking', async () => {
  expect(await verdict({ opfs: 10, 'indexed-db': 30 })).toEqual({ said: undefined, atMs: 30 });
});

test('a machine on which nothing answers yet is slow, not refusing', async () => {
  expect(await verdict({ opfs: 2900, 'indexed-db': 3000, 'web-locks': 2950 })).toEqual({
    said: undefined,
    atMs: 3000,
  });
});

test('where nothing ever answers that is said, too, within patience', async () => {
  const { said, atMs } = await verdict({ opfs: 'never', 'indexed-db': 'never' });
  expect(said).toEqual({ part: 'opfs', reason: 'no-answer' });
  expect(atMs).toBeLessThanOrEqual(5200);
});

test('a context that stood still hears what waited in its queue before it judges', async () => {
  // The answer of 5,400 ms stands behind the look that the block delayed.
  const late = await verdict({ opfs: 4, 'indexed-db': 5400 }, [4000, 5500]);
  expect(late).toEqual({ said: undefined, atMs: 5500 });
});

test('a part that is refused in words is named before one that is silent', async () => {
  const answers = { opfs: 'never', 'indexed-db': 'rejects', 'web-locks': 4 } as const;
  expect(await verdict(answers)).toMatchObject({ said: { part: 'indexed-db' }, atMs: 0 });
});

describe('what a refusal says', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const refusal = { part: 'opfs', reason: 'missing' };

  test('where the origin is opaque, on `file:` or in a sandbox, the cures for that are named', () => {
    vi.stubGlobal('origin', 'null');
    expect(storageDenied(refusal).message).toMatch(
      /opfs is refused; file: needs a scheme of its own, a sandbox allow-same-origin$/,
    );
  });

  test.each(['https://example.org', undefined])(
    'in %s these would mislead: what helps there is named',
    (origin) => {
      vi.stubGlobal('origin', origin);
      const { message, facts } = storageDenied(refusal);
      expect(message).toMatch(/opfs is refused; a page of its own, not private.*'memory'$/);
      expect(message).not.toMatch(/file:|sandbox/);
      expect(facts).toEqual(refusal);
    },
  );
});
