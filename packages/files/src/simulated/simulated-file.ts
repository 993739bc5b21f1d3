/**
 * One file of the simulated disk: what a program reads, and what would be there after a power cut.
 *
 * Always true:
 * - `cache` is what reads return; `stable` is what was certainly persisted
 * - every atom in which they may differ is in `live` with all versions written since it was stable;
 *   after a power cut each live atom holds its stable content or any one of these versions
 * - the size has versions of its own, independent of the data
 * - a version that a program overwrote is kept as a snapshot; the newest is read from `cache`
 */
import { PagedBytes } from '../paged-bytes.ts';
import { fingerprintOf } from './fingerprint.ts';

/** What a device does with a write that it reports as done. */
export type WriteFate = 'kept' | 'lost' | { readonly misdirectedBy: number };

interface LiveAtom {
  /** When each version was written, ascending. */
  readonly seqs: number[];
  /** Contents of the versions; the newest may be missing: then it is what `cache` holds. */
  readonly snapshots: Uint8Array[];
  /** False once a failed flush has made the cache forget that it must write this atom. */
  dirty: boolean;
  fate: WriteFate;
}

interface SizeChange {
  readonly seq: number;
  readonly size: number;
}

/** Everything about a file that a power cut may decide, with contents resolved. */
export interface OpenQuestions {
  readonly stable: PagedBytes;
  readonly sizes: readonly SizeChange[];
  readonly atoms: readonly {
    readonly index: number;
    readonly seqs: readonly number[];
    readonly content: (version: number) => Uint8Array;
  }[];
}

export class SimulatedFile {
  readonly #atomBytes: number;
  #cache: PagedBytes;
  /** Undefined while it equals `cache`. */
  #stable: PagedBytes | undefined;
  #live = new Map<number, LiveAtom>();
  #sizes: SizeChange[] = [];
  /** Whether the newest size change is still to be written by a flush. */
  #sizeDirty = false;
  /** Whether a device fault made `stable` differ from `cache` outside of `live`. */
  #diverged = false;

  constructor(atomBytes: number, bytes = new PagedBytes()) {
    this.#atomBytes = atomBytes;
    this.#cache = bytes;
  }

  get size(): number {
    return this.#cache.size;
  }

