import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import type { StoreStatus } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { Gathering } from './gathering.ts';
import { RawClient, testServices } from './test/raw-client.ts';

/** What was staged, and a turn that comes when it is let. */
function gathering() {
  let turn = (): void => undefined;
  const staged: string[] = [];
  const gathering = new Gathering(
    () =>
      new Promise((resolve) => {
        turn = resolve;
      }),
  );
  const clients = { a: {}, b: {}, c: {} };
  return {
    staged,
    join: (client: keyof typeof clients, what: string) =>
      gathering.join(clients[client], async () => {
        staged.push(what);
        return what;
      }),
    stage: () => gathering.stage(),
    async turn() {
      turn();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

describe('one client', () => {
  test('that appends alone waits for nobody', async () => {
    const { join, staged } = gathering();
    for (const what of ['1', '2', '3']) {
      const joined = join('a', what);
      expect(staged.at(-1)).toBe(what);
      expect(await joined).toBe(what);
    }
  });

  test('that goes on when the others have stopped is alone again soon', async () => {
    const { join, staged, turn } = gathering();
    await join('a', '1');
    void join('b', '2');
    await turn();
    for (let more = 0; more < 8; more++) {
      void join('b', 'more');
      await turn();
    }
    void join('b', 'last');
    expect(staged.at(-1)).toBe('last');
  });
});

describe('several clients', () => {
  test('that append at the same time are staged together, in the order in which they came', async () => {
    const { join, staged, turn } = gathering();
    await join('a', '1');
    const joined = [join('b', '2'), join('a', '3'), join('c', '4')];
    expect(staged).toEqual(['1']);
    await turn();
    expect(staged).toEqual(['1', '2', '3', '4']);
    expect(await Promise.all(joined)).toEqual(['2', '3', '4']);
  });

  test('are staged before anything else that is asked, and not once more', async () => {
    const { join, staged, stage, turn } = gathering();
    await join('a', '1');
    void join('b', '2');
    stage();
    expect(staged).toEqual(['1', '2']);
    await turn();
    expect(staged).toEqual(['1', '2']);
    void join('a', '3');
    await turn();
    expect(staged).toEqual(['1', '2', '3']);
  });

  test('of which one is refused are told each for itself', async () => {
    const { join, turn } = gathering();
    await join('a', '1');
    const all = new Gathering(() => Promise.resolve());
    const [one, two] = [{}, {}];
    await all.join(one, async () => 'first');
    const refused = all.join(two, () => {
      throw new Error('no');
    });
    const taken = all.join(one, async () => 'yes');
    await expect(refused).rejects.toThrow('no');
    expect(await taken).toBe('yes');
    await turn();
  });
});

test('three tabs that append share commits, and each is told its LSN', async () => {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  const tabs = Array.from({ length: 3 }, () => {
    const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
    return new RawClient({ ...testServices(host), gathering: new Gathering(nextTurn) });
  });
  for (const tab of tabs) expect(await tab.open()).toMatchObject({ ok: true });
  const rounds = 20;
  const lsns: number[] = [];
  for (let id = 1; id <= rounds; id++) {
    for (const tab of tabs) tab.append(id, `${id}`);
    for (const tab of tabs) lsns.push((await tab.expect('appended', id)).firstLsn);
  }
  expect(lsns.toSorted((a, b) => a - b)).toEqual(lsns.map((_, at) => at + 1));
  const answer = await tabs[0]!.call('status');
  const { commits } = (answer as { readonly value: StoreStatus }).value;
  expect(commits.records).toBe(3 * rounds);
  expect(commits.groups).toBeLessThanOrEqual(2 * rounds);
  for (const tab of tabs.toReversed()) {
    await tab.call('close');
    tab.close();
  }
});

test('a page that appends and is hidden at once has appended: what is held is staged first', async () => {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  const never = (): Promise<void> => new Promise(() => undefined);
  const [leader, follower] = Array.from(
    { length: 2 },
    () => new RawClient({ ...testServices(host), gathering: new Gathering(never) }),
  ) as [RawClient, RawClient];
  for (const tab of [leader, follower]) expect(await tab.open()).toMatchObject({ ok: true });
  leader.append(1, 'alone');
  await leader.expect('appended', 1);
  follower.append(1, 'held');
  // Reading stages what is held before it.
  await follower.call('status');
  await follower.expect('appended', 1);
  leader.append(2, 'and hidden');
  await leader.call('park');
  expect(await leader.expect('appended', 2)).toMatchObject({ firstLsn: 3 });
  for (const tab of [follower, leader]) {
    await tab.call('close');
    tab.close();
  }
});
