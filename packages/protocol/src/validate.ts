/**
 * Is it a message? Only the engine asks: a page's bugs, or somebody else's messages, must not hurt
 * a store. Each function names the first thing that is wrong, or returns undefined.
 *
 * Always true: nothing here throws, whatever it is given (getters aside: messages are plain data).
 */
import { CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX, RING_MEMORY_BYTES_MAX } from './data-messages.ts';
import type { ToEngine } from './data-messages.ts';
import type { ControlMethod, ControlRequest } from './control-messages.ts';

export type Validated<T> = { readonly value: T } | { readonly wrong: string };

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null;
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isPositive: Check = (value) => isCount(value) && value !== 0;
export const isBoolean: Check = (value) => typeof value === 'boolean';
const isDurability: Check = (value) => value === 'strict' || value === 'relaxed';
/** Where a worker is not isolated there is not even the constructor. */
const isShared: Check = (value) =>
  Object.prototype.toString.call(value) === '[object SharedArrayBuffer]' &&
  (value as SharedArrayBuffer).byteLength <= RING_MEMORY_BYTES_MAX;
const isPort: Check = (value) => isObject(value) && typeof value['postMessage'] === 'function';
const isVisibility: Check = (value) => value === 'durable' || value === 'written';
export const isBytes: Check = (value) =>
  value instanceof Uint8Array && value.length <= MESSAGE_BYTES_MAX;
const isChunkSize: Check = (value) => isPositive(value) && (value as number) <= CHUNK_BYTES_MAX;
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const atMost =
  (limit: number): Check =>
  (value) =>
    isCount(value) && (value as number) <= limit;

/** What it may consist of is the journal's business: it makes a folder's name of it. */
export const isStoreName: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= 100;

/** The first field that is not as it must be. */
export function wrongField(
  fields: unknown,
  checks: Readonly<Record<string, Check>>,
): string | undefined {
  if (!isObject(fields)) return 'not an object';
  return Object.keys(checks).find((name) => !checks[name]!(fields[name]));
}

const CONTROL_ARGUMENTS: Readonly<Record<ControlMethod, readonly Check[]>> = {
  open: [isStoreName, isObject],
  status: [],
  flush: [],
  checkpoint: [(value) => value instanceof Uint8Array, isCount],
  readState: [],
  trim: [isCount],
  layout: [],
  batches: [isCount],
  park: [],
  close: [],
  listStores: [],
  deleteStore: [isStoreName],
  openSource: [oneOf('export', 'salvage')],
  pull: [isCount],
  openUnit: [],
  openImport: [isStoreName],
  write: [isCount, isBytes],
  endImport: [isCount],
  dropStream: [isCount],
};

/** What `comlink` puts around our requests, and nothing else that it could do (get, set, construct). */
export function validateControlEnvelope(
  message: unknown,
): Validated<{ readonly isRelease: boolean }> {
  if (!isObject(message)) return { wrong: 'not an object' };
  const { id, type, path, argumentList } = message;
  if (typeof id !== 'string' || id.length > 100) return { wrong: 'id' };
  if (type === 'RELEASE') return { value: { isRelease: true } };
  if (type !== 'APPLY') return { wrong: 'type' };
  if (!Array.isArray(path) || path.length !== 1 || path[0] !== 'call') return { wrong: 'path' };
  if (!Array.isArray(argumentList) || argumentList.length !== 1) return { wrong: 'argumentList' };
  const argument: unknown = argumentList[0];
  return isObject(argument) && argument['type'] === 'RAW'
    ? { value: { isRelease: false } }
    : { wrong: 'argument' };
}

/** A method by name, with as many arguments as it takes, each as it must be. */
export function wrongCall(
  request: unknown,
  table: Readonly<Record<string, readonly Check[]>>,
): string | undefined {
  if (!isObject(request)) return 'not an object';
  const { method, args } = request;
  if (typeof method !== 'string' || !Object.hasOwn(table, method)) return 'method';
  const checks = table[method]!;
  if (!Array.isArray(args) || args.length !== checks.length) return `${method}: arguments`;
  const wrong = checks.findIndex((check, index) => !check(args[index]));
  return wrong < 0 ? undefined : `${method}: argument ${wrong}`;
}

export function validateControlRequest(request: unknown): Validated<ControlRequest> {
  const wrong = wrongCall(request, CONTROL_ARGUMENTS);
  return wrong === undefined ? { value: request as ControlRequest } : { wrong };
}

const DATA_FIELDS: Readonly<Record<ToEngine['kind'], Readonly<Record<string, Check>>>> = {
  append: {
    id: isCount,
    buffer: (value) => value instanceof ArrayBuffer,
    length: atMost(MESSAGE_BYTES_MAX),
    groups: optional((value) => value instanceof Uint32Array),
    durability: optional(isDurability),
    expect: optional(isCount),
    stream: optional(isCount),
  },
  read: {
    id: isCount,
    reader: isCount,
    after: isCount,
    before: optional(isCount),
    reverse: optional(isBoolean),
    visibility: optional(isVisibility),
    maxBytes: isChunkSize,
    wait: optional(isBoolean),
  },
  unit: { id: isCount, lsn: isPositive, at: isCount, maxBytes: atMost(MESSAGE_BYTES_MAX) },
  release: { reader: isCount },
  ring: { appends: isShared, answers: isShared },
  introducer: { port: isPort },
};

/** The sizes in an append must agree with each other before anyone walks its frames. */
function wrongSizes(message: ToEngine): string | undefined {
  if (message.kind !== 'append') return undefined;
  const { buffer, length, groups, expect, stream } = message;
  if (length === 0 || length > buffer.byteLength) return 'append: length';
  if (groups === undefined) return undefined;
  const isAlone = expect !== undefined || stream !== undefined;
  if (groups.length === 0 || (isAlone && groups.length > 1)) return 'append: groups';
  let sum = 0;
  for (const bytes of groups) {
    if (bytes === 0) return 'append: groups';
    sum += bytes;
  }
  return sum === length ? undefined : 'append: groups';
}

function wrongMessage(message: unknown): string | undefined {
  if (!isObject(message)) return 'not an object';
  const { kind } = message;
  if (typeof kind !== 'string' || !Object.hasOwn(DATA_FIELDS, kind)) return 'kind';
  const wrong = wrongField(message, DATA_FIELDS[kind as ToEngine['kind']]);
  return wrong === undefined ? undefined : `${kind}: ${wrong}`;
}

export function validateToEngine(message: unknown): Validated<ToEngine> {
  const wrong = wrongMessage(message) ?? wrongSizes(message as ToEngine);
  return wrong === undefined ? { value: message as ToEngine } : { wrong };
}
