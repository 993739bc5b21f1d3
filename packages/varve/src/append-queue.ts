/**
 * Appends on their way from the page to the engine.
 *
 * Always true:
 * - at most two messages are in flight; what arrives meanwhile forms the next one, so that a slow
 *   flush makes larger groups instead of a longer queue
 * - appends keep the order of their calls, whatever their size: messages get LSNs as they are sent, a
 *   large value is one message, and one that fails or is aborted leaves the others in their order
 * - those of one message get LSNs without a gap, unless a failover came between them
 * - buffers go there and come back, unless so little is in them that it is cloned; the pool holds at
 *   most three
 * - every call settles, and a failure says whether anything may have been written
 */
import {
  CLONED_BYTES_MAX,
  asVarveError,
  fromWire,
  recordFrameBytes,
  withOutcome,
  writeRecordFrame,
} from '@varve/protocol';
import type { AppendedMessage, AppendMessage, Durability } from '@varve/protocol';
import { aborted } from './abort.ts';

const IN_FLIGHT_MAX = 2;
/** A message is closed when it holds this much; one call alone may be larger. */
const MESSAGE_BYTES = 1024 * 1024;
/** Buffers grow with what they must hold: many small messages must not take much memory. */
const BUFFER_FIRST_BYTES = 4096;

export interface AppendCall {
  readonly payloads: readonly Uint8Array[];
  readonly type: number;
  readonly channel: number;
  readonly durability: Durability | undefined;
  readonly expect: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** The record's bytes went ahead into this open sink; the one payload is empty. */
  readonly stream?: number;
  readonly key?: string | Uint8Array | undefined;
}

/** Where the messages go: the engine, or whoever stands in for it. */
export interface AppendLink {
  isOpen(): boolean;
  request(message: Omit<AppendMessage, 'id'>, transfer: ArrayBuffer[]): Promise<AppendedMessage>;
}

export interface AppendQueue {
  /** Bytes not yet acknowledged. */
  waitingBytes: number;
  waitingAppends: number;
  /** How often an append found the queue past its high-water mark. */
  stalls: number;
  isFull(): boolean;
  /** One atomic group. Resolves with the LSN of its first record. */
  append(call: AppendCall): Promise<number>;
  /** Resolves when all that was appended so far has settled. */
  drained(): Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly records: number;
  readonly signal: AbortSignal | undefined;
  resolve(lsn: number): void;
  reject(error: Error): void;
  abort(): void;
}

interface Message {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  /** In the order of their frames. */
  readonly waiting: Waiting[];
  readonly durability: Durability | undefined;
  readonly expect: number | undefined;
  readonly stream: number | undefined;
  readonly key: string | Uint8Array | undefined;
  /** Of one call alone: nothing else may be in it. */
  readonly isOwn: boolean;
}

