/**
 * Everything that a machine's storage holds: files, names, the witness. It only ever changes by
 * applying an event, so a recorded run can be played to any point.
 *
 * Always true:
 * - names are a log of their own; no flush settles it, and a power cut keeps any prefix of it
 * - `names` and `stableNames` are replaced, never changed, so that forks may share them
 * - a file that lost its name stays: a power cut could bring the name back, and a handle still works
 */
import type { WitnessEntry } from '../host.ts';
import { SimulatedFile, type WriteFate } from './simulated-file.ts';

/** Path (`store/journal`) to inode; folders have inode {@link FOLDER}. */
export type Names = ReadonlyMap<string, number>;
export const FOLDER = 0;

export interface NameChange {
  readonly path: string;
  /** Undefined: the name goes away. */
  readonly inode: number | undefined;
  /** A move: this name goes away in the same breath. */
  readonly from?: string;
}

export interface WitnessChange {
  readonly store: string;
  readonly entry: WitnessEntry | undefined;
}

/** What a flush really did. `lied`: it reported success and persisted nothing. */
type FlushOutcome = 'settled' | 'lied' | 'forgot' | 'reverted';

export type DiskEvent =
  | {
      readonly kind: 'write';
      readonly inode: number;
      readonly at: number;
      readonly bytes: Uint8Array;
      readonly fate: WriteFate;
    }
  | { readonly kind: 'truncate'; readonly inode: number; readonly size: number }
  | { readonly kind: 'flush'; readonly inode: number; readonly outcome: FlushOutcome }
  | { readonly kind: 'names'; readonly changes: readonly NameChange[] }
  | {
      readonly kind: 'rot';
      readonly inode: number;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'names-aged' }
  | { readonly kind: 'witness-begin'; readonly change: WitnessChange }
  | { readonly kind: 'witness-end' }
  | { readonly kind: 'cleared'; readonly witnessToo: boolean };

export class DiskState {
  readonly atomBytes: number;
  readonly files: Map<number, SimulatedFile>;
  names: Names;
  stableNames: Names;
  /** Name changes that a power cut may still undo, from the newest backwards. */
  pendingNames: { readonly seq: number; readonly change: NameChange }[];
  witness: ReadonlyMap<string, WitnessEntry>;
  /** Witness changes that were asked for and not yet confirmed; they persist in order. */
  pendingWitness: { readonly seq: number; readonly change: WitnessChange }[];
  seq: number;

  constructor(atomBytes: number, from?: Partial<DiskState>) {
    this.atomBytes = atomBytes;
    this.files = from?.files ?? new Map();
    this.names = from?.names ?? new Map();
    this.stableNames = from?.stableNames ?? this.names;
    this.pendingNames = from?.pendingNames ?? [];
    this.witness = from?.witness ?? new Map();
    this.pendingWitness = from?.pendingWitness ?? [];
    this.seq = from?.seq ?? 0;
  }

  fork(): DiskState {
    const files = new Map<number, SimulatedFile>();
    for (const [inode, file] of this.files) files.set(inode, file.fork());
    const { atomBytes, names, stableNames, witness, seq } = this;
    return new DiskState(atomBytes, {
      files,
      names,
      stableNames,
      pendingNames: [...this.pendingNames],
      witness,
      pendingWitness: [...this.pendingWitness],
      seq,
    });
  }

  file(inode: number): SimulatedFile {
    const known = this.files.get(inode);
    if (known !== undefined) return known;
    const fresh = new SimulatedFile(this.atomBytes);
    this.files.set(inode, fresh);
    return fresh;
  }

  /** @param coin decides what a failing flush persisted all the same */
  apply(event: DiskEvent, coin: () => boolean): void {
    this.seq += 1;
    switch (event.kind) {
      case 'write':
        this.file(event.inode).write(this.seq, event.bytes, event.at, event.fate);
        break;
      case 'truncate':
        this.file(event.inode).truncate(this.seq, event.size);
        break;
      case 'flush':
        if (event.outcome === 'settled') this.file(event.inode).settle();
        if (event.outcome === 'forgot') this.file(event.inode).forgetDirty();
        if (event.outcome === 'reverted') this.file(event.inode).revertDirty(coin);
        break;
      case 'rot':
        this.file(event.inode).damage(event.bytes, event.at);
        break;
      case 'names':
        for (const change of event.changes) this.pendingNames.push({ seq: this.seq, change });
        this.names = withNames(this.names, event.changes);
        break;
      case 'names-aged':
        this.stableNames = this.names;
        this.pendingNames = [];
        break;
      case 'witness-begin':
        this.pendingWitness.push({ seq: this.seq, change: event.change });
        break;
      case 'witness-end':
        this.witness = withWitness(this.witness, this.pendingWitness.splice(0, 1));
        break;
      case 'cleared':
        this.names = new Map();
        this.stableNames = this.names;
        this.pendingNames = [];
        if (event.witnessToo) {
          this.witness = new Map();
          this.pendingWitness = [];
        }
        break;
    }
  }

  /** What the witness answers now: all that was asked for, confirmed or not. */
  witnessNow(): ReadonlyMap<string, WitnessEntry> {
    return withWitness(this.witness, this.pendingWitness);
  }
}

export function withNames(names: Names, changes: readonly NameChange[]): Names {
  if (changes.length === 0) return names;
  const next = new Map(names);
  for (const { path, inode, from } of changes) {
    if (from !== undefined) next.delete(from);
    if (inode === undefined) next.delete(path);
    else next.set(path, inode);
  }
  return next;
}

export function withWitness(
  witness: ReadonlyMap<string, WitnessEntry>,
  pending: readonly { readonly change: WitnessChange }[],
): ReadonlyMap<string, WitnessEntry> {
  if (pending.length === 0) return witness;
  const next = new Map(witness);
  for (const { change } of pending) {
    if (change.entry === undefined) next.delete(change.store);
    else next.set(change.store, change.entry);
  }
  return next;
}
