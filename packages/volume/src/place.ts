/**
 * A volume's place: its store, and the two files beside the journal.
 *
 * Always true:
 * - a store that holds anything but a volume is opened read-only, if at all: nothing in it changes
 * - the journal comes first when a volume is made; it counts as made when its first header is durable
 */
import { type Directory, faultOf, type Host, type SyncFile } from '@varve/files';
import { folderOf, JOURNAL_FILE, openStore, type Store } from '@varve/journal';
import { isVarveError, type StoreEvent, VarveError } from '@varve/protocol';
import { EMPTY_TREE } from './exceptions.ts';
import { DATA_FILE, META_FILE } from './format.ts';
import { decodeHeader, encodeHeader, type Header, isHeader } from './header.ts';
import {
  capacityChunks,
  checkGeometry,
  CHUNK_BYTES_DEFAULT,
  type CompleteOptions,
  demand,
} from './options.ts';
import { EMPTY_RADIX } from './radix.ts';
import { failedIo } from './volume-files.ts';

/** Room for 64 snapshots with the longest names. */
const STATE_BYTES_MAX = 16_384;

export interface Place {
  readonly store: Store;
  readonly directory: Directory;
}

export interface OpenFiles {
  readonly data: SyncFile;
  readonly meta: SyncFile;
}

/** @throws VarveError NOT_FOUND, BAD_ARGUMENT (no volume), STORE_LOST, and whatever opening a store throws */
export async function openPlace(
  host: Host,
  name: string,
  options: CompleteOptions,
  onEvent: (event: StoreEvent) => void,
): Promise<Place> {
  const folder = await host.root.directory(folderOf(name), { create: false });
  const hasMeta = (await folder?.hasFile(META_FILE)) ?? false;
  const hasJournal = (await folder?.hasFile(JOURNAL_FILE)) ?? false;
  if (hasJournal && !hasMeta) await refuseOthers(host, name);
  if (!hasJournal && options.create) {
    // A store that was lost says so itself; there is nothing to make otherwise.
    const isKnown = (await host.witness.read(name)) !== undefined;
    demand(isKnown || options.sizeBytes !== undefined, 'sizeBytes', 'given to make a volume');
  }
  const store = await openStore(
    host,
    name,
    {
      create: options.create,
      keep: 'checkpoint',
      segmentSizeBytes: options.segmentSizeBytes,
      alignmentBytes: options.alignmentBytes,
      maxStateBytes: STATE_BYTES_MAX,
    },
    onEvent,
  );
  if (store.state === 'read-only') {
    const [range] = store.status().damage;
    store.abandon();
    throw new VarveError('CORRUPT', 'the volume’s journal is damaged', {
      facts: { store: name, from: range?.from ?? 0, to: range?.to ?? 0 },
    });
  }
  const directory = folder ?? (await host.root.directory(folderOf(name), { create: false }));
  return { store, directory: directory! };
}

/** A store without metadata is one that was begun and not finished, or somebody else's. */
async function refuseOthers(host: Host, name: string): Promise<void> {
  let store: Store;
  try {
    store = await openStore(host, name, { readOnly: true, create: false });
  } catch (error) {
    // Its first superblocks are not there yet.
    if (isVarveError(error, 'NOT_FOUND')) return;
    throw error;
  }
  try {
    const stored = store.readState();
    if (stored === undefined && store.status().lastLsn === 0) return;
    if (stored !== undefined && isHeader(stored.state)) throw lostFile(name, META_FILE);
    throw notAVolume(name);
  } finally {
    store.abandon();
  }
}

const notAVolume = (store: string): VarveError =>
  new VarveError('BAD_ARGUMENT', 'this store holds no volume', { facts: { store } });

const lostFile = (store: string, file: string): VarveError =>
  new VarveError('STORE_LOST', `the volume’s ${file} is gone`, { facts: { store, file } });

/** Opens both files; makes them, empty, for a volume that has no header yet. */
export async function openFiles(
  { directory }: Place,
  name: string,
  isNew: boolean,
): Promise<OpenFiles> {
  const opened: SyncFile[] = [];
  try {
    for (const file of [DATA_FILE, META_FILE]) {
      opened.push(await openFile(directory, name, file, isNew));
    }
    if (isNew) {
      for (const file of opened) {
        file.truncate(0);
        file.flush();
      }
    }
  } catch (cause) {
    for (const file of opened) file.close();
    throw failedIo(cause, 'opening', { store: name });
  }
  const [data, meta] = opened;
  return { data: data!, meta: meta! };
}

async function openFile(
  directory: Directory,
  store: string,
  file: string,
  create: boolean,
): Promise<SyncFile> {
  try {
    return await directory.openFile(file, { create });
  } catch (cause) {
    const fault = faultOf(cause);
    if (fault === 'not-found') throw lostFile(store, file);
    if (fault === 'busy') {
      throw new VarveError('STORE_BUSY', undefined, { facts: { store, file }, cause });
    }
    throw cause;
  }
}

/** What replay begins with. */
export interface Base {
  readonly header: Header;
  /** Records up to this LSN are in it. */
  readonly coveredLsn: number;
}

/**
 * The header that is there; undefined: there is none yet, and it may be made. Writes nothing.
 * @throws VarveError BAD_ARGUMENT, NOT_FOUND, CORRUPT, UNSUPPORTED_VERSION
 */
export function storedHeader(
  { store }: Place,
  name: string,
  options: CompleteOptions,
): Base | undefined {
  const stored = store.readState();
  if (stored === undefined) {
    if (store.status().lastLsn > 0) throw notAVolume(name);
    if (!options.create) {
      throw new VarveError('NOT_FOUND', `there is no volume named ${name}`, {
        facts: { store: name },
      });
    }
    return undefined;
  }
  if (!isHeader(stored.state)) throw notAVolume(name);
  const header = decodeHeader(stored.state);
  checkGeometry(options, header.chunkBytes, header.capacityChunks);
  return { header, coveredLsn: stored.coveredLsn };
}

/** Makes the header of a fresh volume; it is durable, in both superblocks, when it resolves. */
export async function makeHeader(
  { store }: Place,
  options: CompleteOptions,
  seed: number,
): Promise<Base> {
  demand(options.sizeBytes !== undefined, 'sizeBytes', 'given to make a volume');
  const chunkBytes = options.chunkSizeBytes ?? CHUNK_BYTES_DEFAULT;
  const header: Header = {
    seed,
    chunkBytes,
    capacityChunks: capacityChunks(options, chunkBytes),
    sizeBytes: options.sizeBytes,
    origin: EMPTY_RADIX,
    references: EMPTY_RADIX,
    exceptions: EMPTY_TREE,
    exceptionCount: 0,
    pool: { extentChunks: 0, usedChunks: 0, nextPhysical: 0 },
    deleteCursor: 0,
    restore: undefined,
    snapshots: [],
  };
  await store.checkpoint(encodeHeader(header), 0);
  return { header, coveredLsn: 0 };
}
