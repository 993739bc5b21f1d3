/**
 * `varve import`: a new store from an export.
 *
 * Always true: the name counts when everything was verified, or not at all; an interrupted import is
 * removed again, and one that was killed is taken for nothing by whoever opens that name.
 */
import fs from 'node:fs';
import { createNodeHost } from '@varve/files/node';
import { importStore } from '@varve/journal';
import { isVarveError } from '@varve/protocol';
import type { Parsed } from '../arguments.ts';
import { CommandError, Exit, type ExitCode, foreign, usage } from '../exit.ts';
import { count, size } from '../format.ts';
import { type Interrupt, onInterrupt } from '../interrupt.ts';
import { findSource } from '../source.ts';
import { openView } from '../store-view.ts';
import type { Progress, Terminal } from '../terminal.ts';

export async function importFile(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const [file, root, name] = parsed.positionals as [string, string, string];
  const stat = file === '-' ? undefined : fs.statSync(file, { throwIfNoEntry: false });
  if (file !== '-' && stat?.isFile() !== true) throw usage(`there is no file ${file}`);
  // Says what is wrong with a file that is no export before anything is made.
  if (file !== '-') openView(await findSource(file)).close();
  if (fs.statSync(root, { throwIfNoEntry: false })?.isFile() === true) {
    throw usage(`${root} is a file; stores live in a folder`);
  }
  const interrupt = onInterrupt();
  const progress = terminal.progress(`importing ${name}`);
  try {
    const input =
      file === '-' ? process.stdin : fs.createReadStream(file, { highWaterMark: 1_048_576 });
    const pieces = counted(input, stat?.size ?? 0, progress, interrupt);
    await importStore(createNodeHost(root), name, pieces).catch((error: unknown) => {
      // It wraps what its input throws.
      interrupt.check();
      throw isVarveError(error) && error.cause instanceof CommandError ? error.cause : error;
    });
    progress.end();
    const view = openView(await findSource(root, name));
    try {
      const lastLsn = view.recovered?.end.lastLsn ?? 0;
      await terminal.print(
        `${name}  ${size(view.file.realBytes)}, up to LSN ${count(lastLsn)}, in ${root}`,
      );
    } finally {
      view.close();
    }
    return Exit.Ok;
  } finally {
    progress.end();
    interrupt.stop();
  }
}

async function* counted(
  input: AsyncIterable<Uint8Array>,
  total: number,
  progress: Progress,
  interrupt: Interrupt,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of input) {
    interrupt.check();
    yield piece;
    done += piece.length;
    progress.update(done, total);
  }
  if (done === 0) throw foreign('there is nothing to import: the input is empty');
  interrupt.check();
}
