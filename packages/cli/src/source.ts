/**
 * From what stands on the command line to a journal file: an export, a store's folder, or a root
 * with several stores.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { WitnessEntry } from '@varve/files';
import { createNodeHost, isFileInUse } from '@varve/files/node';
import { folderOf, JOURNAL_FILE, nameOf } from '@varve/journal';
import { CommandError, Exit, foreign, usage } from './exit.ts';

export interface Source {
  readonly kind: 'store' | 'export';
  /** Name of the store, or of the file it was exported to. */
  readonly name: string;
  readonly journalPath: string;
  /** The folder around the store's folder. */
  readonly root: string | undefined;
  readonly witness: WitnessEntry | undefined;
  /** A process has it open now. */
  readonly inUse: boolean;
}

export interface FoundStore {
  readonly name: string;
  readonly folder: string;
}

/** The stores right under `root`, by name. */
export function storesIn(root: string): FoundStore[] {
  const found: FoundStore[] = [];
  for (const entry of fs.readdirSync(root, { withFileTypes: true })) {
    const name = entry.isDirectory() ? nameOf(entry.name) : undefined;
    if (name === undefined || !isFile(path.join(root, entry.name, JOURNAL_FILE))) continue;
    found.push({ name, folder: entry.name });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws CommandError */
export async function findSource(place: string, storeName?: string): Promise<Source> {
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) throw usage(`there is no ${place}`);
  if (stat.isFile()) {
    if (storeName !== undefined) throw usage(`${place} is a file: it holds one store, name none`);
    return {
      kind: 'export',
      name: path.basename(place),
      journalPath: place,
      root: undefined,
      witness: undefined,
      inUse: false,
    };
  }
  if (!stat.isDirectory()) throw foreign(`${place} is neither a file nor a folder`);
  const full = path.resolve(place);
  if (storeName === undefined && isFile(path.join(full, JOURNAL_FILE))) {
    return storeAt(path.dirname(full), path.basename(full));
  }
  if (storeName !== undefined) return storeAt(full, folderOf(storeName));
  const [only, ...others] = storesIn(full);
  if (only === undefined) throw foreign(`${place} holds no store`);
  if (others.length > 0) {
    const names = [only, ...others].map(({ name }) => `  ${name}`).join('\n');
    throw usage(`${place} holds ${others.length + 1} stores: name one of them`, names);
  }
  return storeAt(full, only.folder);
}

async function storeAt(root: string, folder: string): Promise<Source> {
  const name = nameOf(folder) ?? folder;
  const journalPath = path.join(root, folder, JOURNAL_FILE);
  const witness = await createNodeHost(root)
    .witness.read(name)
    .catch(() => undefined);
  if (!isFile(journalPath)) {
    if (witness?.state === 'live') {
      throw new CommandError(
        Exit.Damage,
        `the store ${name} is lost: its witness says that it existed, its files are gone`,
      );
    }
    throw usage(`there is no store named ${name} in ${root}`);
  }
  const inUse = await isFileInUse(root, `${folder}/${JOURNAL_FILE}`);
  return { kind: 'store', name, journalPath, root, witness, inUse };
}

function isFile(candidate: string): boolean {
  return fs.statSync(candidate, { throwIfNoEntry: false })?.isFile() === true;
}
