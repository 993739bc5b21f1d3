/** Links that go by port where an introducer brings one, over simulated ports and channels. */
import type { Channel, Timers } from '@varve/files';
import { MemoryChannels } from '@varve/files/memory';
import { describe, expect, test } from 'vitest';
import { Introducer } from './introducer.ts';
import { PortedChannels } from './ported-channels.ts';
import { portPair, settled, type TestPort } from './test/port-pair.ts';

/** An origin: its channels, and an introducer that counts what it hears. */
function origin() {
  const channels = new MemoryChannels();
  const pairs: (readonly [TestPort, TestPort])[] = [];
  const newIntroducer = (): Introducer<TestPort> =>
    new Introducer(() => {
      const pair = portPair();
      pairs.push(pair);
      return pair;
    });
  const introducer = newIntroducer();
  const due: (() => void)[] = [];
  const timers: Timers = {
    after(_, task) {
      due.push(task);
      return () => undefined;
    },
  };
  return {
    channels,
    timers,
    introducer,
    newIntroducer,
    pairs,
    context: () => new PortedChannels(channels, timers),
    passTime: () => {
      for (const task of due.splice(0)) task();
    },
    introduce(context: PortedChannels, by = introducer): TestPort {
      const [outer, inner] = portPair();
      const tell = (name: string, port: TestPort): void => outer.postMessage({ name, port }, []);
      outer.addEventListener('message', ({ data }) => by.hear(tell, data));
      outer.start();
      context.introduce(inner);
      return outer;
    },
  };
}

const LINK = 'tabs:store:0123456789abcdef';

function end(
  context: PortedChannels,
  name = LINK,
): { readonly channel: Channel; readonly heard: unknown[] } {
  const heard: unknown[] = [];
  return { channel: context.between(name, (message) => heard.push(message)), heard };
}

/** Everything on the channel, as any other context hears it. */
function eavesdrop(channels: MemoryChannels): unknown[] {
  const all: unknown[] = [];
  channels.open(LINK, (message) => all.push(message));
  return all;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('both ends introduced', () => {
  test('what they say goes by port, in order, and is heard by nobody else', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    all.introduce(one);
    all.introduce(two);
    const [a, b] = [end(one), end(two)];
    await settled();
    expect([a.channel.isDirect, b.channel.isDirect]).toEqual([true, true]);
    const overheard = eavesdrop(all.channels);
    for (const n of numbers(20)) {
      a.channel.post(n);
      b.channel.post(-n);
    }
    await settled();
    expect(b.heard).toEqual(numbers(20));
    expect(a.heard).toEqual(numbers(20).map((n) => -n));
    expect(overheard).toEqual([]);
    expect(all.introducer.size).toBe(0);
  });

  test('while they speak already: the way changes, and nothing is out of order or lost', async () => {
    for (const late of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const all = origin();
      const [one, two] = [all.context(), all.context()];
      const [a, b] = [end(one), end(two)];
      for (const n of numbers(60)) {
        a.channel.post(n);
        b.channel.post(n);
        if (n === late) all.introduce(one);
        if (n === 2 * late) all.introduce(two);
        await Promise.resolve();
      }
      await settled();
      expect(a.channel.isDirect).toBe(true);
      expect(a.heard).toEqual(numbers(60));
      expect(b.heard).toEqual(numbers(60));
    }
  });

  test('what comes by port before the channel has told all waits for it', async () => {
    const all = origin();
    const held: (() => void)[] = [];
    /** A channel that is slower than any port. */
    const slow = {
      open: (name: string, hear: (message: unknown) => void) =>
        all.channels.open(name, (message) => void held.push(() => hear(message))),
    };
    const [one, two] = [all.context(), new PortedChannels(slow, all.timers)];
    const [a, b] = [end(one), end(two)];
    a.channel.post(0);
    all.introduce(one);
    all.introduce(two);
    await settled();
    expect(a.channel.isDirect).toBe(true);
    a.channel.post(1);
    a.channel.post(2);
    await settled();
    expect(b.heard).toEqual([]);
    for (const hear of held) hear();
    expect(b.heard).toEqual([0, 1, 2]);
  });

  test('the channel loses the word that the rest comes by port: it is waited for, not for ever', async () => {
    const all = origin();
    const deaf = {
      open: (name: string, hear: (message: unknown) => void) =>
        all.channels.open(name, (message) => message === 'port' || hear(message)),
    };
    const [one, two] = [all.context(), new PortedChannels(deaf, all.timers)];
    const [a, b] = [end(one), end(two)];
    a.channel.post(0);
    all.introduce(one);
    all.introduce(two);
    await settled();
    a.channel.post(1);
    await settled();
    expect(b.heard).toEqual([0]);
    all.passTime();
    expect(b.heard).toEqual([0, 1]);
    a.channel.post(2);
    await settled();
    expect(b.heard).toEqual([0, 1, 2]);
  });

  test('a buffer that is given away is gone here, and whole there', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    all.introduce(one);
    all.introduce(two);
    const [a, b] = [end(one), end(two)];
    await settled();
    const bytes = new Uint8Array(1_000).fill(7);
    a.channel.post({ bytes }, [bytes.buffer]);
    await settled();
    expect(bytes.byteLength).toBe(0);
    expect(b.heard).toEqual([{ bytes: new Uint8Array(1_000).fill(7) }]);
  });
});

