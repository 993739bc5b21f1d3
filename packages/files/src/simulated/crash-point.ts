/**
 * One moment at which the machine or the program may die: the open questions of that moment, and the
 * state that each choice of answers leads to.
 */
import type { PagedBytes } from '../paged-bytes.ts';
import type { Choice, Questions } from './choices.ts';
import { DiskState, withNames, withWitness, type DiskEvent, type Names } from './disk-state.ts';
import type { ProfileRules } from './profile.ts';
import { SeededRandom, seedOf } from './seeded-random.ts';
import { persistedBytes, SimulatedFile, sizeAfter, type OpenQuestions } from './simulated-file.ts';

export interface CrashPoint {
  readonly questions: Questions;
  after(choice: Choice): DiskState;
}

const never = (): boolean => false;

/** Whether an event that was issued and did not return may have had its effect, wholly or partly. */
function takesEffectWhenIssued(event: DiskEvent): boolean {
  return event.kind !== 'flush' && event.kind !== 'witness-end' && event.kind !== 'names-aged';
}

/**
 * @param state as it was before `inFlight`; not changed
 * @param inFlight what was issued and had not returned, if anything
 */
export function crashPoint(
  state: DiskState,
  inFlight: DiskEvent | undefined,
  rules: ProfileRules,
  seed: number,
): CrashPoint {
  if (rules.crash === 'process') return processDeath(state, inFlight, seed);
  const reached = state.fork();
  if (inFlight !== undefined && takesEffectWhenIssued(inFlight)) reached.apply(inFlight, never);
  return machineDeath(reached, rules, seed);
}

/** The page cache survives: everything done is still there, still unflushed; the last write is a prefix. */
function processDeath(state: DiskState, inFlight: DiskEvent | undefined, seed: number): CrashPoint {
  const before = state.fork();
  let parts: (DiskEvent | undefined)[] = [undefined];
  // A witness change is a question by itself, asked for or confirmed.
  if (inFlight?.kind === 'witness-begin') before.apply(inFlight, never);
  else if (inFlight !== undefined && inFlight.kind !== 'witness-end') {
    parts = partsOf(inFlight, state.atomBytes);
  }
  const witnessAnswers = before.pendingWitness.length + 1;
  const questions: Questions = {
    answers: [parts.length, witnessAnswers],
    newest: [parts.length - 1, witnessAnswers - 1],
    order: [
      ...before.pendingWitness.map((_, index) => [1, index + 1] as const),
      ...parts.slice(1).map((_, index) => [0, index + 1] as const),
    ],
    seed,
  };
  return {
    questions,
    after: (choice) => {
      const next = before.fork();
      const part = parts[choice[0]];
      if (part !== undefined) next.apply(part, never);
      next.witness = withWitness(next.witness, next.pendingWitness.slice(0, choice[1]));
      next.pendingWitness = [];
      return next;
    },
  };
}

/** An event cut short in every way that a dying process may, from nothing to all of it. */
function partsOf(event: DiskEvent, atomBytes: number): (DiskEvent | undefined)[] {
  if (event.kind === 'names') {
    const { changes } = event;
    return [
      undefined,
      ...changes.map((_, index) => ({ ...event, changes: changes.slice(0, index + 1) })),
    ];
  }
  if (event.kind !== 'write') return [undefined, event];
  const { at, bytes } = event;
  const cuts = new Set([1, bytes.length >> 1, bytes.length - 1, bytes.length]);
  for (let cut = atomBytes - (at % atomBytes); cut < bytes.length; cut += atomBytes) cuts.add(cut);
  cuts.delete(0);
  return [
    undefined,
    ...[...cuts]
      .filter((cut) => cut > 0)
      .sort((a, b) => a - b)
      .map((cut) => ({ ...event, bytes: bytes.subarray(0, cut) })),
  ];
}

