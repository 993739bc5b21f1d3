/**
 * A log's relay.
 *
 * Always true:
 * - an append bears the same stamp each time it is sent, so it happens once
 * - what cannot be asked twice (a source or sink that was open on a link) ends with that link
 */
import { VarveError, fromWire, isVarveError, withOutcome } from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ChunkMessage,
  ControlRequest,
  OpenRequest,
  ReadMessage,
  StoreStatus,
  ToLeader,
  UnitBytesMessage,
  UnitMessage,
} from '@varve/protocol';
import { ENDED_STREAM } from './appends.ts';
import { type ClientIdentity, type Ticket, stampOf } from './client-identity.ts';
import { Relay, type RelayContext, expected } from './relay.ts';

export interface LogRelayContext extends RelayContext {
  readonly request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>;
  readonly identity: ClientIdentity;
}

export class LogRelay extends Relay<ToLeader> {
  readonly #context: LogRelayContext;
  /** Stream number that the page knows → the link that it is open on, and its number there. */
  readonly #streams = new Map<number, { readonly link: number; readonly id: number }>();

  constructor(context: LogRelayContext) {
    super(context, 'log', { kind: 'bye' });
    this.#context = context;
  }

  /** @param ticket kept by who asks: should it be asked elsewhere, that is the same message */
  async append(message: AppendMessage, ticket: Ticket): Promise<AppendedMessage> {
    const { identity, request } = this.#context;
    const { stream, durability = request.durability, buffer, length } = message;
    let asked: number | undefined;
    const answer = await this.ask({
      bodyFor: (link) => {
        let open = stream === undefined ? undefined : this.#streamOn(stream, link);
        if (open !== undefined) ticket.generation = this.link.epoch;
        else if (stream !== undefined) {
          if (ticket.sequence === 0) return undefined;
          open = ENDED_STREAM;
        }
        asked = this.link.epoch;
        const known = { generation: asked, durableLsn: this.status?.durableLsn ?? 0 };
        const stamp = stampOf(ticket, identity, known);
        // The stamp says what the key does.
        const body = { ...message, durability, stream: open, key: undefined, stamp };
        // A clone takes the whole buffer along.
        return 2 * length < buffer.byteLength ? { ...body, buffer: buffer.slice(0, length) } : body;
      },
      wasSent: ticket.sequence > 0,
      onSettled: () => identity.done(ticket),
      outcome: 'unknown',
    }).catch((error: unknown) => {
      // The leader that answers may be the one that it was sent to: it may yet come there, over the old link.
      const isDoubtful = ticket.generation !== undefined && ticket.generation === asked;
      throw isDoubtful && isVarveError(error, 'LEADER_LOST')
        ? withOutcome(error, 'unknown')
        : error;
    });
    return expected(answer, 'appended');
  }

  async read(message: ReadMessage): Promise<ChunkMessage> {
    const { visibility = this.#visibility } = message;
    const answer = await this.ask({
      bodyFor: () => ({ ...message, visibility }),
      isPatient: message.wait === true,
      reader: message.reader,
    });
    return expected(answer, 'chunk');
  }

  async unit(message: UnitMessage): Promise<UnitBytesMessage> {
    const bodyFor = (): ToLeader => message;
    return expected(await this.ask({ bodyFor }), 'bytes');
  }

  /** Whoever leads, and whether or not it answers: who waits there is told so here. */
  release(reader: number): void {
    this.drop(reader, new VarveError('ABORTED', 'the reader was released'));
    if (this.link.isWelcome) this.link.send({ kind: 'release', reader });
  }

  async call(request: ControlRequest): Promise<unknown> {
    const { method, args } = request;
    const ofStream = method === 'pull' || method === 'write' || method === 'dropStream';
    const answer = await this.ask({
      bodyFor: (link) => {
        if (!ofStream) return { kind: 'call', id: 0, request };
        const open = this.#streamOn(args[0] as number, link);
        if (open === undefined) return undefined;
        const [, ...rest] = args;
        return { kind: 'call', id: 0, request: { method, args: [open, ...rest] as never } };
      },
      outcome: ofStream ? 'not-written' : undefined,
    });
    const { answer: result } = expected(answer, 'answered');
    if (!result.ok) throw fromWire(result.error);
    if (method === 'openSource' || method === 'openUnit') return this.#opened(result.value);
    if (method !== 'status') return result.value;
    this.status = this.asFollower(result.value as StoreStatus);
    return this.status;
  }

  override ticked(nowMs: number): void {
    const { status } = this;
    // A port may be found long after the leader last had something to say.
    if (this.link.isDirect && status?.link === 'channel')
      this.heard({ kind: 'status', status, events: [], checkpointDue: false });
    super.ticked(nowMs);
  }

  override unlinked(): void {
    for (const [stream, { link }] of this.#streams)
      if (link === this.link.number) this.#streams.delete(stream);
  }

  get #visibility(): 'durable' | 'written' {
    return this.#context.request.durability === 'relaxed' ? 'written' : 'durable';
  }

  #streamOn(stream: number, link: number): number | undefined {
    const open = this.#streams.get(stream);
    return open?.link === link ? open.id : undefined;
  }

  #opened(id: unknown): number {
    const stream = this.#context.identity.newStream();
    this.#streams.set(stream, { link: this.link.number, id: id as number });
    return stream;
  }
}
