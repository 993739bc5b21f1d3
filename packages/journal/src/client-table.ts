/**
 * The clients that sent appends under stamps: what of their messages is in the log, and where.
 *
 * Always true:
 * - what a client's entry says was staged here, or found in the log; the first groups of a message
 *   come first, and its parts follow each other
 * - of a client that is not in it, and came after `forgottenGeneration`, nothing is in the log
 * - of a client that is in it, no message above `floor` is in the log but those that its entry names
 * - at most CLIENTS_MAX clients of MESSAGES_MAX messages of PARTS_MAX parts: the client that was
 *   quiet longest goes, and is remembered as forgotten
 * - besides, the KEYS_MAX keys that were appended last, each a client with one message of one group:
 *   no number of keys makes the table forget a client, nor the other way round
 */
import {
  readU16,
  readU32,
  readU48,
  readU64,
  writeU16,
  writeU32,
  writeU48,
  writeU64,
} from '@varve/bytes';
import { VarveError, isInboxClient, isKeyClient } from '@varve/protocol';
import { type ClientRun, clientOf } from './client-run.ts';
import {
  CLIENT_BYTES,
  CLIENT_LAYOUT,
  CLIENT_MESSAGE_BYTES,
  CLIENT_MESSAGE_LAYOUT,
  CLIENT_PART_BYTES,
  CLIENT_PART_LAYOUT,
  CLIENT_TABLE_HEAD_BYTES,
  CLIENT_TABLE_LAYOUT,
} from './format.ts';
import type { ClientStamp } from './store-port.ts';

export const CLIENTS_MAX = 256;
/** Appends that are remembered by a key of their caller's. */
export const KEYS_MAX = 1024;
/** Messages of a client that are remembered: so many may be unanswered. */
export const MESSAGES_MAX = 8;
/** A message gets another part when it is sent again after some of its groups had happened. */
export const PARTS_MAX = 16;
/** Forgotten clients of this generation that are known by name; more, and nobody new is believed. */
const FORGOTTEN_NAMES_MAX = 16_384;
const SEQUENCE_MAX = 2 ** 48 - 1;
const TABLE_VERSION = 1;
export const CLIENT_TABLE_BYTES_MAX =
  CLIENT_TABLE_HEAD_BYTES +
  CLIENTS_MAX *
    (CLIENT_BYTES + MESSAGES_MAX * (CLIENT_MESSAGE_BYTES + PARTS_MAX * CLIENT_PART_BYTES)) +
  KEYS_MAX * (CLIENT_BYTES + CLIENT_MESSAGE_BYTES + CLIENT_PART_BYTES);

/** Groups of a message that follow each other in the log. */
export interface MessagePart {
  groups: number;
  readonly firstLsn: number;
  /** Records. */
  count: number;
}

/** What of a message is in the log: its first groups, or all. */
export interface ClientMessage {
  readonly sequence: number;
  readonly parts: MessagePart[];
}

interface Client {
  /** Messages up to here are not remembered: answered, or too many. */
  floor: number;
  /** The last generation in which something of it was written. */
  activeGeneration: number;
  /** By sequence. */
  messages: ClientMessage[];
}

export const groupsOf = ({ parts }: ClientMessage): number =>
  parts.reduce((sum, { groups }) => sum + groups, 0);

export class ClientTable {
  forgottenGeneration = 0;
  /** Up to this generation everybody was forgotten, whoever it was. */
  lostGeneration = 0;
  /** It says more than it did when this was last set to false. */
  changed = false;
  /** Clients of the generation that goes on now which were forgotten in it. Not stored: it will have ended. */
  private forgottenNow = new Set<string>();
  /** The inbox's client that was active last: it stays, since others of its kind have been answered. */
  private inboxClient: string | undefined;
  /** The one that was quiet longest comes first. */
  private readonly clients = new Map<string, Client>();
  /** In the order of the log. */
  private readonly keys = new Map<string, Client>();

  /** Clients and keys. */
  get size(): number {
    return this.clients.size + this.keys.size;
  }

  /** Whether there is anything to be remembered. */
  get isEmpty(): boolean {
    return this.size === 0 && this.forgottenGeneration === 0;
  }

