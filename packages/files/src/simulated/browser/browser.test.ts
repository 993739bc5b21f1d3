import { beforeEach, describe, expect, test } from 'vitest';
import { conformanceCases } from '../../conformance/index.ts';
import { faultOf } from '../../fault.ts';
import type { SyncFile } from '../../port.ts';
import { SimulatedDisk } from '../simulated-disk.ts';
import { SimulatedBrowser } from './simulated-browser.ts';
import type { SimulatedContext } from './simulated-context.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const newBrowser = (seed = 1, more: { lostPerMille?: number } = {}): SimulatedBrowser =>
  new SimulatedBrowser({
    seed,
    disk: new SimulatedDisk({ seed, record: false }),
    settle,
    clone: structuredClone,
    ...more,
  });

describe('a context’s host', () => {
  const browser = newBrowser();
  const context = browser.context('one');
  for (const { name, run } of conformanceCases(() => context.host)) {
    test(name, async () => {
      let isOver = false;
      const ran = run().finally(() => (isOver = true));
      while (!isOver) {
        if (!(await browser.turns.step(Infinity))) await settle();
      }
      await ran;
    });
  }
});

let browser: SimulatedBrowser;
let one: SimulatedContext;
let two: SimulatedContext;

beforeEach(() => {
  browser = newBrowser();
  one = browser.context('one');
  two = browser.context('two');
});

/** What a promise has come to after some time. */
async function after<T>(ms: number, promise: Promise<T>): Promise<T | 'pending'> {
  let found: T | 'pending' = 'pending';
  let failure: Error | undefined;
  promise.then(
    (value) => (found = value),
    (error: Error) => (failure = error),
  );
  await browser.run(ms);
  if (failure !== undefined) throw failure;
  return found;
}

describe('files', () => {
  test('are exclusive among contexts, and free again when their holder closed them', async () => {
    const opened = await after(100, one.host.root.openFile('f', { create: true }));
    if (opened === 'pending') throw new Error('not opened');
    const refused = after(100, two.host.root.openFile('f', { create: false }));
    await expect(refused).rejects.toSatisfy((error) => faultOf(error) === 'busy');
    opened.close();
    expect(await after(200, two.host.root.openFile('f', { create: false }))).not.toBe('pending');
  });

  test('of a context that died are given back only after a while', async () => {
    let refusals = 0;
    for (let seed = 1; seed <= 10; seed++) {
      browser = newBrowser(seed);
      const [dead, heir] = [browser.context('dead'), browser.context('heir')];
      await after(100, dead.host.root.openFile('f', { create: true }));
      dead.die();
      const open = async (): Promise<SyncFile> => {
        for (;;) {
          try {
            return await heir.host.root.openFile('f', { create: false });
          } catch (error) {
            expect(faultOf(error)).toBe('busy');
            refusals++;
            await new Promise<void>((resolve) => heir.after(1, resolve));
          }
        }
      };
      expect(await after(3_000, open())).not.toBe('pending');
    }
    expect(refusals).toBeGreaterThan(10);
  });

  test('are kept by a context that is stopped', async () => {
    await after(100, one.host.root.openFile('f', { create: true }));
    one.freeze('stopped');
    await browser.run(100_000);
    const refused = after(100, two.host.root.openFile('f', { create: false }));
    await expect(refused).rejects.toSatisfy((error) => faultOf(error) === 'busy');
  });

  test('a context that dies in a write leaves a prefix of it', async () => {
    const file = await after(100, one.host.root.openFile('f', { create: true }));
    if (file === 'pending') throw new Error('not opened');
    file.write(new Uint8Array(100).fill(1), { at: 0 });
    one.diesAfterOps = 0;
    expect(() => file.write(new Uint8Array(100).fill(2), { at: 0 })).toThrow('killed');
    expect(one.state).toBe('dead');
    expect(() => file.flush()).toThrow('dead');
    const bytes = browser.disk.peek('f');
    const cut = bytes.indexOf(1);
    expect(bytes.subarray(0, cut).every((byte) => byte === 2)).toBe(true);
    expect(bytes.subarray(cut).every((byte) => byte === 1)).toBe(true);
  });
});

