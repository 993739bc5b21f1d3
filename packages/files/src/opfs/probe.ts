/**
 * Which of the things a store needs this context refuses; each is asked by itself, all at once.
 */
import { IdbWitness } from './idb-witness.ts';

export type StoragePart = 'opfs' | 'sync-access-handle' | 'indexed-db' | 'web-locks';

export interface Refusal {
  readonly part: StoragePart;
  /** The platform's words, or that it did not answer. */
  readonly reason: string;
}

/** Below the second within which a refusal must be known. */
const DEADLINE_MS = 900;

/** Resolves within a second with what is refused, and why. Empty: everything works. */
export async function probeStorage(options: { rootName: string }): Promise<readonly Refusal[]> {
  const answers = await Promise.all([
    refusal('opfs', async () => void (await navigator.storage.getDirectory())),
    refusal('sync-access-handle', probeSyncAccessHandle),
    refusal('indexed-db', async () => void (await new IdbWitness(options.rootName).list())),
    refusal('web-locks', async () => void (await navigator.locks.query())),
  ]);
  return answers.filter((answer) => answer !== undefined);
}

async function probeSyncAccessHandle(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const name = `.varve-probe-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  const file = await root.getFileHandle(name, { create: true });
  try {
    (await file.createSyncAccessHandle()).close();
  } finally {
    await root.removeEntry(name).catch(() => undefined);
  }
}

async function refusal(part: StoragePart, ask: () => Promise<void>): Promise<Refusal | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    await Promise.race([ask(), silence]);
    return undefined;
  } catch (error) {
    return { part, reason: String(error) };
  } finally {
    clearTimeout(timer);
  }
}
