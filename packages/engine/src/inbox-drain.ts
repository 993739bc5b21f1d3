/**
 * The leader's end of the inbox: what waits there goes into the log, each entry once.
 *
 * Always true:
 * - an entry is appended only under the stamp that it bears in the inbox: that is on the disk before,
 *   so every later leader sends the same message, and the log knows whether it has it
 * - it is removed after the log holds it durably, or after it is sure that it never will
 * - entries that this leader has signed and not yet removed are all of one client, which the log does
 *   not forget for another of its kind (`isInboxClient`); but for those that bear a caller's key
 * - whatever lies in the inbox, and whatever its database does, the store goes on
 */
import type { FolderlessHost, Inbox, InboxEntry, InboxStamp } from '@varve/files';
import type { Appended, StorePort } from '@varve/journal';
import {
  APPLICATION_TYPE_MIN,
  RecordFlag,
  asVarveError,
  isInboxClient,
  isKeyClient,
  isVarveError,
  newRecordFrame,
  readRecordFrame,
} from '@varve/protocol';
import type { ErrorCode, StoreEvent } from '@varve/protocol';
import { randomName } from './link.ts';

/** So many unanswered messages of one client the log remembers. */
const WINDOW = 8;
/** A word about a new entry may be lost: a context that is frozen hears nothing. */
const LOOK_EVERY_MS = 30_000;
const RETRY_MS = 5_000;
/** With these an entry would be refused again, whoever leads. */
const FINAL: ReadonlySet<string> = new Set<ErrorCode>([
  'BAD_ARGUMENT',
  'BAD_MESSAGE',
  'KEY_REUSED',
  'OUTCOME_UNKNOWN',
  'RECORD_TOO_LARGE',
]);

export interface InboxDrainContext {
  readonly host: FolderlessHost & { readonly inbox: Inbox };
  readonly name: string;
  /** Ours for as long as this drain has not ended. */
  readonly store: StorePort;
  readonly tell: (event: StoreEvent) => void;
}

interface Signed {
  readonly key: number;
  readonly entry: InboxEntry;
  readonly stamp: InboxStamp;
}

export class InboxDrain {
  readonly #context: InboxDrainContext;
  /** What is signed here comes from this client. */
  readonly #client: string;
  #lastSequence = 0;
  /** Signed here, and not sent yet. */
  readonly #unsent = new Set<number>();
  #isLooking = false;
  #isAskedAgain = false;
  #isOver = false;
  #cancelLook = (): void => undefined;

  constructor(context: InboxDrainContext) {
    this.#context = context;
    // `isInboxClient`: `randomName` gives no such name.
    this.#client = `00${randomName(context.host.random).slice(2, 15)}1`;
  }

  /** Something may be there. */
  look(): void {
    this.#isAskedAgain = true;
    if (!this.#isLooking && !this.#isOver) void this.#drain();
  }

  end(): void {
    this.#isOver = true;
    this.#cancelLook();
  }

  async #drain(): Promise<void> {
    this.#isLooking = true;
    this.#cancelLook();
    let pauseMs = LOOK_EVERY_MS;
    try {
      while (this.#isAskedAgain && !this.#isOver) {
        this.#isAskedAgain = false;
        while (!this.#isOver && (await this.#step()));
      }
    } catch {
      // The database fails, or the store has no room now. Nothing was lost: it stays where it is.
      pauseMs = RETRY_MS;
    }
    this.#isLooking = false;
    if (this.#isOver) return;
    this.#cancelLook = this.#context.host.timers.after(pauseMs, () => this.look());
  }

  /** False: there is nothing. @throws what may pass */
  async #step(): Promise<boolean> {
    const { host, name } = this.#context;
    const items = await host.inbox.take(name, WINDOW);
    if (items.length === 0 || this.#isOver) return false;
    const strange = items.filter(({ entry }) => !isEntry(entry)).map(({ key }) => key);
    if (strange.length > 0) {
      await this.#remove(
        strange,
        0,
        Array.from(strange, () => 'BAD_MESSAGE'),
      );
      return true;
    }
    const entries = items as readonly { readonly key: number; readonly entry: InboxEntry }[];
    const unsigned = entries.findIndex(({ entry }) => entry.stamp === undefined);
    if (unsigned === 0) await this.#sign(entries.filter(({ entry }) => entry.stamp === undefined));
    else await this.#append(messagesOfOne(entries));
    return true;
  }

  /** Read again afterwards: who leads no more may have come first. */
  async #sign(
    entries: readonly { readonly key: number; readonly entry: InboxEntry }[],
  ): Promise<void> {
    const { host, name, store } = this.#context;
    const { generation: sinceGeneration, durableLsn: afterLsn } = store.status();
    const stamps = new Map<number, InboxStamp>();
    for (const { key, entry } of entries) {
      const named = entry.name && { ...entry.name, sinceGeneration, afterLsn };
      stamps.set(
        key,
        named ?? { client: this.#client, sequence: ++this.#lastSequence, sinceGeneration },
      );
    }
    await host.inbox.sign(name, stamps);
    for (const key of stamps.keys()) this.#unsent.add(key);
  }

  async #append(messages: readonly Signed[]): Promise<void> {
    // Those of this client that came before were answered.
    const answeredTo = messages[0]!.stamp.sequence - 1;
    const settled = await Promise.allSettled(
      messages.map(async ({ key, entry: { frames, groups }, stamp }): Promise<Appended> => {
        const isRepeated = !(this.#unsent.delete(key) && stamp.client === this.#client);
        return this.#context.store.append({
          frames,
          ...(groups && { groups }),
          durability: 'strict',
          stamp: { ...stamp, answeredTo, isRepeated, isOwed: true },
        });
      }),
    );
    const done: number[] = [];
    const dropped: string[] = [];
    let refusal: unknown;
    settled.forEach((result, index) => {
      const { key } = messages[index]!;
      const why: unknown = result.status === 'rejected' ? result.reason : result.value.refusal;
      if (why === undefined) {
        done.push(key);
      } else if (refusal === undefined) {
        // Of the first alone: others may be refused for no more than coming after it.
        refusal = why;
        if (!isVarveError(why) || !FINAL.has(why.code)) return;
        dropped.push(why.code);
        done.push(key);
      }
    });
    if (done.length > 0) await this.#remove(done, done.length - dropped.length, dropped);
    if (refusal !== undefined && dropped.length === 0) throw asVarveError(refusal);
  }

  async #remove(
    keys: readonly number[],
    appended: number,
    dropped: readonly string[],
  ): Promise<void> {
    const { host, name, tell } = this.#context;
    await host.inbox.remove(name, keys);
    if (!this.#isOver) tell({ type: 'inbox', appended, dropped });
  }
}

