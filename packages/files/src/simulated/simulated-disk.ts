/**
 * A machine with a simulated disk: programs run on its host, and power can be lost at any operation.
 *
 * Always true:
 * - every operation that could change what a crash leaves behind has a number: 1, 2, 3 …
 * - a crash at operation n means that n was issued and did not return; from then on every operation
 *   of this machine throws {@link SimulatedCrash}, so code that swallows one gets no further
 * - equal seeds and equal calls give equal runs and equal images
 * - an image is a machine of its own: nothing done to it is seen by any other
 */
import { FileFault } from '../fault.ts';
import type { Host } from '../host.ts';
import { MemoryLocks } from '../memory/locks.ts';
import { choiceOf, choicesOf, explicitId, type Choice, type Subsets } from './choices.ts';
import { crashPoint, type CrashPoint } from './crash-point.ts';
import { DiskState, FOLDER, type DiskEvent } from './disk-state.ts';
import { FaultPlan, type FaultRule, type InjectedFault } from './fault-plan.ts';
import { PROFILES, type Profile, type ProfileRules } from './profile.ts';
import { SeededRandom, seedOf } from './seeded-random.ts';
import { SimulatedDirectory } from './simulated-directory.ts';
import { SimulatedTime } from './simulated-time.ts';
import { SimulatedWitness } from './simulated-witness.ts';

/** The machine is dead. No code should catch this and go on; it would get no further if it did. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

export interface SimulatedDiskOptions {
  readonly seed?: number;
  readonly profile?: Profile;
  /** What persists or not as a whole: 512 or 4096. Default: the profile's. */
  readonly atomBytes?: number;
  /** All files together may hold this many bytes; growth beyond it throws fault `no-space`. */
  readonly limitBytes?: number;
  /** Names older than this are taken for persisted (write-back reached them). Default 60,000. */
  readonly nameAgeMs?: number;
  /** Keeps every operation, for images of any past moment. Default true; images: false. */
  readonly record?: boolean;
}

export interface ImagesOptions {
  /** The operation to crash in, all of them, those that a function names, or (default) this moment. */
  readonly crashAt?: number | 'every-op' | 'now' | ((op: number) => boolean);
  readonly subsets?: Subsets;
}

/** One legal state after a crash. */
export interface DiskImage {
  /** Replays this image alone: `disk.image(id)` on an equal run. */
  readonly id: string;
  /** The operation that did not return; one past the last when none was in flight. */
  readonly op: number;
  /** The same image with each answer spelled out, for shrinking. */
  readonly explicitId: string;
  /** A new machine with this disk, as if just booted. `profile` says how *it* may crash. */
  disk(options?: { profile?: Profile; record?: boolean }): SimulatedDisk;
}

interface Past {
  readonly state: DiskState;
  readonly events: { readonly event: DiskEvent; readonly atMs: number }[];
}

export class SimulatedDisk {
  readonly profile: Profile;
  readonly faults = new FaultPlan();
  readonly time: SimulatedTime;
  /** Total size of all files beyond which growth fails; may be moved at any time. */
  limitBytes: number;
  readonly #options: SimulatedDiskOptions;
  readonly #rules: ProfileRules;
  readonly #seed: number;
  readonly #state: DiskState;
  readonly #past: Past | undefined;
  readonly #random: SeededRandom;
  readonly #coins: SeededRandom;
  readonly #locks = new MemoryLocks();
  readonly #openInodes = new Set<number>();
  #nextInode = FOLDER + 1;
  #opCount = 0;
  #crashAtOp = Infinity;
  #crashed = false;
  #inFlight: DiskEvent | undefined;
  /** Files of which an earlier flush failed and said nothing. */
  readonly #lateFailures = new Set<number>();
  #oldestNameMs = Infinity;

