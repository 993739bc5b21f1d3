/**
 * The bytes of a journal file, as constants: docs/FORMAT.md is normative, a check compares the two.
 *
 * Each layout says `name: [offset, bytes]`. Integers are little-endian. Nobody but the encode and
 * decode function of a structure knows an offset.
 */

export const FORMAT_VERSION = 1;

/** Where the two superblocks stand, and where slot 0 begins. Bytes. */
export const SUPERBLOCK_PLACES = [0, 65_536] as const;
export const SLOTS_START = 131_072;

export const SUPERBLOCK_BYTES = 512;
/** "VARVE" CR LF SUB: a transfer in text mode breaks it. */
export const SUPERBLOCK_MAGIC = [0x56, 0x41, 0x52, 0x56, 0x45, 0x0d, 0x0a, 0x1a] as const;

export const SUPERBLOCK_LAYOUT = {
  magic: [0, 8],
  formatVersion: [8, 2],
  bytes: [10, 2],
  compat: [12, 4],
  readOnlyCompat: [16, 4],
  incompat: [20, 4],
  seedId: [24, 16],
  lineageId: [40, 16],
  lineageParent: [56, 16],
  lineageParentGeneration: [72, 4],
  flags: [76, 4],
  lineageParentLsn: [80, 8],
  incarnation: [88, 16],
  sequence: [104, 8],
  generation: [112, 4],
  segmentBytes: [116, 4],
  alignment: [120, 2],
  checksumKind: [122, 1],
  slotCount: [124, 4],
  firstSegment: [128, 8],
  firstLsn: [136, 8],
  lowWater: [144, 8],
  scanSegment: [152, 8],
  scanOffset: [160, 4],
  scanGeneration: [164, 4],
  scanLsn: [168, 8],
  scanChain: [176, 4],
  stateOffset: [180, 4],
  stateSegment: [184, 8],
  coveredLsn: [192, 8],
  durableLsn: [200, 8],
  createdAtMs: [208, 6],
  writtenAtMs: [214, 6],
  scrubSegment: [220, 8],
  scrubbedAtMs: [228, 6],
  clientsOffset: [234, 4],
  clientsSegment: [238, 8],
  checksum: [508, 4],
} as const;

export const SuperblockFlag = {
  Clean: 1,
  /** `clients…` says what the client table was at `scan…`. Whoever does not keep one leaves it out. */
  Clients: 2,
} as const;
/** Features that a reader may ignore. Whoever writes keeps the bits that it does not know. */
export const CompatFeature = {
  /** The log may hold client runs: a table that nobody kept up is lost, not empty. */
  Clients: 1,
} as const;
export const CHECKSUM_XXH32 = 1;

export const SEGMENT_HEADER_BYTES = 112;
/** "VSEG" */
export const SEGMENT_MAGIC = 0x4745_5356;

export const SEGMENT_HEADER_LAYOUT = {
  magic: [0, 4],
  formatVersion: [4, 2],
  bytes: [6, 2],
  seedId: [8, 16],
  slot: [24, 4],
  generation: [28, 4],
  segment: [32, 8],
  salt: [40, 8],
  lastLsn: [48, 8],
  previousEnd: [56, 4],
  previousChain: [60, 4],
  oldestUnitSegment: [64, 8],
  durableLsn: [72, 8],
  wallTimeMs: [80, 6],
  checksum: [108, 4],
} as const;

/** Without extensions. The header checksum is the last field, wherever the header ends. */
export const BATCH_HEADER_BYTES = 56;
export const BATCH_HEADER_BYTES_MAX = 512;
/** "VBAT" */
export const BATCH_MAGIC = 0x5441_4256;

export const BATCH_HEADER_LAYOUT = {
  magic: [0, 4],
  headerBytes: [4, 2],
  flags: [6, 1],
  encoding: [7, 1],
  bodyBytes: [8, 4],
  count: [12, 4],
  firstLsn: [16, 8],
  durableLsn: [24, 8],
  generation: [32, 4],
  previousChecksum: [36, 4],
  wallTimeMs: [40, 6],
  bodyChecksum: [48, 4],
  headerChecksum: [52, 4],
} as const;

export const BatchFlag = {
  /** Holds system records; they carry no LSN. */
  Control: 1,
  /** Part of a unit; carries no LSN. */
  Fragment: 2,
  /** First batch of a generation: holds a start record. */
  Restart: 4,
  /** The first records of this batch lie in fragments. */
  UnitEnd: 8,
} as const;
export const BATCH_FLAGS_KNOWN = 15;

export const ENCODING_RAW = 0;

/** Extensions of a batch header: u8 tag, u8 length, bytes. Unknown tags are skipped. */
export const BatchExtension = {
  /** u32 unit id, u32 fragment number */
  Fragment: 1,
  /** a unit descriptor */
  Unit: 2,
  /** which groups of which message of which client the batch holds */
  ClientRun: 3,
} as const;

/** The extension of a batch that holds groups of a client's message. */
export const CLIENT_RUN_LAYOUT = {
  client: [0, 8],
  sequence: [8, 6],
  firstGroup: [14, 4],
  groups: [18, 4],
} as const;
export const CLIENT_RUN_BYTES = 22;

/** Payload of an external record and of the Unit extension. */
export const UNIT_DESCRIPTOR_LAYOUT = {
  unitId: [0, 4],
  fragments: [4, 4],
  firstSegment: [8, 8],
  bytes: [16, 8],
  firstOffset: [24, 4],
  digest: [28, 4],
  settled: [32, 1],
} as const;
export const UNIT_DESCRIPTOR_BYTES = 36;

/** Payload of a start record. */
export const START_LAYOUT = {
  lastLsn: [0, 8],
  cutSegment: [8, 8],
  cutOffset: [16, 4],
  chain: [20, 4],
  previousGeneration: [24, 4],
  rewrittenTo: [28, 8],
} as const;
export const START_BYTES = 36;

/** Payload of a next record. */
export const NEXT_LAYOUT = { segment: [0, 8], salt: [8, 8], slot: [16, 4] } as const;
export const NEXT_BYTES = 20;

/** Payload of a state record is: u64 coveredLsn, then the state (or, external, a unit descriptor). */
export const STATE_HEAD_BYTES = 8;

/** Payload of an engine checkpoint: a head, then each client, its messages, their parts (client-table.ts). */
export const CLIENT_TABLE_LAYOUT = {
  version: [0, 1],
  clients: [2, 2],
  forgottenGeneration: [4, 4],
  lostGeneration: [8, 4],
} as const;
export const CLIENT_TABLE_HEAD_BYTES = 12;
export const CLIENT_LAYOUT = {
  client: [0, 8],
  floor: [8, 6],
  activeGeneration: [14, 4],
  messages: [18, 1],
} as const;
export const CLIENT_BYTES = 19;
export const CLIENT_MESSAGE_LAYOUT = { sequence: [0, 6], parts: [6, 1] } as const;
export const CLIENT_MESSAGE_BYTES = 7;
export const CLIENT_PART_LAYOUT = { groups: [0, 4], firstLsn: [4, 8], count: [12, 4] } as const;
export const CLIENT_PART_BYTES = 16;

/** A group is cut into batches of about this many bytes. */
export const BATCH_BODY_TARGET = 65_536;
/** No batch's body is longer: room for one 64 KiB payload with its head and attributes. */
export const BATCH_BODY_MAX = BATCH_BODY_TARGET + 1_024;

export const SEGMENT_BYTES_MIN = 4_096;
export const SEGMENT_BYTES_MAX = 67_108_864;