/**
 * The first entries, as far as they are messages of one client of ours that follow each other; of
 * another client the first alone: should it be refused for now, none after it may be in the log.
 */
function messagesOfOne(entries: readonly { key: number; entry: InboxEntry }[]): readonly Signed[] {
  const messages: Signed[] = [];
  for (const { key, entry } of entries) {
    const { stamp } = entry;
    const last = messages.at(-1)?.stamp ?? stamp;
    const next = messages.length === 0 ? last?.sequence : (last?.sequence ?? 0) + 1;
    if (stamp === undefined || stamp.client !== last?.client || stamp.sequence !== next) break;
    messages.push({ key, entry, stamp });
    if (!isInboxClient(stamp.client)) break;
  }
  return messages;
}

/** Anybody of the origin can put anything into a database. */
function isEntry(entry: unknown): entry is InboxEntry {
  const { frames, groups, stamp, name } = Object(entry) as Partial<
    Record<keyof InboxEntry, unknown>
  >;
  if (!(frames instanceof Uint8Array) || frames.length === 0) return false;
  if (stamp !== undefined && !isStamp(stamp)) return false;
  if (name !== undefined && !isKeyName(name)) return false;
  // What bears a key is one group.
  if (groups !== undefined && (name !== undefined || isKeyName(stamp))) return false;
  return endsFit(frames, groups);
}

function isStamp(stamp: unknown): boolean {
  const { sinceGeneration, afterLsn = 0 } = Object(stamp) as Partial<InboxStamp>;
  return isName(stamp) && isCount(sinceGeneration) && isCount(afterLsn);
}

function isName(name: unknown): boolean {
  const { client, sequence } = Object(name) as Partial<InboxStamp>;
  const isClient = typeof client === 'string' && /^(?!0{16})[0-9a-f]{16}$/.test(client);
  return isClient && isCount(sequence) && sequence !== 0;
}

const isKeyName = (name: unknown): boolean =>
  isName(name) && isKeyClient((name as InboxStamp).client);

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** Whole frames of an application's records, and groups that end where some of them do. */
function endsFit(frames: Uint8Array, groups: unknown): boolean {
  const frame = newRecordFrame();
  const ends = new Set<number>();
  for (let at = 0; at < frames.length; ends.add(at)) {
    at = readRecordFrame(frames, at, frames.length, frame);
    if (at < 0 || frame.type < APPLICATION_TYPE_MIN) return false;
    if ((frame.flags & RecordFlag.External) !== 0) return false;
  }
  if (groups === undefined) return true;
  if (!Array.isArray(groups) || groups.length === 0) return false;
  let end = 0;
  for (const bytes of groups as unknown[]) {
    end += Number(bytes);
    if (!(Number(bytes) > 0) || !ends.has(end)) return false;
  }
  return end === frames.length;
}