interface FilePlan {
  readonly inode: number;
  readonly open: OpenQuestions;
  /** Where this file's questions begin: its size, then its atoms. */
  readonly firstQuestion: number;
}

/** Memory is gone: of everything unsettled any part may have persisted. */
function machineDeath(state: DiskState, rules: ProfileRules, seed: number): CrashPoint {
  const { atomBytes, pendingNames, pendingWitness } = state;
  const answers = [pendingNames.length + 1, pendingWitness.length + 1];
  const newest = [pendingNames.length, pendingWitness.length];
  const order: { seq: number; at: readonly [number, number] }[] = [
    ...pendingNames.map(({ seq }, index) => ({ seq, at: [0, index + 1] as const })),
    ...pendingWitness.map(({ seq }, index) => ({ seq, at: [1, index + 1] as const })),
  ];
  const plans: FilePlan[] = [];
  for (const [inode, file] of state.files) {
    // Garbage may stand where a write would have changed nothing.
    const open = file.openQuestions(!rules.garbage);
    const sizeQuestion = answers.length;
    plans.push({ inode, open, firstQuestion: sizeQuestion });
    answers.push(open.sizes.length + 1);
    newest.push(open.sizes.length);
    open.sizes.forEach(({ seq }, index) => order.push({ seq, at: [sizeQuestion, index + 1] }));
    for (const { seqs } of open.atoms) {
      const question = answers.length;
      answers.push(seqs.length + 1 + (rules.garbage ? 1 : 0));
      newest.push(seqs.length);
      seqs.forEach((seq, index) => order.push({ seq, at: [question, index + 1] }));
    }
  }
  order.sort((a, b) => a.seq - b.seq || a.at[0] - b.at[0]);

  const bytesOf = ({ inode, open, firstQuestion }: FilePlan, choice: Choice): PagedBytes =>
    persistedBytes(open, atomBytes, choice[firstQuestion], (ordinal) => {
      const answer = choice[firstQuestion + 1 + ordinal];
      const { index, seqs, content } = open.atoms[ordinal];
      if (answer === 0) return undefined;
      if (answer <= seqs.length) return { seq: seqs[answer - 1], content: content(answer - 1) };
      const garbage = new Uint8Array(atomBytes);
      new SeededRandom(seedOf(seed, inode, index)).fill(garbage);
      return { seq: seqs[seqs.length - 1], content: garbage };
    });

  const namesAfter = (choice: Choice): Names =>
    withNames(
      state.stableNames,
      pendingNames.slice(0, choice[0]).map(({ change }) => change),
    );
  const grows = plans.some(({ open }) => open.sizes.length > 0);
  const identity = (choice: Choice): Choice => {
    const same = choice.slice();
    const named = new Set(namesAfter(choice).values());
    for (const { inode, open, firstQuestion } of plans) {
      const end = firstQuestion + 1 + open.atoms.length;
      if (!named.has(inode)) same.fill(0, firstQuestion, end);
      else if (open.sizes.length > 0) {
        const size = sizeAfter(open, choice[firstQuestion]);
        for (let ordinal = 0; ordinal < open.atoms.length; ordinal++) {
          if (open.atoms[ordinal].index * atomBytes >= size) same[firstQuestion + 1 + ordinal] = 0;
        }
      }
    }
    return same;
  };

  return {
    questions: {
      answers,
      newest,
      order: order.map(({ at }) => at),
      seed,
      identity: grows || pendingNames.length > 0 ? identity : undefined,
    },
    after: (choice) => {
      const names = namesAfter(choice);
      const named = new Set(names.values());
      const files = new Map<number, SimulatedFile>();
      for (const plan of plans) {
        if (named.has(plan.inode)) {
          files.set(plan.inode, new SimulatedFile(atomBytes, bytesOf(plan, choice)));
        }
      }
      const witness = withWitness(state.witness, pendingWitness.slice(0, choice[1]));
      return new DiskState(atomBytes, { names, files, witness, seq: state.seq });
    },
  };
}
