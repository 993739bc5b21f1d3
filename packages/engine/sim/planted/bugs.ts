/**
 * Bugs that the simulation of tabs must catch, each a small patch of one file.
 */
import type { PlantedBug } from '@varve/journal/crash';
import type { Subject } from '../case.ts';
import { FIRST_HARRIED_SEED, FIRST_RESTLESS_SEED } from '../log/plan.ts';

export interface PlantedTabBug extends PlantedBug {
  /** What must come upon it. */
  readonly subject: Subject;
  /** Of the seeds that come upon it soon; others do once in a hundred thousand. */
  readonly firstSeed?: number;
}

const IN_LOGS: readonly Omit<PlantedTabBug, 'subject'>[] = [
  {
    name: 'the fence is skipped: a file that is open opens again',
    package: 'files',
    file: 'simulated/simulated-directory.ts',
    find: "    if (this.#disk.openInodes.has(inode)) throw new FileFault('busy', `${path} is open already`);\n",
    replace: '',
  },
  {
    name: 'the lock is not waited for',
    package: 'engine',
    file: 'membership.ts',
    find: 'if (!lock || !(await this.#take(lock, busyTimeoutMs))) await this.#arrive(busyTimeoutMs);',
    replace:
      'await this.#take(lock ?? { release: () => undefined, lost: new Promise<void>(() => undefined) }, busyTimeoutMs);',
  },
  {
    name: 'a leader goes on after its lock was taken',
    package: 'engine',
    file: 'membership.ts',
    find: '    if (this.#lock !== lock) return;\n',
    replace: '    if (this.#lock !== lock || lock !== undefined) return;\n',
  },
  {
    name: 'a deposed leader keeps its handle',
    package: 'engine',
    file: 'membership.ts',
    find: '      store.abandon();\n    });',
    replace: '    });',
  },
  {
    name: 'what is sent again bears a new stamp',
    package: 'engine',
    file: 'client-identity.ts',
    find: 'if (!isRepeated) ticket.sequence = ++this.#last;',
    replace: 'ticket.sequence = ++this.#last;',
  },
  {
    name: 'a key is taken for new by each who appends under it',
    package: 'engine',
    file: 'append-key.ts',
    find: 'this.client = `02${hex(high, 6)}${hex(low, 8)}`;',
    replace:
      'this.client = `02${hex(Math.floor(performance.now() * 1000) % 0xff_ffff, 6)}${hex(low, 8)}`;',
  },
  {
    name: 'a key is forgotten where it comes to another leader',
    package: 'engine',
    file: 'client-identity.ts',
    find: 'if (key === undefined) return identity',
    replace: 'if (key === undefined || identity !== undefined) return identity',
  },
  {
    name: 'a gap in a link is ignored',
    package: 'engine',
    file: 'link.ts',
    find: 'if (n !== this.#heard) {',
    replace: 'if (n < 0) {',
  },
  {
    name: 'a new link is not asked what the old one left open',
    package: 'engine',
    file: 'relay.ts',
    find: 'if (waiting.sentOn === this.link.number) continue;',
    replace: 'if (waiting.sentOn > 0) continue;',
  },
  {
    name: 'a tail begins anew at a new leader',
    package: 'engine',
    file: 'log-relay.ts',
    find: 'bodyFor: () => ({ ...message, visibility }),',
    replace:
      'bodyFor: (link) => ({ ...message, visibility, after: link > 1 ? 0 : message.after }),',
  },
  {
    name: 'what was sent is told as not written',
    package: 'engine',
    file: 'relay.ts',
    find: "return wasSent ? outcome : outcome && 'not-written';",
    replace: "return wasSent && outcome === undefined ? outcome : outcome && 'not-written';",
  },
  {
    name: 'what waits for a leader goes on in any order',
    package: 'engine',
    file: 'asking.ts',
    find: 'if (place?.mayAsk(whom) === false) {',
    replace: 'if (place?.mayAsk === undefined && place) {',
  },
  {
    name: 'a message of another leader is answered once more from the log, and appended once more',
    package: 'engine',
    file: 'log-guest.ts',
    find: 'message, stamp as ClientStamp);',
    replace: 'message, stamp.isRepeated ? undefined : (stamp as ClientStamp));',
  },
  {
    name: 'the end of a stream is told as not written, unlooked',
    package: 'engine',
    file: 'appends.ts',
    find: 'return await unit.commit({ ...record, expect: NO_LSN });',
    replace: "throw new VarveError('CONFLICT');",
  },
  {
    name: 'streams are numbered anew after the store was parked',
    package: 'engine',
    file: 'log-relay.ts',
    find: 'this.#context.identity.newStream()',
    replace: '2 ** 32 + this.#streams.size + 1',
    firstSeed: FIRST_RESTLESS_SEED,
  },
  {
    name: 'what was asked of a store that is gone holds up nothing that comes later',
    package: 'engine',
    file: 'call-line.ts',
    find: 'return before === undefined || before.#whom === whom;',
    replace: 'return before === undefined || before.#whom !== undefined;',
    firstSeed: FIRST_HARRIED_SEED + 1_300,
  },
  {
    name: 'what a recovery writes again by name does not keep its fragments',
    file: 'journal.ts',
    find: 'this.rewrittenFrom = recovered.unitsFrom;',
    replace: 'this.rewrittenFrom = Infinity;',
    firstSeed: 1_000_386_200,
  },
];

