/**
 * `varve dump`: records as JSON, one a line, in the order of their LSNs.
 *
 * Always true: damage is skipped and told on stderr, with its LSNs; what follows it is printed.
 */
import { isVarveError, newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import type { Chunk, ChunkRun, ReadRequest } from '@varve/journal';
import { type ReadOnlyJournal, readUnitPart } from '@varve/journal/inspect';
import { oneOf, type Parsed, wholeNumber } from '../arguments.ts';
import { Exit, type ExitCode, usage } from '../exit.ts';
import { lsnRange, size } from '../format.ts';
import { type Codec, CODECS, describePayload } from '../payload.ts';
import { findSource } from '../source.ts';
import { openView } from '../store-view.ts';
import type { Terminal } from '../terminal.ts';

const CHUNK_BYTES = 1_048_576;
/** A longer payload is named, not printed: `--payload` writes it. */
const INLINE_BYTES_MAX = 64 * 1_048_576;

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly type: number | undefined;
  readonly channel: number | undefined;
  readonly codec: Codec;
}

export async function dump(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const [place, name] = parsed.positionals;
  const wanted = wantedOf(parsed);
  const payload = wholeNumber(parsed, 'payload', 1);
  const source = await findSource(place!, name);
  if (source.inUse)
    terminal.note(
      `the store ${source.name} is open in another process; its newest records may be missing`,
    );
  const view = openView(source);
  try {
    const dumping = new Dump(view.journal(), wanted, terminal);
    if (payload !== undefined) await dumping.writePayload(payload);
    else await dumping.run();
    return dumping.sawDamage ? Exit.Damage : Exit.Ok;
  } finally {
    view.close();
  }
}

function wantedOf(parsed: Parsed): Wanted {
  const from = wholeNumber(parsed, 'from', 1) ?? 1;
  const to = wholeNumber(parsed, 'to', 1) ?? Number.MAX_SAFE_INTEGER;
  if (to < from) throw usage('--to is smaller than --from');
  const codec = oneOf(parsed, 'codec', CODECS);
  if (parsed.values['raw'] === true && codec !== undefined)
    throw usage('--raw or --codec, not both');
  return {
    from,
    to,
    type: wholeNumber(parsed, 'type', 0, 255),
    channel: wholeNumber(parsed, 'channel', 0, 0xffff_ffff),
    codec: parsed.values['raw'] === true ? 'bytes' : (codec ?? 'auto'),
  };
}

class Dump {
  sawDamage = false;
  readonly #journal: ReadOnlyJournal;
  readonly #wanted: Wanted;
  readonly #terminal: Terminal;
  readonly #frame = newRecordFrame();

  constructor(journal: ReadOnlyJournal, wanted: Wanted, terminal: Terminal) {
    this.#journal = journal;
    this.#wanted = wanted;
    this.#terminal = terminal;
  }

  async run(): Promise<void> {
    const { firstLsn, lastLsn } = this.#journal;
    const upTo = Math.min(this.#wanted.to, lastLsn);
    let after = Math.max(this.#wanted.from, firstLsn) - 1;
    while (after < upTo && !this.#terminal.isGone) {
      const chunk = this.#readChunk(after, upTo);
      if (typeof chunk === 'number') {
        after = chunk;
        continue;
      }
      let lines = '';
      for (const run of chunk.runs) {
        lines += this.#linesOf(chunk, run);
        after = run.firstLsn + run.count - 1;
      }
      await this.#terminal.write(lines);
    }
  }

  /** The bytes of one record as they are, piece by piece. */
  async writePayload(lsn: number): Promise<void> {
    const { firstLsn, lastLsn } = this.#journal;
    if (lsn < firstLsn || lsn > lastLsn)
      throw usage(`there is no record ${lsn}: there are ${lsnRange(firstLsn, lastLsn)}`);
    const { bytes, runs } = this.#journal.read({ after: lsn - 1, upTo: lsn, maxBytes: 1 }, false);
    readRecordFrame(bytes, runs[0]!.start, runs[0]!.end, this.#frame);
    const { flags, payloadStart, payloadEnd } = this.#frame;
    if ((flags & RecordFlag.External) === 0) {
      await this.#terminal.write(bytes.subarray(payloadStart, payloadEnd));
      return;
    }
    for (let at = 0; !this.#terminal.isGone;) {
      const part = this.#readUnit(lsn, at, CHUNK_BYTES);
      await this.#terminal.write(part.bytes);
      if (part.done) return;
      at += part.bytes.length;
    }
  }

  /** A chunk, or, where damage is, the LSN after which reading can go on. */
  #readChunk(after: number, upTo: number): Chunk | number {
    try {
      return this.#journal.read({ after, upTo, maxBytes: CHUNK_BYTES }, false);
    } catch (error) {
      if (!isVarveError(error, 'CORRUPT')) throw error;
      const to = Math.max(after + 1, Number(error.facts['to'] ?? after + 1));
      this.#tellDamage(after + 1, to, error.message);
      return to;
    }
  }

  #tellDamage(from: number, to: number, message: string): void {
    this.sawDamage = true;
    this.#terminal.error(`LSN ${lsnRange(from, to)} missing: ${message}`);
  }

  #linesOf({ bytes }: Chunk, run: ChunkRun): string {
    const frame = this.#frame;
    const { type, channel, codec } = this.#wanted;
    const time = new Date(run.wallTimeMs).toISOString();
    let lines = '';
    let next = run.start;
    for (let lsn = run.firstLsn; lsn < run.firstLsn + run.count; lsn++) {
      next = readRecordFrame(bytes, next, run.end, frame);
      if (next < 0) throw new Error(`record ${lsn} is not framed as its batch says`);
      if (type !== undefined && frame.type !== type) continue;
      if (channel !== undefined && frame.channel !== channel) continue;
      const head = { lsn, type: frame.type, channel: frame.channel, time };
      const payload = bytes.subarray(frame.payloadStart, frame.payloadEnd);
      const isExternal = (frame.flags & RecordFlag.External) !== 0;
      const what = isExternal ? this.#describeExternal(lsn) : describePayload(payload, codec);
      if (what !== undefined) lines += `${JSON.stringify({ ...head, ...what })}\n`;
    }
    return lines;
  }

  #describeExternal(lsn: number): Record<string, unknown> | undefined {
    try {
      const { bytes, done } = this.#readUnit(lsn, 0, INLINE_BYTES_MAX);
      if (done) return describePayload(bytes, this.#wanted.codec);
      return { omitted: `more than ${size(INLINE_BYTES_MAX)}: --payload ${lsn} writes it` };
    } catch (error) {
      if (!isVarveError(error, 'CORRUPT')) throw error;
      this.#tellDamage(lsn, lsn, error.message);
      return undefined;
    }
  }

  #readUnit(lsn: number, at: number, maxBytes: number): { bytes: Uint8Array; done: boolean } {
    const readChunk = ({ after, before, maxBytes: most }: ReadRequest): Chunk =>
      this.#journal.read({ after, upTo: before! - 1, maxBytes: most }, false);
    return readUnitPart(this.#journal, readChunk, lsn, at, maxBytes);
  }
}
