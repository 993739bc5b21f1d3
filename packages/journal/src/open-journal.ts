/**
 * Opens a store: witness × file → a row of `OPENING_ROWS` → a journal that may be written, or a
 * read-only one, or a refusal.
 */
import type { Directory, Host, SyncFile, WitnessEntry } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { createJournal } from './create.ts';
import { Journal, type JournalEnvironment } from './journal.ts';
import { geometryOf } from './geometry.ts';
import { GenerationFault } from './io.ts';
import { openingRowOf, witnessedLsn } from './opening-row.ts';
import { ReadOnlyJournal } from './read-only-journal.ts';
import { type Recovered, Recovery } from './recovery.ts';
import { slotsFor } from './slots.ts';
import {
  folderOf,
  hex,
  JOURNAL_FILE,
  openJournalFile,
  platformError,
  randomBytes,
  storeFolder,
} from './store-files.ts';
import type { StoreOptions } from './store-port.ts';
import { readSuperblocks } from './superblock-pair.ts';

/** What an open leaves in the hands of a store. */
export interface OpenedJournal {
  readonly directory: Directory;
  readonly file: SyncFile;
  readonly recovered: Recovered;
  readonly openingRow: string;
  /** Undefined when the store may only be read. */
  readonly journal: Journal | undefined;
  readonly readOnly: ReadOnlyJournal | undefined;
  readonly witness: WitnessEntry | undefined;
  readonly durationMs: number;
}

/** One attempt. The file is closed again when it throws. */
export async function openJournal(
  host: Host,
  name: string,
  options: StoreOptions,
  environment: JournalEnvironment,
): Promise<OpenedJournal> {
  const begunMs = host.clock.nowMs();
  const found = await look(host, name);
  const wasErasing = found.witness?.state === 'erasing' && !options.readOnly;
  if (wasErasing) await erase(host, name, found);
  let { witness, directory, file } = wasErasing ? NOTHING : found;
  try {
    const row = openingRowOf(file, witness, name);
    if (row.action === 'create' || row.action === 'finish-erasing') {
      // What is being erased is finished above, unless it may only be read: then it is gone, too.
      if (!options.create || options.readOnly) {
        throw new VarveError('NOT_FOUND', `there is no store named ${name}`, {
          facts: { store: name },
        });
      }
      const seedId = randomBytes(host, 16);
      await host.witness.write(name, {
        state: 'formatting',
        seedId: hex(seedId),
        durableLsn: 0,
        liveSinceMs: 0,
      });
      directory ??= await storeFolder(host, name, true);
      file ??= await openJournalFile(directory!, name, true);
      format(host, file!, seedId, options);
    }
    const opened = recoverAndBegin(file!, name, options, environment, witness);
    if (!options.readOnly && (row.action === 'create' || row.action === 'open-and-witness')) {
      witness = {
        state: 'live',
        seedId: hex(opened.recovered.superblock.seedId),
        durableLsn: opened.journal?.tail.durableLsn ?? 0,
        liveSinceMs: host.clock.wallMs(),
      };
      await host.witness.write(name, witness);
    }
    return {
      ...opened,
      directory: directory!,
      file: file!,
      openingRow: wasErasing ? 'erase-interrupted' : row.name,
      witness,
      durationMs: host.clock.nowMs() - begunMs,
    };
  } catch (error) {
    file?.close();
    throw error instanceof GenerationFault ? error.cause : error;
  }
}

function format(host: Host, file: SyncFile, seedId: Uint8Array, options: StoreOptions): void {
  const geometry = geometryOf(options.segmentSizeBytes, options.alignmentBytes);
  createJournal(file, {
    seedId,
    lineageId: randomBytes(host, 16),
    salt: randomBytes(host, 8),
    segmentBytes: options.segmentSizeBytes,
    alignment: options.alignmentBytes,
    slots: 1 + slotsFor(options.maxStateBytes * 1.1 + 4_096, geometry),
    wallMs: host.clock.wallMs(),
  });
}

function recoverAndBegin(
  file: SyncFile,
  name: string,
  options: StoreOptions,
  environment: JournalEnvironment,
  witness: WitnessEntry | undefined,
): Pick<OpenedJournal, 'recovered' | 'journal' | 'readOnly'> {
  const { pair, newest } = readSuperblocks(file, name);
  if (newest === undefined)
    throw new VarveError('CORRUPT', 'no superblock verifies', { facts: { store: name } });
  const recovered = new Recovery(file, newest, witnessedLsn(witness, newest)).run(pair);
  const mayWrite =
    recovered.verdict !== 'corrupt' && !options.readOnly && newest.readOnlyCompat === 0;
  return {
    recovered,
    journal: mayWrite ? new Journal(file, recovered, options, environment) : undefined,
    readOnly: mayWrite ? undefined : new ReadOnlyJournal(file, recovered, environment),
  };
}

/** What there is of a store. */
interface Found {
  readonly witness: WitnessEntry | undefined;
  readonly directory: Directory | undefined;
  /** Open. */
  readonly file: SyncFile | undefined;
}

const NOTHING: Found = { witness: undefined, directory: undefined, file: undefined };

/** Asks witness and file system at the same time: each answers in its own process. */
async function look(host: Host, name: string): Promise<Found> {
  const [seen, opened] = await Promise.allSettled([host.witness.read(name), openFound(host, name)]);
  if (opened.status === 'rejected') throw seen.status === 'rejected' ? seen.reason : opened.reason;
  if (seen.status === 'fulfilled') return { witness: seen.value, ...opened.value };
  opened.value.file?.close();
  throw seen.reason;
}

async function openFound(host: Host, name: string): Promise<Pick<Found, 'directory' | 'file'>> {
  const directory = await storeFolder(host, name, false);
  return { directory, file: directory && (await openJournalFile(directory, name, false)) };
}

/** Removes a store, whatever state it is in. A crash in between goes on at the next open. */
export async function removeStore(host: Host, name: string): Promise<void> {
  await erase(host, name, await look(host, name));
}

/** Its file was opened before the witness is touched: nobody else has it. */
async function erase(host: Host, name: string, { witness, directory, file }: Found): Promise<void> {
  if (directory === undefined && witness === undefined) return;
  try {
    file?.close();
    await host.witness.write(name, {
      state: 'erasing',
      seedId: witness?.seedId ?? '',
      durableLsn: 0,
      liveSinceMs: witness?.liveSinceMs ?? 0,
    });
    await directory?.removeFile(JOURNAL_FILE);
    await host.root.removeDirectory(folderOf(name));
    await host.witness.remove(name);
  } catch (cause) {
    throw platformError(cause, name);
  }
}