  get liveAtoms(): number[] {
    return [...this.#live.keys()];
  }

  fork(): SimulatedFile {
    const copy = new SimulatedFile(this.#atomBytes, this.#cache.fork());
    copy.#stable = this.#stable?.fork();
    for (const [index, { seqs, snapshots, dirty, fate }] of this.#live) {
      copy.#live.set(index, { seqs: [...seqs], snapshots: [...snapshots], dirty, fate });
    }
    copy.#sizes = [...this.#sizes];
    copy.#sizeDirty = this.#sizeDirty;
    copy.#diverged = this.#diverged;
    return copy;
  }

  read(buffer: Uint8Array, at: number): number {
    return this.#cache.read(buffer, at);
  }

  /** Of what reads return. */
  fingerprint(): string {
    return fingerprintOf(this.#cache);
  }

  write(seq: number, bytes: Uint8Array, at: number, fate: WriteFate = 'kept'): void {
    if (bytes.length === 0) return;
    this.#keepStable();
    const last = Math.floor((at + bytes.length - 1) / this.#atomBytes);
    for (let index = Math.floor(at / this.#atomBytes); index <= last; index++) {
      let atom = this.#live.get(index);
      if (atom === undefined) {
        atom = { seqs: [], snapshots: [], dirty: true, fate };
        this.#live.set(index, atom);
      }
      this.#snapshot(index, atom);
      atom.seqs.push(seq);
      atom.dirty = true;
      atom.fate = fate;
    }
    const sizeBefore = this.#cache.size;
    this.#cache.write(bytes, at);
    if (this.#cache.size !== sizeBefore) this.#changedSize(seq);
  }

  truncate(seq: number, size: number): void {
    if (size === this.#cache.size) return;
    this.#keepStable();
    for (const [index, atom] of this.#live) {
      if ((index + 1) * this.#atomBytes > size) this.#snapshot(index, atom);
    }
    this.#cache.truncate(size);
    this.#changedSize(seq);
  }

  /** A flush that did what it says, for all that is still dirty. */
  settle(): void {
    const stable = this.#stable;
    if (stable === undefined) return;
    const atoms = [...this.#live];
    if (!this.#diverged && atoms.every(([, atom]) => atom.dirty && atom.fate === 'kept')) {
      if (this.#sizes.length > 0 && atoms.length === 0 && !this.#sizeDirty) return;
      this.#stable = undefined;
      this.#live.clear();
      this.#sizes = [];
      return;
    }
    const dirty = atoms.filter(([, atom]) => atom.dirty);
    if (dirty.length > 0 || this.#sizeDirty) {
      for (const { size } of this.#sizes) stable.truncate(Math.min(size, stable.size));
      this.#sizes = [];
      this.#sizeDirty = false;
    }
    for (const [index, { fate }] of dirty) {
      this.#live.delete(index);
      if (fate !== 'kept') this.#diverged = true;
      if (fate === 'lost') continue;
      const shift = fate === 'kept' ? 0 : fate.misdirectedBy;
      const content = this.#cache.slice(index * this.#atomBytes, this.#atomBytes);
      const at = index * this.#atomBytes + shift;
      if (at >= 0) stable.write(content, at);
    }
    if (this.#sizes.length === 0) stable.truncate(this.#cache.size);
  }

  /**
   * A flush that failed. The cache takes its atoms for clean from now on, so that the next flush
   * does not write them: what was persisted of them stays open.
   */
  forgetDirty(): void {
    for (const atom of this.#live.values()) atom.dirty = false;
    this.#sizeDirty = false;
  }

  /** A flush that failed, after which reads show what the disk holds: the old content, here and there the new. */
  revertDirty(persisted: () => boolean): void {
    const stable = this.#keepStable();
    for (const [index, atom] of this.#live) {
      if (!atom.dirty) continue;
      const at = index * this.#atomBytes;
      const from = persisted() ? this.#cache : stable;
      const to = from === stable ? this.#cache : stable;
      const room = Math.max(0, Math.min(this.#atomBytes, to.size - at));
      to.write(from.slice(at, room), at);
      this.#live.delete(index);
    }
    this.#diverged = true;
    this.#sizeDirty = false;
  }

  /** Changes bytes behind everyone's back: at once, in the cache and on the disk. */
  damage(bytes: Uint8Array, at: number): void {
    this.#cache.write(bytes, at);
    this.#stable?.write(bytes, at);
  }

  /**
   * What a power cut now would decide. Good until the file changes again.
   *
   * @param onlyChanges leaves out versions that equal the one before: whether such a write persisted
   * makes no difference
   */
  openQuestions(onlyChanges: boolean): OpenQuestions {
    const stable = this.#stable ?? this.#cache;
    const sizes = this.#sizes;
    // What a cut wiped is worth writing again.
    const cut = sizes.some(
      ({ size }, index) => size < (index === 0 ? stable : sizes[index - 1]).size,
    );
    const atoms: OpenQuestions['atoms'][number][] = [];
    for (const [index, atom] of this.#live) {
      const kept: number[] = [];
      for (let version = 0; version < atom.seqs.length; version++) {
        if (cut || !onlyChanges || this.#changes(stable, index, atom, version)) kept.push(version);
      }
      if (kept.length === 0) continue;
      atoms.push({
        index,
        seqs: kept.map((version) => atom.seqs[version]),
        content: (ordinal) => this.#content(index, atom, kept[ordinal]),
      });
    }
    return { stable, sizes, atoms };
  }

  #content(index: number, { snapshots }: LiveAtom, version: number): Uint8Array {
    return snapshots[version] ?? this.#cache.slice(index * this.#atomBytes, this.#atomBytes);
  }

  #changes(stable: PagedBytes, index: number, atom: LiveAtom, version: number): boolean {
    const at = index * this.#atomBytes;
    const content = atom.snapshots[version];
    if (version > 0) {
      const before = atom.snapshots[version - 1];
      return content === undefined
        ? !this.#cache.matches(before, at)
        : content.some((byte, offset) => byte !== before[offset]);
    }
    return content === undefined
      ? !this.#cache.equalAt(stable, at, this.#atomBytes)
      : !stable.matches(content, at);
  }

  #snapshot(index: number, atom: LiveAtom): void {
    if (atom.snapshots.length === atom.seqs.length) return;
    atom.snapshots.push(this.#cache.slice(index * this.#atomBytes, this.#atomBytes));
  }

  #changedSize(seq: number): void {
    this.#sizes.push({ seq, size: this.#cache.size });
    this.#sizeDirty = true;
  }

  #keepStable(): PagedBytes {
    this.#stable ??= this.#cache.fork();
    return this.#stable;
  }
}

/**
 * The file as a power cut left it.
 *
 * @param sizeVersion how many of the size changes persisted
 * @param contentOf the content of live atom `ordinal`, or undefined for its stable one; with its seq
 */
export function persistedBytes(
  questions: OpenQuestions,
  atomBytes: number,
  sizeVersion: number,
  contentOf: (ordinal: number) => { seq: number; content: Uint8Array } | undefined,
): PagedBytes {
  const { stable, sizes, atoms } = questions;
  const bytes = stable.fork();
  const cuts = sizes.slice(0, sizeVersion).filter((change, index) => {
    const before = index === 0 ? stable.size : sizes[index - 1].size;
    return change.size < before;
  });
  if (cuts.length === 0) {
    for (let ordinal = 0; ordinal < atoms.length; ordinal++) {
      const chosen = contentOf(ordinal);
      if (chosen !== undefined) bytes.write(chosen.content, atoms[ordinal].index * atomBytes);
    }
  } else {
    // A cut wipes what was written before it and nothing that was written after: play in order.
    const steps: { seq: number; play: () => void }[] = cuts.map(({ seq, size }) => ({
      seq,
      play: () => bytes.truncate(Math.min(size, bytes.size)),
    }));
    for (let ordinal = 0; ordinal < atoms.length; ordinal++) {
      const chosen = contentOf(ordinal);
      if (chosen === undefined) continue;
      const at = atoms[ordinal].index * atomBytes;
      steps.push({ seq: chosen.seq, play: () => bytes.write(chosen.content, at) });
    }
    steps.sort((a, b) => a.seq - b.seq);
    for (const step of steps) step.play();
  }
  bytes.truncate(sizeAfter(questions, sizeVersion));
  return bytes;
}

/** The file's size when so many of its changes persisted. */
export function sizeAfter({ stable, sizes }: OpenQuestions, sizeVersion: number): number {
  return sizeVersion === 0 ? stable.size : sizes[sizeVersion - 1].size;
}