  constructor(options: SimulatedDiskOptions = {}, boot?: { state: DiskState; nowMs: number }) {
    this.profile = options.profile ?? 'power';
    this.#options = options;
    this.#rules = PROFILES[this.profile];
    this.#seed = options.seed ?? 1;
    this.limitBytes = options.limitBytes ?? Infinity;
    this.#state = boot?.state ?? new DiskState(options.atomBytes ?? this.#rules.atomBytes);
    for (const inode of this.#state.files.keys()) {
      this.#nextInode = Math.max(this.#nextInode, inode + 1);
    }
    this.#past = (options.record ?? true) ? { state: this.#state.fork(), events: [] } : undefined;
    this.time = new SimulatedTime(boot?.nowMs ?? 0);
    if (this.#state.pendingNames.length > 0) this.#oldestNameMs = this.time.nowMs();
    this.#random = new SeededRandom(seedOf(this.#seed, 'random'));
    this.#coins = new SeededRandom(seedOf(this.#seed, 'coins'));
  }

  /** A host over this machine. All hosts of one machine share files, locks and time. */
  host(): Host {
    return {
      kind: 'simulated',
      root: new SimulatedDirectory(this, ''),
      clock: this.time,
      random: this.#random,
      timers: this.time,
      locks: {
        acquire: async (name, options) => {
          this.assertAlive();
          return this.#locks.acquire(name, options);
        },
      },
      witness: new SimulatedWitness(this),
    };
  }

  /** Operations issued so far. What was acknowledged at count c is owed by every image with `op` > c. */
  get opCount(): number {
    return this.#opCount;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  /** Loses power inside operation `op`. */
  crashAt(op: number): void {
    this.#crashAtOp = op;
  }

  inject(rule: FaultRule): InjectedFault {
    return this.faults.inject(rule);
  }

  /** Moves the clock, running timers; names that have become old enough are taken for persisted. */
  advance(ms: number): void {
    survivingCrash(() => this.time.advance(ms));
    survivingCrash(() => this.#ageNames());
  }

  /** Like {@link advance}, and lets promises settle after each timer. */
  async advanceAsync(ms: number): Promise<void> {
    await this.time.advanceAsync(ms, survivingCrash);
    survivingCrash(() => this.#ageNames());
  }

  /** Atoms written since they were last certainly persisted, by path. */
  liveAtoms(): { path: string; atoms: number[] }[] {
    return [...this.#state.names]
      .filter(([, inode]) => inode !== FOLDER)
      .map(([path, inode]) => ({ path, atoms: this.#state.file(inode).liveAtoms }))
      .filter(({ atoms }) => atoms.length > 0);
  }

  /** An equal machine that goes its own way from here: nothing is lost, no handle or lock is held. */
  fork(options: { profile?: Profile; record?: boolean; seed?: number } = {}): SimulatedDisk {
    return this.#boot(this.#state.fork(), this.time.nowMs(), options.seed ?? this.#seed, options);
  }

  /** Every legal state after a crash, lazily; few questions exhaustively, many by telling samples. */
  *images(options: ImagesOptions = {}): Generator<DiskImage> {
    const { crashAt = 'now', subsets } = options;
    if (crashAt === 'now' || typeof crashAt === 'number') {
      yield* this.#imagesAt(this.#pointAt(crashAt), subsets);
      return;
    }
    const wanted = crashAt === 'every-op' ? () => true : crashAt;
    const { state, events } = this.#recorded();
    const walker = state.fork();
    const coins = new SeededRandom(seedOf(this.#seed, 'coins'));
    for (let index = 0; index < events.length; index++) {
      const { event, atMs } = events[index];
      if (wanted(index + 1)) {
        yield* this.#imagesAt(this.#point(walker, event, index + 1, atMs), subsets);
      }
      walker.apply(event, () => coins.below(2) === 0);
    }
    if (!this.#crashed && wanted(this.#nowOp()))
      yield* this.#imagesAt(this.#pointAt('now'), subsets);
  }

  /** The image of this id. @throws when the run was not the one that the id is from */
  image(id: string): DiskImage {
    const [op, choiceId] = id.split(':');
    const located = this.#pointAt(Number(op) === this.#nowOp() ? 'now' : Number(op));
    return this.#imageOf(located, choiceId, choiceOf(located.point.questions, choiceId));
  }

  /** A machine booted after a crash now; `choice` as in choices.ts, by default nothing unflushed persisted. */
  powerCut(choice = 'none', options: { profile?: Profile; record?: boolean } = {}): SimulatedDisk {
    return this.image(`${this.#nowOp()}:${choice}`).disk(options);
  }

  /** The user clears the origin's storage. Open handles go on working, as they do in browsers. */
  clearSiteData(options: { witness: boolean }): void {
    this.issue({ kind: 'cleared', witnessToo: options.witness });
  }

  /** What operation `op` of a recorded run was to do. */
  operation(op: number): DiskEvent | undefined {
    return this.#past?.events[op - 1]?.event;
  }

  /** The whole of a file, or of it so many bytes at `at`, as reads would show it. */
  peek(path: string, at = 0, length = Infinity): Uint8Array {
    const file = this.#state.file(this.#inodeAt(path));
    const bytes = new Uint8Array(Math.max(0, Math.min(length, file.size - at)));
    file.read(bytes, at);
    return bytes;
  }

  /** A file's size in bytes; 0 when there is none of this name. */
  sizeOf(path: string): number {
    const inode = this.#state.names.get(path);
    return inode === undefined || inode === FOLDER ? 0 : this.#state.file(inode).size;
  }

  /** Equal for machines on which programs find the same; for others it differs, but for chance. */
  fingerprint(): string {
    const files = [...this.#state.names].map(([path, inode]) =>
      inode === FOLDER ? path : `${path} ${this.#state.file(inode).fingerprint()}`,
    );
    return `${files.sort().join('|')}|${JSON.stringify([...this.#state.witnessNow()])}`;
  }

  /** Changes bytes on the disk and in the cache at once, behind every program's back: see damage.ts. */
  poke(path: string, bytes: Uint8Array, at: number): void {
    this.issue({ kind: 'rot', inode: this.#inodeAt(path), at, bytes: bytes.slice() });
  }

  // What follows is for this machine's own directory, files and witness.

  assertAlive(): void {
    if (this.#crashed) throw new SimulatedCrash('the machine has lost power');
  }

  get state(): DiskState {
    return this.#state;
  }

  get openInodes(): Set<number> {
    return this.#openInodes;
  }

  takeInode(): number {
    return this.#nextInode++;
  }

  /** Numbers the operation, crashes if this is the one, else lets it happen. */
  issue(event: DiskEvent): void {
    this.assertAlive();
    this.#opCount += 1;
    const happened = this.#pruned(event);
    this.#past?.events.push({ event: happened, atMs: this.time.nowMs() });
    if (this.#opCount === this.#crashAtOp) {
      this.#crashed = true;
      this.#inFlight = happened;
      this.time.stop();
      throw new SimulatedCrash(`power lost in operation ${this.#opCount} (${event.kind})`);
    }
    if (happened.kind === 'names') {
      this.#oldestNameMs = Math.min(this.#oldestNameMs, this.time.nowMs());
    }
    this.#state.apply(happened, () => this.#coins.below(2) === 0);
  }

  /** A flush as the profile and the fault plan have it. */
  flush(inode: number, path: string): void {
    const { flushLies, failedFlush } = this.#rules;
    const effect = this.faults.strike('flush', path);
    if (effect !== undefined && 'throws' in effect) {
      this.issue({
        kind: 'flush',
        inode,
        outcome: failedFlush === 'revert' ? 'reverted' : 'forgot',
      });
      if (failedFlush !== 'late') throw new FileFault(effect.throws, 'simulated flush failure');
      this.#lateFailures.add(inode);
      return;
    }
    if (this.#lateFailures.delete(inode)) {
      this.issue({ kind: 'flush', inode, outcome: 'forgot' });
      throw new FileFault('io', 'simulated failure of an earlier flush');
    }
    this.issue({ kind: 'flush', inode, outcome: flushLies ? 'lied' : 'settled' });
  }

  /** @throws with fault `no-space` when all files together would outgrow the limit */
  charge(growthBytes: number): void {
    if (growthBytes <= 0 || this.limitBytes === Infinity) return;
    let usedBytes = 0;
    for (const [, inode] of this.#state.names) {
      if (inode !== FOLDER) usedBytes += this.#state.file(inode).size;
    }
    if (usedBytes + growthBytes > this.limitBytes) {
      throw new FileFault('no-space', `over the limit of ${this.limitBytes} bytes`);
    }
  }

  /** Whether this machine's witness confirms before its writes are safe. */
  get flushLies(): boolean {
    return this.#rules.flushLies;
  }

  /** The caller may reuse its buffer, so the bytes are copied once here. */
  #pruned(event: DiskEvent): DiskEvent {
    if (event.kind !== 'write') return event;
    const keeps = this.#past !== undefined || this.#opCount === this.#crashAtOp;
    return keeps ? { ...event, bytes: event.bytes.slice() } : event;
  }

  #ageNames(): void {
    const ageMs = this.time.nowMs() - this.#oldestNameMs;
    if (this.#crashed || ageMs < (this.#options.nameAgeMs ?? 60_000)) return;
    this.#oldestNameMs = Infinity;
    this.issue({ kind: 'names-aged' });
  }

  #inodeAt(path: string): number {
    const inode = this.#state.names.get(path);
    if (inode === undefined || inode === FOLDER)
      throw new FileFault('not-found', `no file ${path}`);
    return inode;
  }

  #nowOp(): number {
    return this.#crashed ? this.#opCount : this.#opCount + 1;
  }

  #recorded(): Past {
    if (this.#past === undefined) throw new Error('this disk was made with record: false');
    return this.#past;
  }

  #pointAt(op: number | 'now'): LocatedPoint {
    if (op === 'now') {
      return this.#point(this.#state, this.#inFlight, this.#nowOp(), this.time.nowMs());
    }
    const { state, events } = this.#recorded();
    if (!(op >= 1 && op <= events.length)) throw new RangeError(`no operation ${op} in this run`);
    const walker = state.fork();
    const coins = new SeededRandom(seedOf(this.#seed, 'coins'));
    for (const { event } of events.slice(0, op - 1)) {
      walker.apply(event, () => coins.below(2) === 0);
    }
    const { event, atMs } = events[op - 1];
    return this.#point(walker, event, op, atMs);
  }

  #point(
    state: DiskState,
    inFlight: DiskEvent | undefined,
    op: number,
    atMs: number,
  ): LocatedPoint {
    const seed = seedOf(this.#seed, op);
    return { op, atMs, point: crashPoint(state, inFlight, this.#rules, seed) };
  }

  *#imagesAt(located: LocatedPoint, subsets: Subsets | undefined): Generator<DiskImage> {
    for (const { id, choice } of choicesOf(located.point.questions, subsets)) {
      yield this.#imageOf(located, id, choice);
    }
  }

  #imageOf({ op, atMs, point }: LocatedPoint, choiceId: string, choice: Choice): DiskImage {
    return {
      id: `${op}:${choiceId}`,
      op,
      get explicitId() {
        return `${op}:${explicitId(choice)}`;
      },
      disk: (options = {}) =>
        this.#boot(point.after(choice), atMs, seedOf(this.#seed, op, choiceId), {
          record: false,
          ...options,
        }),
    };
  }

  #boot(
    state: DiskState,
    nowMs: number,
    seed: number,
    options: { profile?: Profile; record?: boolean },
  ): SimulatedDisk {
    const inherited = { ...this.#options, limitBytes: this.limitBytes, seed, ...options };
    return new SimulatedDisk(inherited, { state, nowMs });
  }
}

/** Whoever moves the clock stands outside of the machine and sees it die by its `crashed`. */
function survivingCrash(task: () => void): void {
  try {
    task();
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
  }
}

interface LocatedPoint {
  readonly op: number;
  readonly atMs: number;
  readonly point: CrashPoint;
}
