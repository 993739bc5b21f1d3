/**
 * Numbers of the volume's format, shared by who writes and who reads (docs/VOLUMES.md).
 *
 * Always true: a number here is on disk; changing one means a new format version.
 */

export const VOLUME_FORMAT_VERSION = 1;

/** Type of the volume's records in its journal. */
export const VOLUME_RECORD_TYPE = 64;

export const DATA_FILE = 'data';
export const META_FILE = 'meta';

export const CHUNK_BYTES_MIN = 512;
export const CHUNK_BYTES_MAX = 65_536;

/** Chunk numbers and physical numbers are u32; physical + 1 must fit, too. */
export const CHUNKS_MAX = 0xffff_fffe;

export const SNAPSHOTS_MAX = 64;
export const NAME_BYTES_MAX = 200;

/** The view number of the origin; snapshots are their bits, 0 to 63. */
export const ORIGIN = 64;

/** A cursor behind every chunk. */
export const CURSOR_END = 0xffff_ffff;

export const BLOCK_BYTES = 4_096;
/** `checksum u32 · magic u32 · kind u8 · level u8 · count u16 · id u48 · zeros` */
export const BLOCK_HEADER_BYTES = 32;
export const BLOCK_BODY_BYTES = BLOCK_BYTES - BLOCK_HEADER_BYTES;
export const BLOCK_MAGIC = 0x3142_5656;

export const BlockKind = { Origin: 1, References: 2, Exceptions: 3 } as const;
export type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];

/** A parent's entry for a child in a radix table: place u32, checksum u32. */
export const RADIX_CHILD_BYTES = 8;
export const RADIX_FANOUT = BLOCK_BODY_BYTES / RADIX_CHILD_BYTES;

export const ORIGIN_ENTRY_BYTES = 8;
export const REFERENCE_BYTES = 2;
export const REFERENCES_MAX = 0xffff;

/** Leaf of the exceptions: `chunk u32 · first pair u16 · zero u16`, growing up. */
export const DIRECTORY_ENTRY_BYTES = 8;
/** `mask u64 · physical + 1 u32 · digest u32`, growing down from the block's end. */
export const PAIR_BYTES = 16;
/** Interior node: `first chunk u32 · child u32 · place u32 · checksum u32`. */
export const NODE_ENTRY_BYTES = 16;
export const NODE_FANOUT = BLOCK_BODY_BYTES / NODE_ENTRY_BYTES;
