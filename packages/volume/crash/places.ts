/**
 * Where in the life of a volume each device operation falls: the rows of docs/VOLUMES.md's table *the
 * crash falls …*, and what was under way. Observed from outside: files, counters, events.
 *
 * Always true: a place is only claimed for what was seen; an operation may have several, or none.
 */
import type { Directory, Host, SyncFile } from '@varve/files';
import type { SimulatedDisk } from '@varve/files/simulated';
import type { Volume } from '../src/index.ts';

export const PLACES = [
  'while chunks are written straight to the pool',
  'between the pool’s flush and the journal’s',
  'after the journal’s flush',
  'while an image is applied',
  'while blocks are written',
  'within the journal’s checkpoint',
  'during replay',
  'inside a checkpoint',
  'inside a deletion',
  'inside a restore',
  'while the volume is made',
  'inside a recovery',
  'inside the recovery of a recovery',
] as const;
export type Place = (typeof PLACES)[number];

type FileName = 'data' | 'meta' | 'journal';

export class PlaceWatch {
  /** When checkpoints were durable. */
  readonly checkpointedAtOps: number[] = [];
  private readonly disk: SimulatedDisk;
  private readonly places = new Map<number, Set<Place>>();
  private volume: Volume | undefined;
  /** Writes to the pool of which it is not yet clear what they were. */
  private undecided: number[] = [];
  private directBytes = 0;
  private appliedBytes = 0;
  /** What was written to the pool and is not flushed; then: flushed, and its record is not. */
  private direct: 'none' | 'written' | 'flushed' = 'none';
  private applied = false;
  private headerIsDue = false;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  /** The machine's host, its volume's files watched. */
  host(): Host {
    const host = this.disk.host();
    return { ...host, root: this.watchedDirectory(host.root) };
  }

  /** From now on it is this one that does things; undefined: it is being opened. */
  use(volume: Volume | undefined): void {
    this.decide();
    this.volume = volume;
    this.undecided = [];
    this.direct = 'none';
    this.applied = false;
    this.headerIsDue = false;
    this.takeCounters();
  }

  checkpointed(): void {
    this.checkpointedAtOps.push(this.disk.opCount);
    this.headerIsDue = false;
  }

  add(op: number, place: Place): void {
    const known = this.places.get(op);
    if (known === undefined) this.places.set(op, new Set([place]));
    else known.add(place);
  }

  at(op: number): ReadonlySet<Place> {
    return this.places.get(op) ?? new Set();
  }

  private takeCounters(): void {
    const counters = this.volume?.status().counters;
    this.directBytes = counters?.dataDirectBytes ?? 0;
    this.appliedBytes = counters?.dataAppliedBytes ?? 0;
  }

  /** The counters say what the writes were whose call has returned. */
  private decide(): void {
    if (this.volume === undefined || this.undecided.length === 0) return;
    const { dataDirectBytes, dataAppliedBytes } = this.volume.status().counters;
    const isDirect = dataDirectBytes > this.directBytes;
    const isApplied = dataAppliedBytes > this.appliedBytes;
    const isReloaded = dataDirectBytes < this.directBytes || dataAppliedBytes < this.appliedBytes;
    this.takeCounters();
    if (isDirect !== isApplied && !isReloaded) {
      for (const op of this.undecided) {
        this.add(op, isDirect ? PLACES[0] : 'while an image is applied');
        if (isApplied) this.add(op, 'inside a checkpoint');
      }
      if (isDirect) this.direct = 'written';
      else this.applied = true;
    } else if (!isReloaded) return;
    this.undecided = [];
  }

  private begins(file: FileName, kind: 'write' | 'flush'): void {
    this.decide();
    const op = this.disk.opCount + 1;
    if (this.volume === undefined) return;
    for (const work of this.volume.status().work) {
      this.add(op, work.kind === 'delete' ? 'inside a deletion' : 'inside a restore');
    }
    if (file === 'data') {
      if (kind === 'write') this.undecided.push(op);
      else if (this.direct === 'written') this.add(op, PLACES[0]);
      else if (this.applied) this.add(op, 'while an image is applied');
    } else if (file === 'meta') {
      this.add(op, 'while blocks are written');
      this.add(op, 'inside a checkpoint');
    } else {
      if (this.direct === 'flushed') this.add(op, PLACES[1]);
      if (!this.headerIsDue) return;
      this.add(op, 'within the journal’s checkpoint');
      this.add(op, 'inside a checkpoint');
    }
  }

  private flushed(file: FileName): void {
    if (file === 'meta') this.headerIsDue = this.volume !== undefined;
    else if (file === 'journal') {
      if (this.direct === 'flushed') this.direct = 'none';
    } else {
      if (this.direct === 'written') this.direct = 'flushed';
      this.applied = false;
    }
  }

  private watchedDirectory(directory: Directory): Directory {
    return {
      openFile: async (name, options) =>
        this.watchedFile(await directory.openFile(name, options), name),
      hasFile: (name) => directory.hasFile(name),
      removeFile: (name) => directory.removeFile(name),
      removeDirectory: (name) => directory.removeDirectory(name),
      list: () => directory.list(),
      directory: async (name, options) => {
        const inner = await directory.directory(name, options);
        return inner === undefined ? undefined : this.watchedDirectory(inner);
      },
    };
  }

  private watchedFile(file: SyncFile, name: string): SyncFile {
    if (name !== 'data' && name !== 'meta' && name !== 'journal') return file;
    return {
      read: (buffer, options) => file.read(buffer, options),
      write: (buffer, options) => {
        this.begins(name, 'write');
        return file.write(buffer, options);
      },
      truncate: (size) => {
        this.begins(name, 'write');
        file.truncate(size);
      },
      getSize: () => file.getSize(),
      flush: () => {
        this.begins(name, 'flush');
        file.flush();
        this.flushed(name);
      },
      close: () => file.close(),
    };
  }
}
