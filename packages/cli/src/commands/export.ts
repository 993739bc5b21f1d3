/**
 * `varve export`: a store as one file: the bytes that a browser's export gives, too.
 *
 * Always true:
 * - the store is held while it is copied (STORE_BUSY if another process has it), and not written to
 * - the file appears under its name when it is whole and flushed, or not at all
 * - slots that hold no history are zeros in it: what was trimmed does not travel
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { SyncFile } from '@varve/files';
import { createNodeHost } from '@varve/files/node';
import { openStore } from '@varve/journal';
import { type Recovered, slotStart } from '@varve/journal/inspect';
import type { Parsed } from '../arguments.ts';
import { Exit, type ExitCode, usage } from '../exit.ts';
import { plural, size } from '../format.ts';
import { type Interrupt, onInterrupt } from '../interrupt.ts';
import { findSource } from '../source.ts';
import type { Terminal } from '../terminal.ts';

const PIECE_BYTES = 1_048_576;

export async function exportStore(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const [place, name] = parsed.positionals;
  const output = parsed.values['output'];
  if (typeof output !== 'string') throw usage('export needs -o FILE', '- as FILE is stdout.');
  if (output === '-' && process.stdout.isTTY) throw usage('an export is no text: redirect stdout');
  if (output !== '-' && parsed.values['force'] !== true && fs.existsSync(output)) {
    throw usage(`${output} is there already`, '--force replaces it.');
  }
  const source = await findSource(place!, name);
  if (source.root === undefined) throw usage(`${place} is an export already`);
  const store = await openStore(createNodeHost(source.root), source.name, {
    create: false,
    readOnly: true,
  });
  const interrupt = onInterrupt();
  const progress = terminal.progress(`exporting ${source.name}`);
  try {
    const { file, recovered } = store.openedJournal!;
    if (recovered.verdict === 'corrupt') {
      terminal.note('the store is damaged; the export has the damage in it and will not import');
    }
    const total = file.getSize();
    const target = output === '-' ? new StdoutTarget(terminal) : new FileTarget(output);
    try {
      let done = 0;
      for (const piece of pieces(file, recovered)) {
        interrupt.check();
        await target.write(piece);
        done += piece.length;
        progress.update(done, total);
      }
      await breathe(interrupt);
      target.finish();
    } finally {
      target.discard();
    }
    progress.end();
    if (output !== '-') {
      const records = plural(recovered.end.lastLsn, 'record');
      await terminal.print(
        `${output}  ${size(total)}, up to LSN ${recovered.end.lastLsn} (${records} ever written)`,
      );
    }
    return Exit.Ok;
  } finally {
    progress.end();
    interrupt.stop();
    await store.close();
  }
}

/** The journal file, with zeros for slots that hold no history. */
function* pieces(file: SyncFile, { geometry, table, verdict }: Recovered): Generator<Uint8Array> {
  const live = new Set(table.live().map(({ header }) => header.slot));
  const total = file.getSize();
  for (let at = 0; at < total;) {
    const slot = Math.floor((at - slotStart(geometry, 0)) / geometry.segmentBytes);
    const end =
      at < slotStart(geometry, 0) ? slotStart(geometry, 0) : slotStart(geometry, slot + 1);
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at, total - at));
    // With damage nobody can say which slots are spare.
    if (slot < 0 || live.has(slot) || verdict === 'corrupt') file.read(piece, { at });
    yield piece;
    at += piece.length;
  }
}

interface Target {
  write(piece: Uint8Array): Promise<void>;
  /** It is whole. */
  finish(): void;
  /** Removes what was not finished. Idempotent. */
  discard(): void;
}

class FileTarget implements Target {
  readonly #path: string;
  readonly #temporaryPath: string;
  #fd: number | undefined;

  constructor(target: string) {
    this.#path = target;
    this.#temporaryPath = `${target}.${randomBytes(4).toString('hex')}.part`;
    this.#fd = fs.openSync(this.#temporaryPath, 'wx');
  }

  async write(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length;) at += fs.writeSync(this.#fd!, piece, at);
    await new Promise((resolve) => setImmediate(resolve));
  }

  finish(): void {
    fs.fsyncSync(this.#fd!);
    fs.closeSync(this.#fd!);
    this.#fd = undefined;
    try {
      fs.renameSync(this.#temporaryPath, this.#path);
    } catch (error) {
      fs.rmSync(this.#temporaryPath, { force: true });
      throw error;
    }
    syncFolder(path.dirname(path.resolve(this.#path)));
  }

  discard(): void {
    if (this.#fd === undefined) return;
    fs.closeSync(this.#fd);
    this.#fd = undefined;
    fs.rmSync(this.#temporaryPath, { force: true });
  }
}

class StdoutTarget implements Target {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  write(piece: Uint8Array): Promise<void> {
    return this.#terminal.write(piece);
  }

  finish(): void {
    // What stdout got cannot be taken back, and needs no end.
  }

  discard(): void {
    // As above.
  }
}

async function breathe(interrupt: Interrupt): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  interrupt.check();
}

/** Makes the new name durable where folders can be synced. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } catch {
    // Some file systems cannot; then the name is as durable as they make it.
  } finally {
    fs.closeSync(fd);
  }
}