  /**
   * What is in the log of the message with this stamp; undefined: nothing, and it may be appended.
   * @throws VarveError OUTCOME_UNKNOWN (it must not be appended), KEY_REUSED, BAD_MESSAGE
   */
  admit(stamp: ClientStamp, generation: number): ClientMessage | undefined {
    checkStamp(stamp);
    if (isKeyClient(stamp.client)) return this.admitKey(stamp);
    const { sequence, answeredTo } = stamp;
    const client = this.clients.get(stamp.client);
    if (client === undefined) {
      if (stamp.isRepeated && this.mayHaveForgotten(stamp, generation)) throw forgotten(stamp);
      return undefined;
    }
    if (answeredTo > client.floor) {
      client.floor = answeredTo;
      client.messages = client.messages.filter((message) => message.sequence > answeredTo);
    }
    // Also of a first copy: it may have been held up, and its repetition have been here before it.
    if (sequence <= client.floor) throw forgotten(stamp);
    const known = client.messages.find((message) => message.sequence === sequence);
    if (known?.parts.length === PARTS_MAX) throw forgotten(stamp);
    return known;
  }

  private admitKey(stamp: ClientStamp): ClientMessage | undefined {
    const first = this.keys.get(stamp.client)?.messages[0];
    if (first === undefined) {
      if (stamp.isRepeated && this.mayHaveForgottenKey(stamp)) throw forgotten(stamp);
      return undefined;
    }
    if (first.sequence !== stamp.sequence) throw reused(first);
    return first;
  }

  /** Keys go in the order of the log: what came after `afterLsn` is here while something older is. */
  private mayHaveForgottenKey({ sinceGeneration, afterLsn = 0 }: ClientStamp): boolean {
    if (sinceGeneration <= this.lostGeneration) return true;
    const [oldest] = this.keys.values();
    return this.keys.size === KEYS_MAX && oldest!.messages[0]!.parts[0]!.firstLsn > afterLsn;
  }

  /** A later message of this client is in the log: nothing more of an earlier one may come behind it. */
  isPassed({ client, sequence }: ClientStamp): boolean {
    const last = this.clients.get(client)?.messages.at(-1);
    return last !== undefined && last.sequence > sequence;
  }

  /** Of a client that came in this generation it is known whether it was forgotten: by name. */
  private mayHaveForgotten({ client, sinceGeneration }: ClientStamp, generation: number): boolean {
    if (isInboxClient(client)) return sinceGeneration <= this.lostGeneration;
    if (sinceGeneration < generation) return sinceGeneration <= this.forgottenGeneration;
    const isKnownByName = this.forgottenNow.size < FORGOTTEN_NAMES_MAX;
    return sinceGeneration > generation || !isKnownByName || this.forgottenNow.has(client);
  }

  /** The log holds the groups of `run`, `count` records from `firstLsn` on. What it knew already is passed over. */
  apply(run: ClientRun, firstLsn: number, count: number, generation: number): void {
    const { sequence, firstGroup, groups } = run;
    const name = clientOf(run);
    if (isKeyClient(name)) {
      const parts = [{ groups, firstLsn, count }];
      if (firstGroup === 0) this.applyKey(name, { sequence, parts }, generation);
      return;
    }
    const client = this.touch(name, sequence, generation);
    if (sequence <= client.floor) return;
    let message = client.messages.find((known) => known.sequence === sequence);
    if (message === undefined) {
      message = { sequence, parts: [] };
      this.insert(client, message);
    }
    const done = groupsOf(message);
    if (firstGroup < done) return;
    const part = message.parts.at(-1);
    if (firstGroup > done || (message.parts.length === PARTS_MAX && !follows(part, firstLsn))) {
      // Bytes of a stranger, or more than is remembered: nobody is answered from them.
      client.floor = Math.max(client.floor, sequence);
      client.messages = client.messages.filter((known) => known.sequence > client.floor);
    } else if (part !== undefined && follows(part, firstLsn)) {
      part.groups += groups;
      part.count += count;
    } else {
      message.parts.push({ groups, firstLsn, count });
    }
  }

  /** The first counts. */
  private applyKey(name: string, message: ClientMessage, activeGeneration: number): void {
    if (this.keys.has(name)) return;
    this.keys.set(name, { floor: 0, activeGeneration, messages: [message] });
    this.changed = true;
    const [oldest] = this.keys.keys();
    if (this.keys.size > KEYS_MAX) this.keys.delete(oldest!);
  }

  private insert(client: Client, message: ClientMessage): void {
    const at = client.messages.findIndex(({ sequence }) => sequence > message.sequence);
    client.messages.splice(at < 0 ? client.messages.length : at, 0, message);
    if (client.messages.length > MESSAGES_MAX) client.floor = client.messages.shift()!.sequence;
  }

