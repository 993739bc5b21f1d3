/**
 * One suite that every backend of the file port passes, under any test framework or none.
 */
import type { Host } from '../host.ts';
import type { Conformance, ConformanceCase } from './conformance-case.ts';
import { fileCases } from './file-cases.ts';
import { folderCases } from './folder-cases.ts';
import { hostCases, inboxCases } from './host-cases.ts';
import type { NamedCase } from './remote-cases.ts';

export * from './check.ts';
export * from './remote-cases.ts';

const FOLDER = 'conformance';

const cases: readonly ConformanceCase[] = [...fileCases, ...folderCases, ...hostCases];

export interface ConformanceOptions {
  /** It has one. */
  readonly inbox?: boolean;
}

/**
 * @param passTime lets time go by on hosts whose clock stands still; by default it waits on the timers
 */
export function conformanceCases(
  hostOf: () => Host | Promise<Host>,
  passTime?: (ms: number) => Promise<void>,
  { inbox = false }: ConformanceOptions = {},
): readonly NamedCase[] {
  return [...cases, ...(inbox ? inboxCases : [])].map(({ name, run }, index) => ({
    name,
    run: async () => run(await prepare(await hostOf(), `conformance-${index}`, passTime)),
  }));
}

async function prepare(
  host: Host,
  name: string,
  passTime?: (ms: number) => Promise<void>,
): Promise<Conformance> {
  const outer = await host.root.directory(FOLDER, { create: true });
  await outer?.removeDirectory(name);
  const folder = await outer?.directory(name, { create: true });
  if (folder === undefined) throw new Error('a folder that was to be created is not there');
  await host.witness.remove(name);
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void host.timers.after(ms, resolve));
  return { host, folder, name, passTime: passTime ?? wait };
}
