/**
 * Judges what the pages were told of a volume, each look by itself and all of them together.
 *
 * - V1 what was acknowledged before a look began is seen by it, or what its client wrote later
 * - V2 nothing is seen that nobody wrote, or wrote later, or that was told `not-written` before
 * - V3 calls of one client take effect in their order, one group wholly or not at all; a look of its
 *   own sees what it issued before, and nothing that it issued afterwards and that was done
 * - V4 what was told `LEADER_LOST` has happened by then, or never does
 * - V5 a snapshot that was made is there, until it is deleted; one that was not, or was deleted, is not
 * - V6 what a snapshot shows is of a moment between its call and the answer, and stays as it is
 *
 * (A damaged register, a finding of `check` and a disorderly `diff` are violations at once.)
 */
import { type ChangeFact, type Listing, type Look, type VolumeHistory, nameOf } from './history.ts';
import { cellOf, ownerOf } from './registers.ts';

/** A snapshot's making, by its name. */
type Made = ReadonlyMap<string, ChangeFact>;

export function judgeVolume(history: VolumeHistory): string[] {
  const wrong = [...history.violations];
  const made = new Map<string, ChangeFact>();
  const byCell = new Map<string, ChangeFact[]>();
  for (const fact of history.changes) {
    if (fact.kind === 'snapshot') made.set(fact.name!, fact);
    for (const register of fact.registers) {
      const cell = cellOf(fact.client, register);
      byCell.set(cell, [...(byCell.get(cell) ?? []), fact]);
    }
  }
  for (const look of history.looks) {
    const maker = look.view === undefined ? undefined : made.get(look.view);
    if (look.view !== undefined && maker === undefined) {
      wrong.push(`V5: a snapshot ${look.view} was read that nobody made`);
      continue;
    }
    for (const [cell, seen] of look.seen)
      wrong.push(...wrongCell(look, cell, seen, byCell.get(cell) ?? [], maker));
    wrong.push(...wrongOrder(look, history.changes, maker));
  }
  wrong.push(...wrongLost(history), ...wrongSnapshots(history, made));
  for (const listing of history.listings) wrong.push(...wrongListing(listing, history, made));
  return wrong;
}

const shownBy = ({ kind, number }: ChangeFact): number => (kind === 'trim' ? 0 : number);

const endedBy = ({ endedMs }: ChangeFact, ms: number): boolean => (endedMs ?? Infinity) <= ms;

const isRefused = ({ error }: ChangeFact): boolean => error?.outcome === 'not-written';

/** Of the facts of a cell those that may have come to be seen in a view. */
function factsOfView(facts: readonly ChangeFact[], maker: ChangeFact | undefined): ChangeFact[] {
  return facts.filter((fact) => {
    if (maker === undefined) return fact.view === undefined;
    if (fact.view === maker.name) return true;
    if (fact.view !== undefined) return false;
    // What its maker wrote to the origin afterwards is not in it.
    return fact.client !== maker.client || fact.number < maker.number;
  });
}

/** It must be seen, or something later of its client. */
function isOwed(fact: ChangeFact, look: Look, maker: ChangeFact | undefined): boolean {
  if (!fact.isDone) return false;
  if (maker !== undefined && fact.view === undefined)
    return fact.client === maker.client || endedBy(fact, maker.issuedMs);
  return (
    endedBy(fact, look.issuedMs) || (fact.client === look.client && fact.number <= look.afterChange)
  );
}

/** It may be seen. */
function isPossible(fact: ChangeFact, look: Look, maker: ChangeFact | undefined): boolean {
  if (isRefused(fact) && endedBy(fact, look.issuedMs)) return false;
  if (maker !== undefined && fact.view === undefined)
    return fact.issuedMs <= (maker.isDone ? maker.endedMs! : look.endedMs);
  const isLater = fact.client === look.client && fact.number > look.afterChange && fact.isDone;
  return fact.issuedMs <= look.endedMs && !isLater;
}

function wrongCell(
  look: Look,
  cell: string,
  seen: number,
  all: readonly ChangeFact[],
  maker: ChangeFact | undefined,
): string[] {
  const facts = factsOfView(all, maker);
  const owed = facts.findLast((fact) => isOwed(fact, look, maker));
  const isShown = facts.some(
    (fact) =>
      shownBy(fact) === seen && fact.number >= (owed?.number ?? 0) && isPossible(fact, look, maker),
  );
  if (isShown || (seen === 0 && owed === undefined)) return [];
  const known = facts.find(({ number }) => number === seen);
  const what = `client ${look.client} saw ${seen} in register ${cell} of ${look.view ?? 'the origin'}`;
  if (owed !== undefined && seen < owed.number) {
    const rule = maker === undefined ? 'V1' : 'V6';
    return [`${rule}: ${what} (${look.issuedMs.toFixed(1)} ms), ${nameOf(owed)} was before it`];
  }
  const why = known === undefined ? 'nobody wrote' : `${nameOf(known)} could not be seen`;
  return [`${maker === undefined ? 'V2' : 'V6'}: ${what} (${look.issuedMs.toFixed(1)} ms): ${why}`];
}

