/**
 * A record on its way in pieces: the asynchronous face of an `OpenUnit`.
 *
 * Always true: after `commit`, `abort` or a fault nothing more is written; without a `commit` that
 * resolved nothing of it is ever visible.
 */
import { isVarveError, SystemType, VarveError, withOutcome } from '@varve/protocol';
import type { CommitQueue } from './commit-queue.ts';
import { externalFrame } from './group.ts';
import { GenerationFault } from './io.ts';
import type { Journal } from './journal.ts';
import type { StoreLife } from './store-life.ts';
import { stagedBefore } from './stage.ts';
import type { Appended, ClientStamp, UnitWriter } from './store-port.ts';
import type { OpenUnit } from './unit.ts';
import { encodeUnitDescriptor } from './unit-descriptor.ts';

/** Written out once so much is staged by a stream: it never fills the memory. */
const WRITE_EVERY_BYTES = 262_144;

export class StreamUnit implements UnitWriter {
  private readonly life: StoreLife;
  private readonly commits: CommitQueue;
  private readonly unit: OpenUnit;
  private readonly ended: () => void;
  private over: VarveError | undefined;
  private sinceWrite = 0;

  constructor(life: StoreLife, commits: CommitQueue, unit: OpenUnit, ended: () => void) {
    this.life = life;
    this.commits = commits;
    this.unit = unit;
    this.ended = ended;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.guarded((journal) => {
      this.unit.write(bytes, 0, bytes.length);
      this.sinceWrite += bytes.length;
      if (this.sinceWrite < WRITE_EVERY_BYTES) return;
      this.sinceWrite = 0;
      journal.write();
    });
    if (this.commits.isFull) this.commits.stall();
  }

  async commit(record: Parameters<UnitWriter['commit']>[0]): Promise<number> {
    const { durability, stamp } = record;
    let frame: Uint8Array | undefined;
    const before = stamp && this.stagedBefore(stamp);
    if (before !== undefined) {
      if (this.over === undefined) this.finish(committed());
      return (await this.commits.repeat(before, durability)).firstLsn;
    }
    this.guarded((journal) => {
      if (record.expect !== undefined && record.expect !== journal.tail.lastLsn) {
        throw new VarveError('CONFLICT', undefined, {
          facts: { expected: record.expect, lastLsn: journal.tail.lastLsn },
          outcome: 'not-written',
        });
      }
      frame = externalFrame(
        record.type,
        record.channel,
        encodeUnitDescriptor(this.unit.finish(64)),
      );
    });
    const appended = this.commits.appendExternal(frame!, durability, stamp);
    this.finish(committed());
    return (await appended).firstLsn;
  }

  /** What to tell of a message that was sent before. */
  private stagedBefore(stamp: ClientStamp): Appended | undefined {
    const { journal } = this.life;
    return journal && stagedBefore(journal, stamp);
  }

  abort(): void {
    if (this.over !== undefined) return;
    const { journal } = this.life;
    const begun = this.unit.firstSegment !== undefined;
    this.finish(new VarveError('ABORTED', undefined, { outcome: 'not-written' }));
    if (journal === undefined || !begun) return;
    try {
      journal.tail.addControl(SystemType.Abort, new Uint8Array(0));
      this.commits.queue();
    } catch (error) {
      if (error instanceof GenerationFault) this.life.endGeneration(error.cause);
      // No room for the note: an unfinished unit is invisible with or without it.
      else if (!isVarveError(error)) throw error;
    }
  }

  /** The generation ended under it. */
  fail(cause: VarveError): void {
    if (this.over === undefined) this.finish(withOutcome(cause, 'not-written'));
  }

  private finish(reason: VarveError): void {
    this.over = reason;
    this.unit.close();
    this.ended();
  }

  private guarded(operation: (journal: Journal) => void): void {
    if (this.over !== undefined) throw this.over;
    const { journal } = this.life;
    if (journal === undefined) throw withOutcome(this.life.refusal(), 'not-written');
    try {
      operation(journal);
    } catch (error) {
      if (error instanceof GenerationFault) {
        this.life.endGeneration(error.cause);
        throw withOutcome(error.cause, 'not-written');
      }
      if (!isVarveError(error)) throw error;
      const refusal = withOutcome(error, 'not-written');
      this.finish(refusal);
      this.life.announceQuota(refusal);
      throw refusal;
    }
  }
}

function committed(): VarveError {
  return new VarveError('BAD_ARGUMENT', 'this stream was committed', { outcome: 'not-written' });
}