describe('locks', () => {
  test('are granted in the order of the requests, each when the one before was given back', async () => {
    const order: string[] = [];
    const first = await after(100, one.host.locks.acquire('l'));
    for (const context of [two, browser.context('three'), browser.context('four')]) {
      void context.host.locks.acquire('l').then((held) => {
        order.push(context.name);
        held?.release();
      });
      await browser.run(100);
    }
    expect(order).toEqual([]);
    if (first === 'pending') throw new Error('not granted');
    first?.release();
    await browser.run(1_000);
    expect(order).toEqual(['two', 'three', 'four']);
  });

  test('of a dead context go to the next in line; one that waited and died gets none', async () => {
    await after(100, one.host.locks.acquire('l'));
    void two.host.locks.acquire('l');
    await browser.run(100);
    const three = browser.context('three');
    const waiting = three.host.locks.acquire('l');
    two.die();
    one.die();
    expect(await after(1_000, waiting)).toBeDefined();
    expect(browser.locks.holderOf('l')).toBe(three);
  });

  test('a stolen lock is heard of by whoever had it, once it runs', async () => {
    const held = await after(100, one.host.locks.acquire('l'));
    const inLine = browser.context('three').host.locks.acquire('l');
    await browser.run(100);
    one.freeze('stopped');
    let isLost = false;
    if (held !== 'pending') void held?.lost.then(() => (isLost = true));
    const stolen = two.host.locks.acquire('l', { steal: true });
    expect(await after(1_000, stolen)).toMatchObject({});
    expect(browser.locks.holderOf('l')).toBe(two);
    expect(isLost).toBe(false);
    one.thaw();
    await browser.run(100);
    expect(isLost).toBe(true);
    expect(await after(100, inLine)).toBe('pending');
  });
});

describe('channels', () => {
  const post = (from: SimulatedContext, count: number): void => {
    const channel = from.host.channels!.open('c', () => undefined);
    for (let number = 1; number <= count; number++) channel.post({ number });
  };
  const listen = (context: SimulatedContext): number[] => {
    const heard: number[] = [];
    context.host.channels!.open('c', (message) =>
      heard.push((message as { number: number }).number),
    );
    return heard;
  };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

  test('messages of one sender come in order, to everybody else', async () => {
    const heard = [listen(one), listen(two)];
    const mine = listen(one);
    post(one, 200);
    await browser.run(1_000);
    for (const each of [...heard, mine]) expect(each).toEqual(numbers(200));
  });

  test('who is suspended hears nothing of it, who is stopped hears it later', async () => {
    const [stopped, suspended] = [listen(one), listen(two)];
    one.freeze('stopped');
    two.freeze('suspended');
    post(browser.context('three'), 5);
    await browser.run(1_000);
    expect([stopped, suspended]).toEqual([[], []]);
    one.thaw();
    two.thaw();
    await browser.run(1_000);
    expect([stopped, suspended]).toEqual([numbers(5), []]);
  });

  test('where messages are lost, what comes still comes in order', async () => {
    browser = newBrowser(3, { lostPerMille: 300 });
    const heard = listen(browser.context('one'));
    post(browser.context('two'), 200);
    await browser.run(1_000);
    expect(heard.length).toBeGreaterThan(50);
    expect(heard.length).toBeLessThan(200);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
  });
});

describe('time', () => {
  test('a stopped context’s timers wait, and then run in their order', async () => {
    const ran: number[] = [];
    for (const ms of [30, 10, 20]) one.after(ms, () => ran.push(ms));
    one.freeze('stopped');
    await browser.run(1_000);
    expect(ran).toEqual([]);
    one.thaw();
    await browser.run(0);
    expect(ran).toEqual([10, 20, 30]);
  });

  test('a context that is busy does one thing after the other, in the order in which they came', async () => {
    const ran: string[] = [];
    one.after(5, () => {
      ran.push('slow');
      one.spend(100);
    });
    one.after(20, () => ran.push('second'));
    one.after(10, () => ran.push(`first at ${one.nowMs()}`));
    two.after(50, () => ran.push('other'));
    await browser.run(1_000);
    expect(ran).toEqual(['slow', 'other', 'first at 105', 'second']);
  });

  test('equal seeds give equal runs', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const own = newBrowser(seed);
      const log: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        const { locks, channels, root } = own.context(name).host;
        const channel = channels!.open('c', (heard) => log.push(`${name} hears ${String(heard)}`));
        void locks.acquire('l').then(async (held) => {
          log.push(`${name} at ${own.nowMs}`);
          channel.post(name);
          await root.openFile(name, { create: true });
          held?.release();
        });
      }
      await own.run(1_000);
      return log;
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });
});

test('after a power cut nobody runs any more, and the new machine has what was flushed', async () => {
  const file = await after(100, one.host.root.openFile('f', { create: true }));
  if (file === 'pending') throw new Error('not opened');
  file.write(new Uint8Array(1_024).fill(1), { at: 0 });
  file.flush();
  file.write(new Uint8Array(512).fill(2), { at: 0 });
  let ran = false;
  two.after(10, () => (ran = true));
  await browser.run(5);
  browser.disk.advance(60_000);
  browser.powerCut('none');
  await browser.run(1_000);
  expect(ran).toBe(false);
  expect(() => file.flush()).toThrow('dead');
  const heir = await after(100, browser.context('heir').host.root.openFile('f', { create: false }));
  if (heir === 'pending') throw new Error('not opened');
  const bytes = new Uint8Array(1_024);
  expect(heir.read(bytes, { at: 0 })).toBe(1_024);
  expect(bytes.every((byte) => byte === 1)).toBe(true);
});
