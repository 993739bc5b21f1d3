/**
 * Options of a store: defaults, and what each costs in a crash.
 */
import { VarveError } from '@varve/protocol';
import { SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN } from './format.ts';
import type { StoreOptions } from './store-port.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

export const DEFAULT_OPTIONS: StoreOptions = {
  /** `strict`: nothing acknowledged is lost. `relaxed`: at most `relaxedBytes` or `relaxedMs` of it. */
  durability: 'strict',
  create: true,
  readOnly: false,
  keep: 'all',
  segmentSizeBytes: 4 * MIB,
  /** 16: a device may damage the sector it is writing, and with it the end of the batch before. */
  alignmentBytes: 16,
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxStateBytes: MIB,
  maxRecordBytes: 1_024 * MIB,
  relaxedBytes: MIB,
  relaxedMs: 1_000,
  queueBytes: 8 * MIB,
  readerHoldBytes: 64 * MIB,
  openUnitsMax: 64,
  scrub: { everyMs: 7 * 86_400_000, idleMs: 5_000, bytesPerSecond: 8 * MIB },
};

/** Fills in defaults and checks ranges. @throws VarveError BAD_ARGUMENT naming the option */
export function storeOptions(given: Partial<StoreOptions> = {}): StoreOptions {
  const options: StoreOptions = { ...DEFAULT_OPTIONS, ...withoutUndefined(given) };
  const { segmentSizeBytes: segment, alignmentBytes: alignment } = options;
  demand(Number.isInteger(segment) && (segment & (segment - 1)) === 0, 'segmentSizeBytes', segment);
  demand(segment >= SEGMENT_BYTES_MIN && segment <= SEGMENT_BYTES_MAX, 'segmentSizeBytes', segment);
  demand(alignment === 16 || alignment === 4096, 'alignmentBytes', alignment);
  demand(alignment === 16 || segment >= 4 * alignment, 'segmentSizeBytes', segment);
  const { durability, keep } = options;
  demand(durability === 'strict' || durability === 'relaxed', 'durability', String(durability));
  const keepIsAmount =
    typeof keep === 'object' &&
    ('bytes' in keep ? keep.bytes >= 0 : 'records' in keep && keep.records >= 0);
  demand(keep === 'all' || keep === 'checkpoint' || keepIsAmount, 'keep', JSON.stringify(keep));
  const { scrub = false } = options;
  if (scrub !== false) {
    for (const name of ['everyMs', 'idleMs', 'bytesPerSecond'] as const)
      demand(scrub[name] > 0 && !Number.isNaN(scrub[name]), `scrub.${name}`, scrub[name]);
  }
  for (const name of COUNTS)
    demand(options[name] > 0 && !Number.isNaN(options[name]), name, options[name]);
  return options;
}

const COUNTS = [
  'maxBytes',
  'maxStateBytes',
  'maxRecordBytes',
  'relaxedBytes',
  'relaxedMs',
  'queueBytes',
  'readerHoldBytes',
  'openUnitsMax',
] as const;

function withoutUndefined(given: Partial<StoreOptions>): Partial<StoreOptions> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function demand(holds: boolean, option: string, value: string | number): void {
  if (!holds) {
    throw new VarveError('BAD_ARGUMENT', `option ${option} is out of range`, {
      facts: { option, value },
    });
  }
}
