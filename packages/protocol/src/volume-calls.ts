/**
 * Calls to an engine that serves volumes. They go the way of the control calls (control-messages.ts);
 * a worker serves either logs or volumes.
 *
 * What takes its time is pulled: a piece comes when there is progress or a part of the answer, and at
 * least once a second, so that a call that hangs is told from work that is slow.
 */
import { checkCount, checkOneOf } from './arguments.ts';
import { MESSAGE_BYTES_MAX } from './data-messages.ts';
import {
  isBoolean,
  isBytes,
  isCount,
  isObject,
  isPositive,
  isStoreName,
  type Validated,
  wrongCall,
  wrongField,
} from './validate.ts';
import type { VolumeMetadata } from './volume-layout.ts';
import type {
  ByteRange,
  CheckReport,
  ChunkState,
  Progress,
  SnapshotInfo,
  VolumeStatus,
} from './volume-status.ts';

/** A snapshot's name; null: the origin. */
export type GivenView = string | null;

export type VolumeOp =
  | { readonly write: { readonly at: number; readonly bytes: Uint8Array } }
  | { readonly trim: { readonly at: number; readonly length: number } };

export type VolumeWork =
  | { readonly kind: 'delete' | 'restore'; readonly name: string }
  | { readonly kind: 'check'; readonly data: boolean }
  | { readonly kind: 'diff'; readonly from: GivenView; readonly to: GivenView };

export type VolumePiece =
  | { readonly done: false; readonly progress: Progress }
  | { readonly done: false; readonly ranges: readonly ByteRange[] }
  | { readonly done: true; readonly report: CheckReport | null };

/** The most that one read, one map, one call for metadata brings. */
export const READ_BYTES_MAX = 4 * 1024 * 1024;
export const MAP_CHUNKS_MAX = 65_536;
export const METADATA_BLOCKS_MAX = 1_024;
const OPS_MAX = 10_000;

/** Method → arguments and result. */
export interface VolumeCalls {
  /** `options` are the caller's own; the volume takes what it knows and refuses what is wrong. */
  openVolume(name: string, options: object): VolumeStatus;
  volumeStatus(): VolumeStatus;
  write(at: number, bytes: Uint8Array, view: GivenView): void;
  trimVolume(at: number, length: number, view: GivenView): void;
  atomic(ops: readonly VolumeOp[], view: GivenView): void;
  read(at: number, length: number, view: GivenView, verify: boolean): Uint8Array;
  snapshot(name: string): SnapshotInfo;
  snapshots(): readonly SnapshotInfo[];
  resize(sizeBytes: number): void;
  flushVolume(): void;
  checkpointVolume(): void;
  map(first: number, count: number): readonly ChunkState[];
  /** Blocks from the number `first` on. */
  metadata(first: number): VolumeMetadata;
  openWork(work: VolumeWork): number;
  pullWork(work: number): VolumePiece;
  /** Nobody listens any more; deleting and restoring go on. Unknown numbers are fine. */
  dropWork(work: number): void;
  /** The page is being frozen or hidden: give the files back; the next call takes them again. */
  park(): void;
  closeVolume(): void;
}

export type VolumeMethod = keyof VolumeCalls;

export interface VolumeRequest<M extends VolumeMethod = VolumeMethod> {
  readonly method: M;
  readonly args: Parameters<VolumeCalls[M]>;
}

const isName = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= 200;
const isView = (value: unknown): boolean => value === null || isName(value);
const isReadLength = (value: unknown): boolean =>
  isPositive(value) && Number(value) <= READ_BYTES_MAX;

function isOp(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { write, trim } = value;
  return write === undefined
    ? wrongField(trim, { at: isCount, length: isCount }) === undefined
    : trim === undefined && wrongField(write, { at: isCount, bytes: isBytes }) === undefined;
}

function areOps(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > OPS_MAX || !value.every(isOp)) return false;
  return bytesOf(value) <= MESSAGE_BYTES_MAX;
}

const bytesOf = (ops: readonly VolumeOp[]): number =>
  ops.reduce((sum, op) => sum + ('write' in op ? op.write.bytes.length : 0), 0);

const WORK_FIELDS: Readonly<
  Record<VolumeWork['kind'], Readonly<Record<string, (value: unknown) => boolean>>>
> = {
  delete: { name: isName },
  restore: { name: isName },
  check: { data: isBoolean },
  diff: { from: isView, to: isView },
};

function isWork(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(WORK_FIELDS, kind)) return false;
  return wrongField(value, WORK_FIELDS[kind as VolumeWork['kind']]) === undefined;
}

const ARGUMENTS: Readonly<Record<VolumeMethod, readonly ((value: unknown) => boolean)[]>> = {
  openVolume: [isStoreName, isObject],
  volumeStatus: [],
  write: [isCount, isBytes, isView],
  trimVolume: [isCount, isCount, isView],
  atomic: [areOps, isView],
  read: [isCount, isReadLength, isView, isBoolean],
  snapshot: [isName],
  snapshots: [],
  resize: [isPositive],
  flushVolume: [],
  checkpointVolume: [],
  map: [isCount, (value) => isPositive(value) && Number(value) <= MAP_CHUNKS_MAX],
  metadata: [isCount],
  openWork: [isWork],
  pullWork: [isCount],
  dropWork: [isCount],
  park: [],
  closeVolume: [],
};

export function validateVolumeRequest(request: unknown): Validated<VolumeRequest> {
  const wrong = wrongCall(request, ARGUMENTS);
  return wrong === undefined ? { value: request as VolumeRequest } : { wrong };
}

/** Nothing would tell a second one from the first. */
export const isVolumeChange = ({ method, args: [first] }: VolumeRequest): boolean =>
  method === 'openWork'
    ? ['delete', 'restore'].includes((first as VolumeWork).kind)
    : ['write', 'trimVolume', 'atomic', 'snapshot', 'resize'].includes(method);

/** Bytes that go one way or the other. */
export function volumeCallBytes({ method, args }: VolumeRequest): number {
  if (method === 'read') return args[1] as number;
  if (method === 'write') return (args[1] as Uint8Array).length;
  return method === 'atomic' ? bytesOf(args[0] as readonly VolumeOp[]) : 0;
}

/** What the page gives beside the volume's own options. */
export interface VolumePlace {
  readonly busyTimeoutMs: number;
  readonly leaderTimeoutMs: number;
  readonly fallback: 'refuse' | 'memory';
}

const PLACE: VolumePlace = { busyTimeoutMs: 5_000, leaderTimeoutMs: 10_000, fallback: 'refuse' };

/** @throws BAD_ARGUMENT */
export function completePlace(given: object): VolumePlace {
  const { busyTimeoutMs, leaderTimeoutMs, fallback } = { ...PLACE, ...given };
  checkCount(busyTimeoutMs, 'busyTimeoutMs');
  checkCount(leaderTimeoutMs, 'leaderTimeoutMs', 1);
  checkOneOf(fallback, 'fallback', 'refuse', 'memory');
  return { busyTimeoutMs, leaderTimeoutMs, fallback };
}