describe('one end has no introducer', () => {
  test('everything goes by channel, in order, and its name is taken back when it ends', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    all.introduce(one);
    const [a, b] = [end(one), end(two)];
    for (const n of numbers(5)) a.channel.post(n);
    await settled();
    expect(b.heard).toEqual(numbers(5));
    expect(a.channel.isDirect).toBe(false);
    expect(all.introducer.size).toBe(1);
    a.channel.close();
    await settled();
    expect(all.introducer.size).toBe(0);
  });
});

describe('an introducer that lies', () => {
  test('brings a port of nobody’s: the link stays on the channel', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    const liar = all.introduce(one);
    const [a, b] = [end(one), end(two)];
    liar.postMessage({ name: LINK, port: portPair()[0] }, []);
    await settled();
    for (const n of numbers(5)) a.channel.post(n);
    await settled();
    expect(b.heard).toEqual(numbers(5));
    expect(a.channel.isDirect).toBe(false);
  });

  test('brings garbage, ports for names that nobody has, and a second port: they are let go', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    const liar = all.introduce(one);
    all.introduce(two);
    const [a, b] = [end(one), end(two)];
    await settled();
    const [stray, second] = [portPair()[0], portPair()[0]];
    for (const message of [null, 7, {}, { name: LINK }, { name: LINK, port: {} }])
      liar.postMessage(message, []);
    liar.postMessage({ name: 'another', port: stray }, []);
    liar.postMessage({ name: LINK, port: second }, []);
    a.channel.post('still here');
    await settled();
    expect([stray.isClosed, second.isClosed]).toEqual([true, true]);
    expect(b.heard).toEqual(['still here']);
  });
});

describe('an introducer that died', () => {
  test('the next one brings together what had not met', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    all.introduce(one);
    const [a, b] = [end(one), end(two)];
    await settled();
    expect(all.introducer.size).toBe(1);
    const next = all.newIntroducer();
    all.introduce(one, next);
    a.channel.post(0);
    all.introduce(two, next);
    await settled();
    expect([a.channel.isDirect, b.channel.isDirect]).toEqual([true, true]);
    a.channel.post(1);
    await settled();
    expect(b.heard).toEqual([0, 1]);
  });

  test('what had met goes on by its port, and is not named again; what is new meets by the next', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    const ways = [all.introduce(one), all.introduce(two)];
    const [a, b] = [end(one), end(two)];
    await settled();
    for (const way of ways) way.isDead = true;
    const next = all.newIntroducer();
    all.introduce(one, next);
    all.introduce(two, next);
    await settled();
    expect([all.introducer.size, next.size]).toEqual([0, 0]);
    a.channel.post('as before');
    const [c, d] = [end(one, 'another'), end(two, 'another')];
    await settled();
    expect(b.heard).toEqual(['as before']);
    expect([c.channel.isDirect, d.channel.isDirect]).toEqual([true, true]);
    expect(all.pairs).toHaveLength(2);
  });

  test('and is heard no more, should it live: a context that it is brought twice does not speak to itself', async () => {
    const all = origin();
    const [one, two] = [all.context(), all.context()];
    const first = all.introduce(one);
    const [a, b] = [end(one), end(two)];
    await settled();
    all.introduce(one);
    all.introduce(two);
    first.postMessage({ name: LINK, port: portPair()[0] }, []);
    for (const n of numbers(5)) {
      a.channel.post(n);
      b.channel.post(-n);
      await settled();
    }
    expect(a.heard).toEqual(numbers(5).map((n) => -n));
    expect(b.heard).toEqual(numbers(5));
  });
});

describe('the other end', () => {
  test('says on the channel that it speaks by port, and there is none: it is passed over', async () => {
    const all = origin();
    const { channel, heard } = end(all.context());
    const other = all.channels.open(LINK, () => undefined);
    other.post('port');
    other.post(0);
    await settled();
    expect(heard).toEqual([0]);
    expect(channel.isDirect).toBe(false);
  });

  test('floods the port before its time: what is kept is bounded, and a gap tells of the rest', async () => {
    const all = origin();
    const context = all.context();
    const introducer = all.introduce(context);
    const { heard } = end(context);
    const [mine, theirs] = portPair();
    introducer.postMessage({ name: LINK, port: theirs }, []);
    for (const n of numbers(5_000)) mine.postMessage(n, []);
    await settled();
    all.channels.open(LINK, () => undefined).post('port');
    await settled();
    expect(heard).toEqual(numbers(1_024));
  });
});
