/**
 * Appends on their way from the page to the engine.
 *
 * Always true:
 * - at most two messages are in flight; what arrives meanwhile forms the next one, so that a slow
 *   flush makes larger groups instead of a longer queue
 * - appends keep the order of their calls, whatever their size: messages get LSNs as they are sent, a
 *   large value is one message, and one that fails or is aborted leaves the others in their order
 * - those of one message get LSNs without a gap
 * - buffers go there and come back: the pool holds at most three
 * - every call settles, and a failure says whether anything may have been written
 */
import {
  VarveError,
  asVarveError,
  fromWire,
  recordFrameBytes,
  withOutcome,
  writeRecordFrame,
} from '@varve/protocol';
import type { AppendMessage, Durability } from '@varve/protocol';
import { aborted } from './abort.ts';
import type { DataLink } from './data-link.ts';

const IN_FLIGHT_MAX = 2;
/** A message is closed when it holds this much; one call alone may be larger. */
const MESSAGE_BYTES = 256 * 1024;
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
}

interface Waiting {
  /** Where its frames begin in the message, and how many bytes and records they are. */
  start: number;
  firstRecord: number;
  readonly bytes: number;
  readonly records: number;
  resolve(lsn: number): void;
  reject(error: Error): void;
  forget(): void;
}

interface Message {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  records: number;
  waiting: Waiting[];
  readonly durability: Durability | undefined;
  readonly expect: number | undefined;
  readonly stream: number | undefined;
}

export class AppendQueue {
  /** Bytes not yet acknowledged. */
  waitingBytes = 0;
  waitingAppends = 0;
  /** How often an append found the queue past its high-water mark. */
  stalls = 0;
  /** Told of each acknowledgement: the last LSN, and what was promised for it. */
  onAcknowledged: (lastLsn: number, durability: Durability | undefined) => void = () => undefined;
  readonly #link: DataLink;
  readonly #queueBytes: number;
  readonly #forming: Message[] = [];
  readonly #pool: ArrayBuffer[] = [];
  #inFlight = 0;
  #isPumpDue = false;
  #drained: (() => void)[] = [];

  constructor(link: DataLink, queueBytes: number) {
    this.#link = link;
    this.#queueBytes = queueBytes;
  }

  get isFull(): boolean {
    return this.waitingBytes >= this.#queueBytes;
  }

  /** One atomic group. Resolves with the LSN of its first record. */
  append(call: AppendCall): Promise<number> {
    const { payloads, type, channel, signal } = call;
    let bytes = 0;
    for (const payload of payloads) bytes += recordFrameBytes(channel, payload.length);
    if (this.isFull) this.stalls++;
    const message = this.#room(bytes, call);
    let at = message.length;
    for (const payload of payloads) {
      at = writeRecordFrame(message.bytes, at, type, channel, payload);
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: message.length,
        firstRecord: message.records,
        bytes,
        records: payloads.length,
        resolve,
        reject,
        forget: () => undefined,
      };
      message.length = at;
      message.records += payloads.length;
      message.waiting.push(waiting);
      this.waitingBytes += bytes;
      this.waitingAppends++;
      if (signal) {
        const abort = (): void => this.#abort(message, waiting, signal);
        signal.addEventListener('abort', abort);
        waiting.forget = () => signal.removeEventListener('abort', abort);
      }
      this.#pumpSoon();
    });
  }

  /** Resolves when all that was appended so far has settled. */
  drained(): Promise<void> {
    if (this.waitingAppends === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** The message that takes `bytes` more, with room for them. */
  #room(bytes: number, { durability, expect, stream }: AppendCall): Message {
    let message = this.#forming.at(-1);
    if (
      message === undefined ||
      message.durability !== durability ||
      (message.expect ?? message.stream ?? expect ?? stream) !== undefined ||
      message.length + bytes > MESSAGE_BYTES
    ) {
      const buffer = this.#pool.pop() ?? new ArrayBuffer(BUFFER_FIRST_BYTES);
      const empty = { length: 0, records: 0, waiting: [] };
      message = { bytes: new Uint8Array(buffer), ...empty, durability, expect, stream };
      this.#forming.push(message);
    }
    const needed = message.length + bytes;
    if (needed > message.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * message.bytes.length));
      larger.set(message.bytes.subarray(0, message.length));
      message.bytes = larger;
    }
    return message;
  }

  /** After the caller's own turn: appends issued together travel together. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#inFlight >= IN_FLIGHT_MAX) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const message = this.#forming.shift();
      if (message === undefined) return;
      if (message.waiting.length > 0) this.#send(message);
      else this.#recycle(message.bytes.buffer);
    }
  }

  #send(message: Message): void {
    const { bytes, length, waiting, durability, expect, stream } = message;
    const { buffer } = bytes;
    const wire: AppendMessage = {
      kind: 'append',
      id: this.#link.nextId(),
      buffer,
      length,
      groups: waiting.length > 1 ? Uint32Array.from(waiting, (call) => call.bytes) : undefined,
      durability,
      expect,
      stream,
    };
    const wasOpen = this.#link.isOpen;
    this.#inFlight++;
    this.#link.request(wire, [buffer]).then(
      (answer) => {
        this.#recycle(answer.buffer);
        const { firstLsn, groups, refusal } = answer;
        let lastLsn = 0;
        for (const call of waiting.slice(0, groups)) {
          call.resolve(firstLsn + call.firstRecord);
          lastLsn = firstLsn + call.firstRecord + call.records - 1;
        }
        for (const call of waiting.slice(groups)) {
          call.reject(
            refusal
              ? fromWire(refusal)
              : new VarveError('OUTCOME_UNKNOWN', undefined, { outcome: 'unknown' }),
          );
        }
        this.#settled(message);
        this.onAcknowledged(lastLsn, durability);
      },
      (cause: unknown) => {
        const error = asVarveError(cause);
        const outcome = wasOpen ? (error.outcome ?? 'unknown') : 'not-written';
        for (const call of waiting) call.reject(withOutcome(error, outcome));
        this.#settled(message);
      },
    );
  }

  #settled(message: Message): void {
    this.#inFlight--;
    for (const call of message.waiting) this.#forget(call);
    this.#pump();
    if (this.waitingAppends > 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }

  #forget(call: Waiting): void {
    call.forget();
    this.waitingBytes -= call.bytes;
    this.waitingAppends--;
  }

  /** Sent: stop waiting, nobody knows. Not sent: taken out of its message, and nothing happened. */
  #abort(message: Message, call: Waiting, signal: AbortSignal): void {
    const isForming = this.#forming.includes(message);
    call.reject(aborted(signal, isForming ? 'not-written' : 'unknown'));
    if (!isForming) return;
    const { start, bytes, records } = call;
    message.bytes.copyWithin(start, start + bytes, message.length);
    message.length -= bytes;
    message.records -= records;
    message.waiting.splice(message.waiting.indexOf(call), 1);
    for (const later of message.waiting) {
      if (later.start < start) continue;
      later.start -= bytes;
      later.firstRecord -= records;
    }
    this.#forget(call);
  }

  #recycle(buffer: ArrayBuffer): void {
    if (buffer.byteLength <= 2 * MESSAGE_BYTES && this.#pool.length <= IN_FLIGHT_MAX) {
      this.#pool.push(buffer);
    }
  }
}