const IN_VOLUMES: readonly Omit<PlantedTabBug, 'subject'>[] = [
  {
    name: 'a change that was lost with its leader is sent again',
    package: 'engine',
    file: 'volume-relay.ts',
    find: 'if (waiting.sentAs! >= heard) waiting.sentOn = 0;',
    replace: 'if (waiting.sentAs! >= 0) waiting.sentOn = 0;',
  },
  {
    name: 'who leaves does not wait for what its leader has yet to tell',
    package: 'engine',
    file: 'volume-relay.ts',
    find: 'const mayWait = this.#isOver || reason instanceof Moved;',
    replace: 'const mayWait = this.#isOver;',
  },
  {
    name: 'what was sent to a leader that is lost is told as not written',
    package: 'engine',
    file: 'volume-relay.ts',
    find: "return new VarveError('LEADER_LOST', undefined, { outcome: 'unknown' });",
    replace: "return new VarveError('LEADER_LOST', undefined, { outcome: 'not-written' });",
  },
  {
    name: 'who looks does not see what it has asked for, and waits',
    package: 'engine',
    file: 'volume-desk.ts',
    find: 'this.#changes > 0 && LOOKS.includes(method)',
    replace: 'this.#changes < 0 && LOOKS.includes(method)',
  },
  {
    name: 'what comes behind the closing is done, and told as not written',
    package: 'engine',
    file: 'volume-connection.ts',
    find: 'if (isOnce && this.#isClosing)',
    replace: 'if (isOnce && this.#isClosing && this.#ended)',
  },
  {
    name: 'what waits for a leader goes on in any order',
    package: 'engine',
    file: 'asking.ts',
    find: 'if (place?.mayAsk(whom) === false) {',
    replace: 'if (place?.mayAsk === undefined && place) {',
  },
  {
    name: 'a journal that fails while the volume is loaded anew ends it',
    package: 'volume',
    file: 'life.ts',
    find: "const code = state === 'read-only' ? 'CORRUPT' : 'IO_ERROR';",
    replace: "const code = 'CORRUPT';",
  },
  {
    name: 'a change is acknowledged as it is handed to the journal',
    package: 'volume',
    file: 'records.ts',
    find: 'const appending = this.store',
    replace: 'resolve();\n    const appending = this.store',
  },
];

export const PLANTED_TAB_BUGS: readonly PlantedTabBug[] = [
  ...IN_LOGS.map((bug) => ({ ...bug, subject: 'tabs' as const })),
  ...IN_VOLUMES.map((bug) => ({ ...bug, subject: 'volume-tabs' as const })),
];
