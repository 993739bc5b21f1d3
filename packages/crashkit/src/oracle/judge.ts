/**
 * Finds a reading of what came back under which it is legal, or says why there is none.
 *
 * A reading goes through the groups that the crash may have left, in the order of issue:
 *  1. a group's records stand next: they are taken;
 *  2. or the group may be skipped, since its outcome was unknown to the store that went on;
 *  3. or everything ends here: nothing further came back, and no group from here on is owed.
 * Equal records may be taken for one another, so all readings are followed at once.
 */
import type { Group } from './group.ts';
import type { Crash } from './history.ts';
import { Violation, type Rule } from './violation.ts';

/** A reading so far: how much of what came back it has taken, and the groups it found there. */
interface Reading<T> {
  readonly place: number;
  readonly found: Group<T> | undefined;
  readonly before: Reading<T> | undefined;
}

/**
 * @returns the groups that are there
 * @throws Violation
 */
export function judge<T>(
  groups: readonly Group<T>[],
  recovered: readonly T[],
  crash: Crash,
  same: (a: T, b: T) => boolean,
  show: (value: T) => string,
): Set<Group<T>> {
  const { op = Infinity } = crash;
  const possible = groups.filter((group) => group.isPossible(op));
  const lastOwed = possible.findLastIndex((group) => group.isOwed(op));
  const fits = (group: Group<T>, place: number): boolean =>
    place + group.values.length <= recovered.length &&
    group.values.every((value, index) => same(value, recovered[place + index]));

  /** By place: two readings that have taken equally much have the same future. */
  let readings = new Map<number, Reading<T>>([
    [0, { place: 0, found: undefined, before: undefined }],
  ]);
  for (const [ordinal, group] of possible.entries()) {
    const complete = readings.get(recovered.length);
    if (complete !== undefined && ordinal > lastOwed) return groupsOf(complete);
    const next = new Map<number, Reading<T>>();
    for (const reading of readings.values()) {
      const { place } = reading;
      if (group.isOptional(op)) next.set(place, reading);
      if (!fits(group, place)) continue;
      const end = place + group.values.length;
      next.set(end, { place: end, found: group, before: reading });
    }
    if (next.size === 0) {
      const place = Math.max(...readings.keys());
      throw explained(groups, possible, ordinal, recovered, place, crash, same, show);
    }
    readings = next;
  }
  const complete = readings.get(recovered.length);
  if (complete !== undefined) return groupsOf(complete);
  const place = Math.max(...readings.keys());
  throw explained(groups, possible, possible.length, recovered, place, crash, same, show);
}

function groupsOf<T>(last: Reading<T>): Set<Group<T>> {
  const found = new Set<Group<T>>();
  for (
    let reading: Reading<T> | undefined = last;
    reading !== undefined;
    reading = reading.before
  ) {
    if (reading.found !== undefined) found.add(reading.found);
  }
  return found;
}

/** Why the group at `ordinal` is not at `place`, or what else is there. */
function explained<T>(
  groups: readonly Group<T>[],
  possible: readonly Group<T>[],
  ordinal: number,
  recovered: readonly T[],
  place: number,
  { op = Infinity, id }: Crash,
  same: (a: T, b: T) => boolean,
  show: (value: T) => string,
): Violation {
  const expected = ordinal < possible.length ? possible[ordinal] : undefined;
  const violation = (rule: Rule, record: number | undefined, message: string): Violation =>
    new Violation(`${message}\n  ${came(recovered, place, show)}`, {
      rule,
      record,
      place: place + 1,
      imageId: id,
    });

  const owed = possible.slice(ordinal).find((group) => group.isOwed(op));
  if (place >= recovered.length) {
    const { firstRecord, acknowledgedAt, values } = owed ?? possible[ordinal];
    const when = Number.isFinite(op) ? ` at operation ${acknowledgedAt}` : '';
    const crashed = Number.isFinite(op) ? `; the crash was in operation ${op}` : '';
    return violation(
      'acknowledged',
      firstRecord,
      `record ${firstRecord} (${show(values[0])}) was acknowledged${when} and is gone${crashed}`,
    );
  }

  const there = recovered[place];
  if (expected !== undefined) {
    const { values, firstRecord } = expected;
    let equal = 0;
    while (place + equal < recovered.length && equal < values.length) {
      if (!same(values[equal], recovered[place + equal])) break;
      equal += 1;
    }
    if (equal > 0) {
      const last = firstRecord + values.length - 1;
      return violation(
        'whole',
        firstRecord + equal,
        `records ${firstRecord} to ${last} were issued as one and only ${equal} of them came back`,
      );
    }
  }
  const holds = (group: Group<T>): number => group.values.findIndex((value) => same(value, there));
  const elsewhere = (among: readonly Group<T>[]): number | undefined => {
    const group = among.find((each) => holds(each) >= 0);
    return group === undefined ? undefined : group.firstRecord + holds(group);
  };

  const later = elsewhere(possible.slice(ordinal + 1));
  if (later !== undefined && expected !== undefined) {
    const rule = expected.isOwed(op) ? 'acknowledged' : 'prefix';
    return violation(
      rule,
      expected.firstRecord,
      `record ${expected.firstRecord} (${show(expected.values[0])}) is missing; ` +
        `record ${later} stands in its place`,
    );
  }
  const earlier = elsewhere(possible.slice(0, ordinal));
  if (earlier !== undefined) {
    return violation('prefix', earlier, `record ${earlier} is there twice, or out of order`);
  }
  const refused = elsewhere(
    groups.filter((group) => group.issuedAt < op && group.withdrawnAt < op),
  );
  if (refused !== undefined) {
    return violation(
      'refused',
      refused,
      `record ${refused} was refused or withdrawn, and is there`,
    );
  }
  if (expected === undefined) {
    const notYet = elsewhere(groups.filter((group) => group.issuedAt >= op));
    const what = notYet === undefined ? 'was never issued' : `is record ${notYet}, issued later`;
    return violation('prefix', notYet, `there is more than was issued: ${show(there)} ${what}`);
  }
  return violation(
    'bytes',
    expected.firstRecord,
    `record ${expected.firstRecord} was issued as ${show(expected.values[0])} ` +
      `and came back as ${show(there)}`,
  );
}

function came<T>(recovered: readonly T[], place: number, show: (value: T) => string): string {
  const count = `${recovered.length} ${recovered.length === 1 ? 'record' : 'records'} came back`;
  const before = place > 0 ? `, the first ${place} as issued` : '';
  const next = place < recovered.length ? `, then ${show(recovered[place])}` : '';
  return count + before + next;
}
