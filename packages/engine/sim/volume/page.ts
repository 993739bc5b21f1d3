/**
 * A page that has a volume open. Its client writes to registers and snapshots of its own alone.
 */
import { VarveError, isVarveError, withOutcome } from '@varve/protocol';
import type { CheckReport, VolumeCalls, VolumePiece, VolumeWork } from '@varve/protocol';
import { Page } from '../page.ts';
import type { ChangeFact, Look, VolumeHistory } from './history.ts';
import { REGISTERS, WIDE, areasOf, contentOf, rangeOf, seenIn } from './registers.ts';

type Changing = Pick<ChangeFact, 'kind' | 'registers' | 'name' | 'view'>;

export class VolumePage extends Page<VolumeCalls, VolumeHistory> {
  #lastNumber = 0;
  #turn = 0;
  /** Made by this page, and not deleted by it, as far as it was asked to. */
  readonly #snapshots: string[] = [];

  override async close(): Promise<void> {
    await this.attempt('close', () => this.caller.call('closeVolume'));
    // Whatever came before is answered by then.
    this.end(new VarveError('CLOSED', '', { outcome: 'not-written' }));
  }

  /** @param isToSnapshot the newest, if there is one */
  write(isWide: boolean, isToSnapshot: boolean): void {
    const view = isToSnapshot ? this.#snapshots.at(-1) : undefined;
    const register = isWide ? WIDE : this.#turn++ % WIDE;
    void this.#change({ kind: 'write', registers: [register], view }, (number) => {
      const { at } = rangeOf(this.client, register);
      const bytes = contentOf(this.client, register, number);
      return this.caller.call('write', at, bytes, view ?? null);
    });
  }

  atomic(): void {
    const registers = Array.from({ length: REGISTERS }, (_, register) => register);
    void this.#change({ kind: 'write', registers, view: undefined }, (number) => {
      const ops = registers.map((register) => ({
        write: {
          at: rangeOf(this.client, register).at,
          bytes: contentOf(this.client, register, number),
        },
      }));
      return this.caller.call('atomic', ops, null);
    });
  }

  trim(): void {
    const { at, length } = rangeOf(this.client, WIDE);
    void this.#change({ kind: 'trim', registers: [WIDE], view: undefined }, () =>
      this.caller.call('trimVolume', at, length, null),
    );
  }

  snapshot(): void {
    const name = `${this.client}:${this.#lastNumber + 1}`;
    this.#snapshots.push(name);
    void this.#change({ kind: 'snapshot', registers: [], name, view: undefined }, () =>
      this.caller.call('snapshot', name),
    );
  }

  delete(): void {
    const name = this.#snapshots.shift();
    if (name === undefined) return;
    void this.#change({ kind: 'delete', registers: [], name, view: undefined }, () =>
      this.#worked({ kind: 'delete', name }),
    );
  }

  /** The registers of the clients 1 to `clients`. */
  async read(clients: number, view?: string): Promise<void> {
    await this.attempt('read', async () => {
      try {
        await Promise.all(
          areasOf(clients).map(async (area) => {
            const asked = this.#asked();
            const bytes = await this.caller.call('read', area.at, area.length, view ?? null, true);
            const seen = seenIn(bytes, area, clients);
            this.history.looks.push({ ...asked, view, seen, endedMs: this.context.nowMs() });
          }),
        );
      } catch (error) {
        if (view === undefined || !isVarveError(error, 'NOT_FOUND')) throw error;
        this.history.missing(view, this.context.nowMs());
      }
    });
  }

  /** The snapshots there are; and what the first of them hold. */
  async list(clients: number, reads: number): Promise<void> {
    await this.attempt('list', async () => {
      const asked = this.#asked();
      const names = (await this.caller.call('snapshots')).map(({ name }) => name);
      this.history.listings.push({ ...asked, names, endedMs: this.context.nowMs() });
      await Promise.all(names.slice(0, reads).map((name) => this.read(clients, name)));
    });
  }

  async check(): Promise<void> {
    await this.attempt('check', async () => {
      const report = await this.#worked({ kind: 'check', data: true });
      if (report?.ok !== true)
        this.history.violations.push(`V6: a check found ${JSON.stringify(report?.findings)}`);
    });
  }

  async diff(): Promise<void> {
    await this.attempt('diff', async () => {
      let before = 0;
      try {
        const from = this.#snapshots.at(-1) ?? null;
        for await (const piece of this.#pieces({ kind: 'diff', from, to: null })) {
          if (!('ranges' in piece)) continue;
          for (const { at, length } of piece.ranges) {
            if (at < before) this.history.violations.push(`V7: a diff told ${at} after ${before}`);
            before = at + length;
          }
        }
      } catch (error) {
        if (!isVarveError(error, 'NOT_FOUND')) throw error;
      }
    });
  }

  flush(): Promise<void> {
    return this.attempt('flush', () => this.caller.call('flushVolume'));
  }

  checkpoint(): Promise<void> {
    return this.attempt('checkpoint', () => this.caller.call('checkpointVolume'));
  }

  override async status(): Promise<void> {
    await this.attempt('status', async () => {
      const { role } = await this.caller.call('volumeStatus');
      this.#leads(role);
    });
  }

  protected override async openStore(name: string, request: object): Promise<void> {
    const { role } = await this.caller.call('openVolume', name, request);
    this.#leads(role);
  }

  protected override async parkStore(): Promise<void> {
    await this.caller.call('park');
  }

  #leads(role: string): void {
    this.role = role === 'leader' ? 'leader' : 'follower';
  }

  async #change(changing: Changing, call: (number: number) => Promise<unknown>): Promise<void> {
    const { client } = this;
    const number = ++this.#lastNumber;
    const fact = this.history.change({
      client,
      number,
      ...changing,
      issuedMs: this.context.nowMs(),
    });
    try {
      await call(number);
      this.history.done(fact, this.context.nowMs());
    } catch (error) {
      const failure = this.known(error, fact.kind);
      const known = withOutcome(failure, failure.outcome ?? 'unknown');
      this.history.refused(fact, known, this.context.nowMs());
    }
  }

  #asked(): Pick<Look, 'client' | 'afterChange' | 'issuedMs'> {
    return {
      client: this.client,
      afterChange: this.#lastNumber,
      issuedMs: this.context.nowMs(),
    };
  }

  async #worked(work: VolumeWork): Promise<CheckReport | null> {
    for await (const piece of this.#pieces(work)) if (piece.done) return piece.report;
    throw new VarveError('BAD_MESSAGE', 'a work ended without its end');
  }

  async *#pieces(work: VolumeWork): AsyncGenerator<VolumePiece> {
    const id = await this.caller.call('openWork', work);
    for (;;) {
      const piece = await this.caller.call('pullWork', id);
      yield piece;
      if (piece.done) return;
    }
  }
}
