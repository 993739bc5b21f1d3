/**
 * Small appends through shared memory, where a page has it: `openLog(name, { transport: ring() })`.
 *
 * Always true:
 * - an append goes by ring only while none that went by message is unanswered, and the engine takes
 *   what is in the ring before it looks at a message: appends keep the order of their calls
 * - answers that stand in the ring are heard before any message that was sent after them
 * - what does not fit into the ring now goes by message; nothing waits for room
 * - a message is announced in the ring, so that an engine that stands still for appends hears it
 * - an engine that takes no rings says nothing: everything goes by message
 */
import { RingConsumer, RingProducer, createRing } from '@varve/fifo';
import { appendEntryBytes, readAnswerEntry, writeAppendEntry } from '@varve/protocol';
import type {
  AppendMessage,
  AppendedMessage,
  ToClient,
  ToEngine,
  WireError,
} from '@varve/protocol';
import type { DataPort, Transport } from './api.ts';

export type { DataPort, Transport } from './api.ts';

/** Two messages of the append queue are under way at most, each of 4 KiB of frames and their groups. */
const RING_BYTES = 64 * 1024;
/** Bells are not lost; one that was would cost this. */
const HEARTBEAT_MS = 1000;
/** The engine stands still for half of this after an append, unless another comes. */
const LIVELY_MS = 2;

/**
 * The transport by shared memory. Undefined where there is none (a page that is not cross-origin
 * isolated, a browser without `Atomics.waitAsync`): then everything goes by message, as without it.
 */
export function ring(): Transport | undefined {
  // Node knows no isolation: there memory can always be shared.
  const mayShare = globalThis.crossOriginIsolated ?? true;
  const hasAll = typeof SharedArrayBuffer === 'function' && 'waitAsync' in Atomics;
  return mayShare && hasAll ? overRing : undefined;
}

function overRing(port: DataPort, ended: AbortSignal): DataPort {
  const appends = createRing(RING_BYTES);
  const answers = createRing(RING_BYTES);
  const producer = new RingProducer(appends);
  const consumer = new RingConsumer(answers);
  /** Ids of appends that are not answered, by the way they went. */
  const byMessage = new Set<number>();
  const byRing = new Set<number>();
  let isServed = false;
  let isListening = false;
  let heardMs = -Infinity;
  const outer: DataPort = {
    onmessage: null,
    postMessage(message, transfer) {
      const sent = message as ToEngine;
      if (sent.kind === 'append') {
        const isSmall =
          transfer?.length === 0 && sent.stream === undefined && sent.key === undefined;
        if (isSmall && isServed && byMessage.size === 0 && put(sent)) return;
        byMessage.add(sent.id);
      }
      port.postMessage(message, transfer);
      if (byRing.size > 0 || performance.now() - heardMs < LIVELY_MS) announce();
    },
  };
  port.onmessage = (event) => {
    hearRing();
    const heard = event.data as ToClient;
    if (heard.kind === 'ring') {
      isServed = true;
      return;
    }
    if ('id' in heard) {
      byMessage.delete(heard.id);
      // What an entry of the ring cannot say is answered by message.
      byRing.delete(heard.id);
    }
    tell(event);
    // The engine's first word: it listens to data now.
    if (heard.kind === 'hello') port.postMessage({ kind: 'ring', appends, answers });
  };
  ended.addEventListener('abort', () => {
    isServed = false;
    consumer.heard();
  });
  return outer;

  function tell(event: { readonly data: unknown }): void {
    outer.onmessage?.(event as MessageEvent);
  }

  /** The memory holds what no engine writes: as a message that cannot be read, it ends everything. */
  function broken(cause: unknown): void {
    isServed = false;
    const message = `BAD_MESSAGE: the ring is broken: ${String(cause)}`;
    const error: WireError = { code: 'BAD_MESSAGE', name: 'VarveError', message };
    tell({ data: { kind: 'refused', error, dropped: true } });
  }

  /** False: there is no room. */
  function put(message: AppendMessage): boolean {
    try {
      const entry = producer.reserve(appendEntryBytes(message));
      if (!entry) return false;
      writeAppendEntry(entry.bytes, message);
      entry.commit();
    } catch (error) {
      broken(error);
      return true;
    }
    byRing.add(message.id);
    producer.wake();
    if (!isListening) void listen();
    return true;
  }

  /** Without room there is enough in it to wake the engine. */
  function announce(): void {
    if (!isServed) return;
    try {
      producer.reserve(0)?.commit();
      producer.wake();
    } catch (error) {
      broken(error);
    }
  }

  async function listen(): Promise<void> {
    isListening = true;
    while (isServed && byRing.size > 0) {
      await consumer.wait(HEARTBEAT_MS).catch(broken);
      hearRing();
    }
    isListening = false;
  }

  function hearRing(): void {
    for (let answer = next(); answer !== undefined; answer = next()) {
      byRing.delete(answer.id);
      heardMs = performance.now();
      tell({ data: answer });
    }
  }

  function next(): AppendedMessage | undefined {
    if (!isServed) return undefined;
    try {
      const length = consumer.next();
      if (length < 0) return undefined;
      const entry = new Uint8Array(length);
      consumer.settle(consumer.take(entry));
      const answer = readAnswerEntry(entry);
      if (answer === undefined) throw new Error('an answer that is none');
      return answer;
    } catch (error) {
      broken(error);
      return undefined;
    }
  }
}