  /** The client's entry, as the one that was active last. */
  private touch(name: string, sequence: number, generation: number): Client {
    // Of one that was forgotten and goes on, earlier messages may be there.
    const floor = this.forgottenGeneration > 0 && !isInboxClient(name) ? sequence - 1 : 0;
    if (isInboxClient(name)) this.inboxClient = name;
    const known = this.clients.get(name);
    const client = known ?? { floor, activeGeneration: 0, messages: [] };
    client.activeGeneration = Math.max(client.activeGeneration, generation);
    this.clients.delete(name);
    this.clients.set(name, client);
    this.changed = true;
    if (this.clients.size > CLIENTS_MAX) this.forgetOldest(generation);
    return client;
  }

  private forgetOldest(generation: number): void {
    for (const [name, { activeGeneration }] of this.clients) {
      if (name === this.inboxClient) continue;
      this.clients.delete(name);
      if (activeGeneration === generation && this.forgottenNow.size < FORGOTTEN_NAMES_MAX)
        this.forgottenNow.add(name);
      this.forgottenGeneration = Math.max(this.forgottenGeneration, activeGeneration);
      return;
    }
  }

  /** The table of the generations up to this one is gone. */
  lose(generation: number): void {
    this.forgottenGeneration = generation;
    this.lostGeneration = generation;
  }

  /** Length of what `encode` returns. */
  get encodedBytes(): number {
    let bytes = CLIENT_TABLE_HEAD_BYTES;
    for (const [, { messages }] of this.all()) {
      bytes += CLIENT_BYTES;
      for (const { parts } of messages)
        bytes += CLIENT_MESSAGE_BYTES + parts.length * CLIENT_PART_BYTES;
    }
    return bytes;
  }

  private all(): [string, Client][] {
    return [...this.clients, ...this.keys];
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(this.encodedBytes);
    bytes[CLIENT_TABLE_LAYOUT.version[0]] = TABLE_VERSION;
    writeU16(bytes, CLIENT_TABLE_LAYOUT.clients[0], this.size);
    writeU32(bytes, CLIENT_TABLE_LAYOUT.forgottenGeneration[0], this.forgottenGeneration);
    writeU32(bytes, CLIENT_TABLE_LAYOUT.lostGeneration[0], this.lostGeneration);
    let at = CLIENT_TABLE_HEAD_BYTES;
    for (const [name, client] of this.all()) {
      writeU32(bytes, at + CLIENT_LAYOUT.client[0], Number.parseInt(name.slice(8), 16));
      writeU32(bytes, at + CLIENT_LAYOUT.client[0] + 4, Number.parseInt(name.slice(0, 8), 16));
      writeU48(bytes, at + CLIENT_LAYOUT.floor[0], client.floor);
      writeU32(bytes, at + CLIENT_LAYOUT.activeGeneration[0], client.activeGeneration);
      bytes[at + CLIENT_LAYOUT.messages[0]] = client.messages.length;
      at += CLIENT_BYTES;
      for (const message of client.messages) at = encodeMessage(bytes, at, message);
    }
    return bytes;
  }

  /** Undefined: these bytes are no table. */
  static decode(bytes: Uint8Array): ClientTable | undefined {
    if (bytes.length < CLIENT_TABLE_HEAD_BYTES || bytes.length > CLIENT_TABLE_BYTES_MAX)
      return undefined;
    if (bytes[CLIENT_TABLE_LAYOUT.version[0]] !== TABLE_VERSION) return undefined;
    const count = readU16(bytes, CLIENT_TABLE_LAYOUT.clients[0]);
    const table = new ClientTable();
    table.forgottenGeneration = readU32(bytes, CLIENT_TABLE_LAYOUT.forgottenGeneration[0]);
    table.lostGeneration = readU32(bytes, CLIENT_TABLE_LAYOUT.lostGeneration[0]);
    let at = CLIENT_TABLE_HEAD_BYTES;
    for (let index = 0; index < count; index++) {
      at = table.decodeClient(bytes, at);
      if (at < 0) return undefined;
    }
    const isBounded = table.clients.size <= CLIENTS_MAX && table.keys.size <= KEYS_MAX;
    return at === bytes.length && table.size === count && isBounded ? table : undefined;
  }

