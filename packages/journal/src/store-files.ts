/**
 * A store's places: its folder, its journal file, and what the witness says of it.
 */
import type { Directory, Host, SyncFile } from '@varve/files';
import { faultOf } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { failedIo } from './io.ts';

export const JOURNAL_FILE = 'journal';
const NAME_LENGTH_MAX = 100;

/**
 * Folder of a store: its name with everything but `A–Z a–z 0–9 - _` percent-encoded as UTF-8.
 * @throws VarveError BAD_ARGUMENT
 */
export function folderOf(name: string): string {
  const given = typeof name === 'string' && name.length > 0 && name.length <= NAME_LENGTH_MAX;
  const folder = given && wellFormed(name) ? encode(name) : '';
  if (folder.length === 0 || folder.length > 200) {
    throw new VarveError('BAD_ARGUMENT', 'a store’s name is a string of 1 to 100 characters', {
      facts: { name: String(name).slice(0, NAME_LENGTH_MAX) },
    });
  }
  return folder;
}

function wellFormed(name: string): boolean {
  try {
    encodeURIComponent(name);
    return true;
  } catch {
    return false;
  }
}

function encode(name: string): string {
  const hex = (char: string): string =>
    `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return encodeURIComponent(name).replace(/[.!~*'()]/g, hex);
}

/** The name behind a folder, or undefined when it is none of ours. */
export function nameOf(folder: string): string | undefined {
  try {
    const name = decodeURIComponent(folder);
    return encode(name) === folder ? name : undefined;
  } catch {
    return undefined;
  }
}

/** @throws VarveError STORE_BUSY, STORAGE_DENIED, QUOTA_EXCEEDED, IO_ERROR */
export async function openJournalFile(
  directory: Directory,
  store: string,
  create: boolean,
): Promise<SyncFile | undefined> {
  try {
    return await directory.openFile(JOURNAL_FILE, { create });
  } catch (cause) {
    const fault = faultOf(cause);
    if (fault === 'not-found' && !create) return undefined;
    throw platformError(cause, store);
  }
}

/** What a platform said about files or folders, as ours. */
export function platformError(cause: unknown, store: string): VarveError {
  if (cause instanceof VarveError) return cause;
  const fault = faultOf(cause);
  const options = { facts: { store, fault }, cause };
  if (fault === 'busy') return new VarveError('STORE_BUSY', undefined, options);
  if (fault === 'denied') return new VarveError('STORAGE_DENIED', undefined, options);
  return failedIo(cause, 'opening the store failed', { store });
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

export async function storeFolder(
  host: Host,
  name: string,
  create: boolean,
): Promise<Directory | undefined> {
  try {
    return await host.root.directory(folderOf(name), { create });
  } catch (cause) {
    throw platformError(cause, name);
  }
}

export function randomBytes(host: Host, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  host.random.fill(bytes);
  return bytes;
}