/** @param onAcknowledged told of each message: its last LSN, and what was promised for it */
export function appendQueue(
  link: AppendLink,
  queueBytes: number,
  onAcknowledged: (lastLsn: number, durability: Durability | undefined) => void,
): AppendQueue {
  const forming: Message[] = [];
  const pool: ArrayBuffer[] = [];
  const drained: (() => void)[] = [];
  let inFlight = 0;
  let isPumpDue = false;
  const queue: AppendQueue = {
    waitingBytes: 0,
    waitingAppends: 0,
    stalls: 0,
    isFull: () => queue.waitingBytes >= queueBytes,
    append,
    drained: () =>
      new Promise((resolve) => {
        drained.push(resolve);
        tellDrained();
      }),
  };
  return queue;

  function append(call: AppendCall): Promise<number> {
    const { payloads, type, channel, signal } = call;
    let bytes = 0;
    for (const payload of payloads) bytes += recordFrameBytes(channel, payload.length);
    if (queue.isFull()) queue.stalls++;
    const message = room(bytes, call);
    for (const payload of payloads) {
      message.length = writeRecordFrame(message.bytes, message.length, type, channel, payload);
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => abandon(message, waiting);
      const waiting = { bytes, records: payloads.length, signal, resolve, reject, abort };
      message.waiting.push(waiting);
      queue.waitingBytes += bytes;
      queue.waitingAppends++;
      signal?.addEventListener('abort', abort);
      // After the caller's own turn: appends issued together travel together.
      if (isPumpDue) return;
      isPumpDue = true;
      queueMicrotask(() => {
        isPumpDue = false;
        pump();
      });
    });
  }

  /** The message that takes `bytes` more, with room for them. */
  function room(bytes: number, { durability, expect, stream, key }: AppendCall): Message {
    let message = forming.at(-1);
    const isOwn = (expect ?? stream ?? key) !== undefined;
    if (
      !message ||
      message.durability !== durability ||
      message.isOwn ||
      isOwn ||
      message.length + bytes > MESSAGE_BYTES
    ) {
      const room = new Uint8Array(pool.pop() ?? new ArrayBuffer(BUFFER_FIRST_BYTES));
      message = { bytes: room, length: 0, waiting: [], durability, expect, stream, key, isOwn };
      forming.push(message);
    }
    const { length } = message;
    const full = message.bytes;
    if (length + bytes > full.length) {
      message.bytes = new Uint8Array(Math.max(length + bytes, 2 * full.length));
      message.bytes.set(full.subarray(0, length));
    }
    return message;
  }

  function pump(): void {
    while (inFlight < IN_FLIGHT_MAX) {
      const message = forming.shift();
      if (!message) return;
      if (message.waiting.length > 0) void send(message);
      else recycle(message.bytes.buffer);
    }
  }

  async function send(message: Message): Promise<void> {
    const { bytes, length, waiting, durability, expect, stream, key } = message;
    const isCloned = length <= CLONED_BYTES_MAX;
    const buffer = isCloned ? bytes.buffer.slice(0, length) : bytes.buffer;
    if (isCloned) recycle(bytes.buffer);
    const groups = waiting.length > 1 ? Uint32Array.from(waiting, (call) => call.bytes) : undefined;
    const wasOpen = link.isOpen();
    inFlight++;
    try {
      const answer = await link.request(
        { kind: 'append', buffer, length, groups, durability, expect, stream, key },
        isCloned ? [] : [buffer],
      );
      if (answer.buffer) recycle(answer.buffer);
      const { firstLsn, refusal, groupLsns } = answer;
      let next = firstLsn;
      waiting.forEach((call, index) => {
        if (index < answer.groups) {
          next = groupLsns?.[index] ?? next;
          call.resolve(next);
          next += call.records;
        } else {
          call.reject(fromWire(refusal!));
        }
      });
      onAcknowledged(next - 1, durability);
    } catch (cause) {
      const error = asVarveError(cause);
      const outcome = wasOpen ? (error.outcome ?? 'unknown') : 'not-written';
      for (const call of waiting) call.reject(withOutcome(error, outcome));
    }
    inFlight--;
    waiting.forEach(forget);
    pump();
    tellDrained();
  }

  function tellDrained(): void {
    if (queue.waitingAppends === 0) for (const resolve of drained.splice(0)) resolve();
  }

  function forget({ bytes, signal, abort }: Waiting): void {
    signal?.removeEventListener('abort', abort);
    queue.waitingBytes -= bytes;
    queue.waitingAppends--;
  }

  /** Sent: stop waiting, nobody knows. Not sent: taken out of its message, and nothing happened. */
  function abandon(message: Message, call: Waiting): void {
    const isForming = forming.includes(message);
    call.reject(aborted(call.signal!, isForming ? 'not-written' : 'unknown'));
    if (!isForming) return;
    const { bytes, waiting } = message;
    const index = waiting.indexOf(call);
    let start = 0;
    for (const earlier of waiting.slice(0, index)) start += earlier.bytes;
    bytes.copyWithin(start, start + call.bytes, message.length);
    message.length -= call.bytes;
    waiting.splice(index, 1);
    forget(call);
    tellDrained();
  }

  function recycle(buffer: ArrayBuffer): void {
    if (buffer.byteLength <= 2 * MESSAGE_BYTES && pool.length <= IN_FLIGHT_MAX) pool.push(buffer);
  }
}