  /** Returns the offset behind it; −1: no client stands there. */
  private decodeClient(bytes: Uint8Array, start: number): number {
    let at = start + CLIENT_BYTES;
    if (at > bytes.length) return -1;
    const name = clientOf({
      clientLow: readU32(bytes, start + CLIENT_LAYOUT.client[0]),
      clientHigh: readU32(bytes, start + CLIENT_LAYOUT.client[0] + 4),
      sequence: 0,
      firstGroup: 0,
      groups: 0,
    });
    const client: Client = {
      floor: readU48(bytes, start + CLIENT_LAYOUT.floor[0]),
      activeGeneration: readU32(bytes, start + CLIENT_LAYOUT.activeGeneration[0]),
      messages: [],
    };
    const count = bytes[start + CLIENT_LAYOUT.messages[0]]!;
    if (count > MESSAGES_MAX) return -1;
    let before = client.floor;
    for (let index = 0; index < count; index++) {
      const message: ClientMessage | undefined = decodeMessage(bytes, at);
      if (message === undefined || message.sequence <= before) return -1;
      before = message.sequence;
      client.messages.push(message);
      at += CLIENT_MESSAGE_BYTES + message.parts.length * CLIENT_PART_BYTES;
    }
    if (isKeyClient(name)) {
      if (count !== 1 || client.messages[0]!.parts.length !== 1) return -1;
      this.keys.set(name, client);
    } else {
      this.clients.set(name, client);
    }
    if (isInboxClient(name)) this.inboxClient = name;
    return at;
  }
}

const follows = (part: MessagePart | undefined, firstLsn: number): boolean =>
  part !== undefined && part.firstLsn + part.count === firstLsn;

function encodeMessage(bytes: Uint8Array, start: number, message: ClientMessage): number {
  const { sequence, parts } = message;
  writeU48(bytes, start + CLIENT_MESSAGE_LAYOUT.sequence[0], sequence);
  bytes[start + CLIENT_MESSAGE_LAYOUT.parts[0]] = parts.length;
  let at = start + CLIENT_MESSAGE_BYTES;
  for (const { groups, firstLsn, count } of parts) {
    writeU32(bytes, at + CLIENT_PART_LAYOUT.groups[0], groups);
    writeU64(bytes, at + CLIENT_PART_LAYOUT.firstLsn[0], firstLsn);
    writeU32(bytes, at + CLIENT_PART_LAYOUT.count[0], count);
    at += CLIENT_PART_BYTES;
  }
  return at;
}

function decodeMessage(bytes: Uint8Array, start: number): ClientMessage | undefined {
  let at = start + CLIENT_MESSAGE_BYTES;
  if (at > bytes.length) return undefined;
  const sequence = readU48(bytes, start + CLIENT_MESSAGE_LAYOUT.sequence[0]);
  const count = bytes[start + CLIENT_MESSAGE_LAYOUT.parts[0]]!;
  if (count < 1 || count > PARTS_MAX || at + count * CLIENT_PART_BYTES > bytes.length)
    return undefined;
  const parts: MessagePart[] = [];
  for (let index = 0; index < count; index++, at += CLIENT_PART_BYTES) {
    const groups = readU32(bytes, at + CLIENT_PART_LAYOUT.groups[0]);
    const firstLsn = readU64(bytes, at + CLIENT_PART_LAYOUT.firstLsn[0]);
    const records = readU32(bytes, at + CLIENT_PART_LAYOUT.count[0]);
    if (groups < 1 || records < groups || !(firstLsn >= 1)) return undefined;
    parts.push({ groups, firstLsn, count: records });
  }
  return { sequence, parts };
}

function checkStamp(stamp: ClientStamp): void {
  const { client, sequence, sinceGeneration, answeredTo, afterLsn = 0 } = stamp;
  const named =
    typeof client === 'string' && /^[0-9a-f]{16}$/.test(client) && /[1-9a-f]/.test(client);
  const counted = [sequence, sinceGeneration, answeredTo, afterLsn].every(
    (number) => Number.isSafeInteger(number) && number >= 0 && number <= SEQUENCE_MAX,
  );
  if (!named || !counted) throw badStamp(stamp, 'a stamp is malformed');
  if (sequence <= answeredTo) throw badStamp(stamp, 'a message that was answered came again');
}

function badStamp({ client, sequence }: ClientStamp, message: string): VarveError {
  return new VarveError('BAD_MESSAGE', message, {
    facts: { client: String(client), sequence: Number(sequence) },
    outcome: 'not-written',
  });
}

function reused({ parts }: ClientMessage): VarveError {
  return new VarveError('KEY_REUSED', undefined, {
    facts: { lsn: parts[0]!.firstLsn },
    outcome: 'not-written',
  });
}

function forgotten({ client, sequence }: ClientStamp): VarveError {
  return new VarveError('OUTCOME_UNKNOWN', undefined, {
    facts: { client, sequence },
    outcome: 'unknown',
  });
}
