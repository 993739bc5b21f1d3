/** `varve stores`: which stores a folder holds. Looks, takes no lock. */
import fs from 'node:fs';
import { createNodeHost } from '@varve/files/node';
import type { Parsed } from '../arguments.ts';
import { Exit, type ExitCode, usage } from '../exit.ts';
import { count, size, table, time } from '../format.ts';
import { findSource, storesIn } from '../source.ts';
import { modifiedMs, openView } from '../store-view.ts';
import type { Terminal } from '../terminal.ts';

interface Listed {
  readonly name: string;
  readonly state: 'closed' | 'unclean' | 'in use' | 'damaged' | 'lost' | 'unreadable';
  readonly bytes: number;
  readonly generation: number;
  readonly lastLsn: number;
  readonly changedMs: number;
}

const GONE = { bytes: 0, generation: 0, lastLsn: 0, changedMs: 0 };

export async function stores(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const root = parsed.positionals[0]!;
  if (fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usage(`there is no folder ${root}`);
  }
  const listed: Listed[] = [];
  for (const { name } of storesIn(root)) listed.push(await look(root, name));
  const { witness } = createNodeHost(root);
  for (const name of await witness.list()) {
    const entry = await witness.read(name);
    if (entry?.state !== 'live' || listed.some((one) => one.name === name)) continue;
    listed.push({ ...GONE, name, state: 'lost' });
  }
  if (parsed.values['json'] === true) await terminal.printJson(listed);
  else if (listed.length === 0) await terminal.print(`${root} holds no store`);
  else await terminal.print(rows(listed).join('\n'));
  return Exit.Ok;
}

async function look(root: string, name: string): Promise<Listed> {
  const source = await findSource(root, name);
  const changedMs = modifiedMs(source);
  const bytes = fs.statSync(source.journalPath).size;
  try {
    const view = openView(source);
    try {
      const { superblock, recovered } = view;
      const sound =
        recovered === undefined || recovered.verdict === 'corrupt' ? 'damaged' : 'unclean';
      const closed = superblock.clean && recovered?.verdict === 'clean' ? 'closed' : sound;
      return {
        name,
        state: source.inUse ? 'in use' : closed,
        bytes,
        generation: superblock.generation,
        lastLsn: recovered?.end.lastLsn ?? superblock.durableLsn,
        changedMs,
      };
    } finally {
      view.close();
    }
  } catch {
    return { ...GONE, name, state: 'unreadable', bytes, changedMs };
  }
}

function rows(listed: readonly Listed[]): string[] {
  return table(
    ['name', 'state', '>size', '>last LSN', '>generation', 'changed'],
    listed.map(({ name, state, bytes, lastLsn, generation, changedMs }) => [
      name,
      state,
      state === 'lost' ? '–' : size(bytes),
      count(lastLsn),
      count(generation),
      time(changedMs),
    ]),
  );
}
