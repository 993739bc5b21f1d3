import { describe, expect, test } from 'vitest';
import { Introducer } from './introducer.ts';

/** A context, and what it was told. */
function context() {
  const told: [string, string][] = [];
  return { told, tell: (name: string, end: string) => void told.push([name, end]) };
}

function introducer() {
  let ports = 0;
  return new Introducer<string>(() => {
    ports++;
    return [`${ports} a`, `${ports} b`];
  });
}

describe('two contexts', () => {
  test('that name the same get one end each, once', () => {
    const all = introducer();
    const [one, two, three] = [context(), context(), context()];
    all.hear(one.tell, { meet: 'link' });
    all.hear(two.tell, { meet: 'other' });
    expect([one.told, two.told]).toEqual([[], []]);
    all.hear(two.tell, { meet: 'link' });
    expect(one.told).toEqual([['link', '1 a']]);
    expect(two.told).toEqual([['link', '1 b']]);
    all.hear(three.tell, { meet: 'link' });
    expect(one.told).toHaveLength(1);
    expect(three.told).toEqual([]);
  });

  test('are two: nobody meets itself', () => {
    const all = introducer();
    const one = context();
    all.hear(one.tell, { meet: 'link' });
    all.hear(one.tell, { meet: 'link' });
    expect(one.told).toEqual([]);
    expect(all.size).toBe(1);
  });
});

describe('who left', () => {
  test('is met by nobody, and takes nobody else along', () => {
    const all = introducer();
    const [one, two] = [context(), context()];
    all.hear(one.tell, { meet: 'link' });
    all.hear(two.tell, { leave: 'link' });
    expect(all.size).toBe(1);
    all.hear(one.tell, { leave: 'link' });
    expect(all.size).toBe(0);
    all.hear(two.tell, { meet: 'link' });
    expect(two.told).toEqual([]);
  });

  test('with its context leaves all its names', () => {
    const all = introducer();
    const [one, two] = [context(), context()];
    all.hear(one.tell, { meet: 'a' });
    all.hear(one.tell, { meet: 'b' });
    all.hear(two.tell, { meet: 'c' });
    all.forget(one.tell);
    expect(all.size).toBe(1);
    all.hear(one.tell, { meet: 'c' });
    expect(two.told).toHaveLength(1);
  });
});

describe('a context that is up to no good', () => {
  test('says what is no message: nothing happens', () => {
    const all = introducer();
    const one = context();
    const garbage = [null, 7, 'meet', [], {}, { meet: 7 }, { meet: {} }, { leave: null }];
    for (const message of [undefined, ...garbage, { meet: 'x'.repeat(201) }])
      all.hear(one.tell, message);
    expect(all.size).toBe(0);
    expect(one.told).toEqual([]);
  });

  test('names more than there is room for: the oldest go, the newest meet', () => {
    const all = introducer();
    const [flood, one, two] = [context(), context(), context()];
    all.hear(one.tell, { meet: 'early' });
    for (let name = 0; name < 10_000; name++) all.hear(flood.tell, { meet: `${name}` });
    expect(all.size).toBe(4_096);
    all.hear(two.tell, { meet: 'early' });
    expect(one.told).toEqual([]);
    all.hear(one.tell, { meet: 'late' });
    all.hear(two.tell, { meet: 'late' });
    expect(one.told).toHaveLength(1);
  });
});
