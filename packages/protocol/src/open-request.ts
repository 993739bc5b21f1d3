/**
 * What a client asks for when it opens a store: what is allowed, what is assumed, and what a crash
 * then costs. Checked where the store is, once, so that a page need not carry the rules.
 *
 * Always true: every refusal is `BAD_ARGUMENT` and names the option.
 */
import { checkArgument, checkCount, checkOneOf } from './arguments.ts';
import type { Durability } from './status.ts';

export interface OpenRequest {
  readonly durability: Durability;
  readonly create: boolean;
  readonly readOnly: boolean;
  readonly keep: 'all' | 'checkpoint' | { readonly bytes: number } | { readonly records: number };
  readonly segmentSizeBytes: number;
  readonly alignmentBytes: 16 | 4096;
  /** 0: bounded by the quota alone. */
  readonly maxBytes: number;
  readonly maxStateBytes: number;
  readonly maxRecordBytes: number;
  readonly relaxedBytes: number;
  readonly relaxedMs: number;
  readonly queueBytes: number;
  /** The log is verified in idle time, at this pace; false: never. */
  readonly scrub?:
    | false
    | { readonly everyMs: number; readonly idleMs: number; readonly bytesPerSecond: number };
  readonly fallback: 'refuse' | 'memory';
  /** How long to wait for another tab or process to give the store back, ms. */
  readonly busyTimeoutMs: number;
  /** How long a call waits for a tab that owns the store and is not heard, ms. */
  readonly leaderTimeoutMs: number;
  /** 0: never. */
  readonly checkpointEveryBytes: number;
}

/** Values are whatever an application passed; names that are not known are passed over. */
export type GivenRequest = { readonly [O in keyof OpenRequest]?: OpenRequest[O] | undefined } & {
  readonly relaxed?: { readonly bytes?: number; readonly ms?: number } | undefined;
  readonly checkpoint?: { readonly everyBytes?: number | undefined } | undefined;
};

const KIB = 1024;
const MIB = 1024 * KIB;
/** Where somebody knows the state, and does not say how often it is wanted. */
const CHECKPOINT_EVERY_BYTES = 16 * MIB;

/** With these a crash of anything, power included, loses nothing acknowledged (docs/SAFETY.md). */
const DEFAULTS: OpenRequest = {
  durability: 'strict',
  create: true,
  readOnly: false,
  keep: 'all',
  segmentSizeBytes: 4 * MIB,
  alignmentBytes: 16,
  maxBytes: 0,
  maxStateBytes: MIB,
  maxRecordBytes: KIB * MIB,
  relaxedBytes: MIB,
  relaxedMs: 1000,
  queueBytes: 8 * MIB,
  scrub: { everyMs: 7 * 86_400_000, idleMs: 5_000, bytesPerSecond: 8 * MIB },
  fallback: 'refuse',
  busyTimeoutMs: 3000,
  leaderTimeoutMs: 10_000,
  checkpointEveryBytes: 0,
};

/** @throws BAD_ARGUMENT */
export function completeRequest(given: GivenRequest): OpenRequest {
  const request: OpenRequest = { ...DEFAULTS, ...wishes(given) };
  const { keep, segmentSizeBytes } = request;
  checkOneOf(request.durability, 'durability', 'strict', 'relaxed');
  checkOneOf(request.create, 'create', true, false);
  checkOneOf(request.readOnly, 'readOnly', true, false);
  checkOneOf(request.fallback, 'fallback', 'refuse', 'memory');
  checkOneOf(request.alignmentBytes, 'alignmentBytes', 16, 4096);
  checkCount(segmentSizeBytes, 'segmentSizeBytes', 4 * KIB, 64 * MIB);
  checkArgument(
    Number.isInteger(Math.log2(segmentSizeBytes)),
    'segmentSizeBytes',
    'a power of two',
  );
  if (request.maxBytes !== 0) checkCount(request.maxBytes, 'maxBytes', 4 * segmentSizeBytes);
  for (const option of ['maxStateBytes', 'maxRecordBytes', 'queueBytes'] as const) {
    checkCount(request[option], option, 1);
  }
  checkCount(request.relaxedBytes, 'relaxed.bytes', 1);
  checkCount(request.relaxedMs, 'relaxed.ms', 1);
  const { scrub = false } = request;
  if (scrub !== false) {
    const pace = Object(scrub) as Readonly<Record<string, unknown>>;
    for (const name of ['everyMs', 'idleMs', 'bytesPerSecond']) {
      checkCount(pace[name], `scrub.${name}`, 1);
    }
  }
  checkCount(request.busyTimeoutMs, 'busyTimeoutMs');
  checkCount(request.leaderTimeoutMs, 'leaderTimeoutMs', 1);
  checkCount(request.checkpointEveryBytes, 'checkpoint.everyBytes');
  if (typeof keep !== 'object' || keep === null) checkOneOf(keep, 'keep', 'all', 'checkpoint');
  else if ('bytes' in keep) checkCount(keep.bytes, 'keep.bytes', 1);
  else checkCount(keep.records, 'keep.records', 1);
  return request;
}

/** @throws BAD_ARGUMENT when a store that is open was opened otherwise than it is wanted now */
export function checkAgrees(open: OpenRequest, given: GivenRequest): void {
  for (const [option, value] of Object.entries(wishes(given))) {
    const same = JSON.stringify(open[option as keyof OpenRequest]) === JSON.stringify(value);
    checkArgument(same, option, 'what this store was already opened with in this page');
  }
}

/** What holds for a store, whichever tab asks; the rest is each tab's own. */
const SHARED = [
  'readOnly',
  'keep',
  'maxBytes',
  'maxStateBytes',
  'maxRecordBytes',
  'relaxedBytes',
  'relaxedMs',
  'scrub',
] as const satisfies readonly (keyof OpenRequest)[];

/** @throws BAD_ARGUMENT when another tab has the store open otherwise than it is wanted here */
export function checkFits(open: OpenRequest, given: GivenRequest): void {
  const wanted = wishes(given);
  for (const option of SHARED) {
    if (wanted[option] === undefined) continue;
    const same = JSON.stringify(open[option]) === JSON.stringify(wanted[option]);
    checkArgument(same, option, 'what this store was already opened with in another tab');
  }
}

/** What was given of what is known. */
function wishes({ relaxed, checkpoint, ...given }: GivenRequest): Partial<OpenRequest> {
  const all = {
    ...given,
    relaxedBytes: relaxed?.bytes,
    relaxedMs: relaxed?.ms,
    checkpointEveryBytes: checkpoint && (checkpoint.everyBytes ?? CHECKPOINT_EVERY_BYTES),
  };
  const known = Object.entries(all).filter(
    ([option, value]) => value !== undefined && Object.hasOwn(DEFAULTS, option),
  );
  return Object.fromEntries(known);
}
