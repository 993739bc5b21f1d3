/**
 * Appending where no store can be owned: in a service worker, or a page without OPFS access handles.
 *
 * Always true:
 * - importing it touches nothing: it may stand at the head of any script
 * - it starts no worker and loads nothing
 * - an append resolves when the record is durable: in the log, or in the inbox that every leader
 *   empties into the log
 */
import { openDelivery } from '@varve/engine/delivery';
import {
  APPLICATION_TYPE_MIN,
  MESSAGE_BYTES_MAX,
  VarveError,
  checkArgument,
  checkCount,
  checkOneOf,
} from '@varve/protocol';
import { throwIfAborted } from './abort.ts';
import type { AppendOptions, OpenOptions } from './api.ts';
import { appendQueue } from './append-queue.ts';
import type { AppendLink } from './append-queue.ts';
import { structuredCodec } from './codec/index.ts';
import { entryCoder } from './entry-coder.ts';
import { checkAppend, checkName } from './options.ts';

export type { AppendOptions, Codec, StandardSchema } from './api.ts';
export { VarveError, isVarveError } from '@varve/protocol';
export type { ErrorCode, Facts, Outcome } from '@varve/protocol';

/** How long an append waits for a tab that has the store and is not heard. */
const LEADER_TIMEOUT_MS = 2_000;
const QUEUE_BYTES = 8 * 1024 * 1024;
/** What stands before a payload: type, flags, channel, length. */
const FRAME_HEAD_BYTES_MAX = 16;

export interface AppenderOptions<T> extends Pick<
  OpenOptions<T>,
  'codec' | 'durability' | 'schema'
> {
  /** For every append that brings none of its own. */
  signal?: AbortSignal;
  /**
   * How long an append waits for a tab that has the store open and does not answer, until it goes
   * into the inbox. Where no tab has it open, nothing is waited for. Default 2,000 ms.
   */
  leaderTimeoutMs?: number;
}

export type AppenderWishes = Omit<AppendOptions, 'expect' | 'transfer'>;

/** Where the record is now. */
export type Receipt =
  | { readonly lsn: number; readonly inbox?: undefined }
  /**
   * Durable in the inbox: the next tab that opens the store appends it, once, behind what is in the
   * log by then. Its LSN is given there and then.
   */
  | { readonly inbox: true; readonly lsn?: undefined };

export interface Appender<T> {
  /**
   * Appends one value.
   * @throws ABORTED, BAD_ARGUMENT, CLOSED, CODEC_REFUSED, IO_ERROR, OVERLOADED (the inbox holds 1,000
   * entries or 8 MiB), QUOTA_EXCEEDED, RECORD_TOO_LARGE, SCHEMA_REFUSED, and what the tab that has the
   * store throws: each says `outcome`
   */
  append(value: T, wishes?: AppenderWishes): Promise<Receipt>;
  /** Appends all or none; `lsn` is that of the first, the others follow without a gap. */
  appendBatch(values: readonly T[], wishes?: AppenderWishes): Promise<Receipt>;
  /** Resolves when every append has settled. */
  close(): Promise<void>;
}

/** @throws ABORTED, BAD_ARGUMENT, CONTEXT_UNSUPPORTED */
export async function openAppender<T = unknown>(
  name: string,
  options: AppenderOptions<T> = {},
): Promise<Appender<T>> {
  checkName(name);
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { durability = 'strict', leaderTimeoutMs = LEADER_TIMEOUT_MS } = options;
  const { codec = structuredCodec() as NonNullable<typeof options.codec> } = options;
  checkOneOf(durability, 'durability', 'strict', 'relaxed');
  checkCount(leaderTimeoutMs, 'leaderTimeoutMs', 1);
  throwIfAborted(options.signal);
  const delivery = openDelivery(name, { durability, leaderTimeoutMs });
  const coder = entryCoder(codec, { ...(options.schema && { schema: options.schema }) });
  let lastId = 0;
  const link: AppendLink = {
    isOpen: () => true,
    request: (message) => delivery.append({ ...message, id: ++lastId }),
  };
  const appends = appendQueue(link, QUEUE_BYTES, () => undefined);
  let closed: Promise<void> | undefined;

  const appender: Appender<T> = {
    append: (value, wishes) => appender.appendBatch([value], wishes),

    // Asynchronous for its errors; the call takes its place in the queue before it returns.
    async appendBatch(values, given) {
      const wishes = given ?? {};
      if (closed) throw new VarveError('CLOSED', undefined, { outcome: 'not-written' });
      checkAppend(wishes);
      const { type = APPLICATION_TYPE_MIN, channel = 0, signal = options.signal } = wishes;
      throwIfAborted(signal, 'not-written');
      checkArgument(Array.isArray(values) && values.length > 0, 'values', 'one or more');
      const payloads = values.map((value) => coder.encode(value));
      let bytes = 0;
      for (const { length } of payloads) bytes += length + FRAME_HEAD_BYTES_MAX;
      if (bytes > MESSAGE_BYTES_MAX) {
        throw new VarveError('RECORD_TOO_LARGE', undefined, {
          facts: { bytes, limitBytes: MESSAGE_BYTES_MAX },
          outcome: 'not-written',
        });
      }
      const { durability: wanted, key } = wishes;
      const call = {
        payloads,
        type,
        channel,
        signal,
        durability: wanted,
        expect: undefined,
        key: key?.slice(),
      };
      const lsn = await appends.append(call);
      // A log begins with 1.
      return lsn === 0 ? { inbox: true } : { lsn };
    },

    close: () => (closed ??= appends.drained().then(() => delivery.close())),
  };
  return appender;
}
