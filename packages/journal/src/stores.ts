/**
 * All stores of a host: list, delete, import.
 */
import type { Host } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { geometryOf } from './geometry.ts';
import { orEndGeneration, writeExactly, GenerationFault } from './io.ts';
import { removeStore } from './open-journal.ts';
import { ReadOnlyJournal } from './read-only-journal.ts';
import { Recovery } from './recovery.ts';
import {
  folderOf,
  hex,
  JOURNAL_FILE,
  nameOf,
  openJournalFile,
  platformError,
  randomBytes,
  storeFolder,
} from './store-files.ts';
import { NO_CLIENTS, type Superblock, writeSuperblock } from './superblock.ts';
import { readSuperblocks } from './superblock-pair.ts';

export interface StoreEntry {
  readonly name: string;
  /** Size of the journal file; 0 when it is gone or in use. */
  readonly bytes: number;
  /** The witness knows it, but its files are gone. */
  readonly lost: boolean;
}

export async function listStores(host: Host): Promise<StoreEntry[]> {
  const found = new Map<string, StoreEntry>();
  for (const { name: folder, kind } of await host.root.list()) {
    const name = kind === 'directory' ? nameOf(folder) : undefined;
    const directory =
      name === undefined ? undefined : await host.root.directory(folder, { create: false });
    if (name === undefined || !(await directory?.hasFile(JOURNAL_FILE))) continue;
    found.set(name, { name, bytes: await sizeOf(host, name), lost: false });
  }
  for (const name of await host.witness.list()) {
    const entry = await host.witness.read(name);
    if (!found.has(name) && entry?.state === 'live')
      found.set(name, { name, bytes: 0, lost: true });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function sizeOf(host: Host, name: string): Promise<number> {
  try {
    const directory = await storeFolder(host, name, false);
    const file = directory && (await openJournalFile(directory, name, false));
    const bytes = file?.getSize() ?? 0;
    file?.close();
    return bytes;
  } catch {
    return 0;
  }
}

/** @throws VarveError STORE_BUSY while it is open anywhere */
export async function deleteStore(host: Host, name: string): Promise<void> {
  folderOf(name);
  await removeStore(host, name);
}

/**
 * Makes a new store from an export; everything in it is verified before the name counts. It gets a
 * lineage of its own, whose parent is the store it was exported from.
 * @throws VarveError CONFLICT (the name is taken), CORRUPT, UNSUPPORTED_VERSION, QUOTA_EXCEEDED
 */
export async function importStore(
  host: Host,
  name: string,
  image: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  folderOf(name);
  const witness = await host.witness.read(name);
  const present = await storeFolder(host, name, false);
  const taken = (await present?.hasFile(JOURNAL_FILE)) === true;
  if (witness?.state === 'live' || (taken && witness?.state !== 'formatting')) {
    throw new VarveError('CONFLICT', 'a store of this name exists', { facts: { store: name } });
  }
  await host.witness.write(name, {
    state: 'formatting',
    seedId: '',
    durableLsn: 0,
    liveSinceMs: 0,
  });
  const directory = (await storeFolder(host, name, true))!;
  try {
    const file = (await openJournalFile(directory, name, true))!;
    let made: Superblock;
    try {
      file.truncate(0);
      let at = 0;
      for await (const piece of image) {
        writeExactly(file, piece, at);
        at += piece.length;
      }
      made = adopt(host, file, name);
    } finally {
      file.close();
    }
    await host.witness.write(name, {
      state: 'live',
      seedId: hex(made.seedId),
      durableLsn: made.durableLsn,
      liveSinceMs: host.clock.wallMs(),
    });
  } catch (cause) {
    await removeStore(host, name);
    throw cause instanceof GenerationFault ? cause.cause : platformError(cause, name);
  }
}

/** Verifies all of an image and gives it its own lineage. */
function adopt(host: Host, file: Parameters<typeof readSuperblocks>[0], name: string): Superblock {
  const { pair, newest } = readSuperblocks(file, name);
  if (newest === undefined) {
    throw new VarveError('CORRUPT', 'this is not an export of a store', { facts: { store: name } });
  }
  const recovered = new Recovery(file, newest, 0).run(pair);
  const [damage] = recovered.damage;
  if (recovered.verdict === 'corrupt') {
    throw new VarveError('CORRUPT', 'the export is damaged', {
      facts: { store: name, from: damage?.from ?? 0, to: damage?.to ?? 0 },
    });
  }
  const journal = new ReadOnlyJournal(file, recovered, { onDamage: () => {} });
  const last = journal.lastLsn;
  for (let after = journal.firstLsn - 1; after < last;) {
    const { runs } = journal.read({ after, upTo: last, maxBytes: 1_048_576 }, false);
    const run = runs.at(-1)!;
    after = run.firstLsn + run.count - 1;
  }
  orEndGeneration(() => file.flush(), 'flushing the import failed');
  const sequence = Math.max(pair[0]?.sequence ?? 0, pair[1]?.sequence ?? 0);
  const block: Superblock = {
    ...newest,
    lineageId: randomBytes(host, 16),
    lineageParent: newest.lineageId,
    lineageParentGeneration: newest.generation,
    lineageParentLsn: last,
    ...NO_CLIENTS,
    slotCount: Math.min(
      newest.slotCount,
      Math.floor(
        (file.getSize() - 131_072) / geometryOf(newest.segmentBytes, newest.alignment).segmentBytes,
      ),
    ),
  };
  const places = newest === pair[0] ? ([1, 0] as const) : ([0, 1] as const);
  places.forEach((place, index) => {
    const written = { ...block, sequence: sequence + 1 + index };
    orEndGeneration(() => writeSuperblock(file, written, place), 'writing a superblock failed');
  });
  return block;
}