/** The changes of each client that a look shows are a beginning of all that were done, and each is whole. */
function wrongOrder(
  look: Look,
  changes: readonly ChangeFact[],
  maker: ChangeFact | undefined,
): string[] {
  const last = new Map<number, number>();
  for (const [cell, seen] of look.seen)
    last.set(ownerOf(cell), Math.max(seen, last.get(ownerOf(cell)) ?? 0));
  for (const fact of factsOfView(changes, maker)) {
    const shown = fact.registers
      .map((register) => look.seen.get(cellOf(fact.client, register)))
      .filter((seen) => seen !== undefined);
    if (fact.kind !== 'write' || shown.length === 0) continue;
    const isSeen = shown.some((seen) => seen >= fact.number);
    const isWhole = shown.every((seen) => seen >= fact.number);
    if (shown.includes(fact.number) && !isWhole)
      return [`V3: client ${look.client} saw ${nameOf(fact)} by half: ${shown.join()}`];
    const isBefore = fact.isDone && fact.number < (last.get(fact.client) ?? 0);
    if (isBefore && !isSeen && shown.length > 1)
      return [`V3: client ${look.client} saw what came after ${nameOf(fact)}, and not that`];
    if (isBefore && !isSeen && fact.registers.length === 1 && !wasTrimmed(fact, changes))
      return [`V3: client ${look.client} saw what came after ${nameOf(fact)}, and not that`];
  }
  return [];
}

function wasTrimmed({ client, registers }: ChangeFact, changes: readonly ChangeFact[]): boolean {
  return changes.some(
    (fact) => fact.kind === 'trim' && fact.client === client && fact.registers[0] === registers[0],
  );
}

/** Nobody knew what became of it, but it was decided. */
function wrongLost({ changes, looks }: VolumeHistory): string[] {
  const wrong: string[] = [];
  for (const fact of changes) {
    if (fact.error?.code !== 'LEADER_LOST' || fact.kind !== 'write') continue;
    const cell = cellOf(fact.client, fact.registers[0]!);
    const decided = looks.filter(
      ({ view, issuedMs, seen }) =>
        view === fact.view && issuedMs > fact.endedMs! && seen.has(cell),
    );
    const isThere = decided.some(({ seen }) => seen.get(cell) === fact.number);
    const before = decided.find(({ seen }) => seen.get(cell)! < fact.number);
    if (isThere && before !== undefined && !wasTrimmed(fact, changes))
      wrong.push(
        `V4: ${nameOf(fact)} was lost, and is there or not: client ${before.client} saw ${before.seen.get(cell)}`,
      );
  }
  return wrong;
}

/** What others wrote never changes in a snapshot. */
function wrongSnapshots({ looks }: VolumeHistory, made: Made): string[] {
  const wrong: string[] = [];
  const first = new Map<string, number>();
  for (const { view, issuedMs, seen, client } of looks) {
    const maker = view === undefined ? undefined : made.get(view);
    if (maker?.isDone !== true || issuedMs < maker.endedMs!) continue;
    for (const [cell, change] of seen) {
      if (ownerOf(cell) === maker.client) continue;
      const key = `${view} ${cell}`;
      const known = first.get(key) ?? change;
      first.set(key, known);
      if (known !== change)
        wrong.push(
          `V6: client ${client} saw ${change} in register ${cell} of ${view}, which was ${known}`,
        );
    }
  }
  return wrong;
}

function wrongListing(
  { client, names, issuedMs, endedMs, afterChange }: Listing,
  { changes }: VolumeHistory,
  made: Made,
): string[] {
  const wrong: string[] = [];
  const deleted = changes.filter(({ kind }) => kind === 'delete');
  const who = `a list of client ${client} (${issuedMs.toFixed(1)} ms)`;
  for (const name of names) {
    const fact = made.get(name);
    if (fact === undefined || (isRefused(fact) && endedBy(fact, issuedMs)))
      wrong.push(`V5: ${who} has ${name}, which nobody made`);
    if (deleted.some((gone) => gone.name === name && gone.isDone && endedBy(gone, issuedMs)))
      wrong.push(`V5: ${who} has ${name}, which was deleted`);
  }
  for (const [name, fact] of made) {
    const isOwn = fact.client === client && fact.number <= afterChange;
    if (!fact.isDone || !(endedBy(fact, issuedMs) || isOwn) || names.includes(name)) continue;
    if (deleted.some((gone) => gone.name === name && gone.issuedMs <= endedMs)) continue;
    wrong.push(`V5: ${who} has no ${name}, which was made`);
  }
  return wrong;
}
