/**
 * The parts of a journal for tools that look at one without owning it: `varve inspect`, `verify` and
 * `dump`. Nothing here writes.
 */
export { Blocks } from './blocks.ts';
export type { NextRecord } from './control.ts';
export { type Geometry, geometryOf, slotStart } from './geometry.ts';
export { batchesOf, layoutOf } from './layout.ts';
export { resync } from './lookahead.ts';
export type { ScanPoint } from './position.ts';
export { ReadOnlyJournal } from './read-only-journal.ts';
export { type Recovered, Recovery } from './recovery.ts';
export { type LogView, Scanner } from './scanner.ts';
export { beginningOf, type Segment, segmentOf } from './segment.ts';
export { readSegmentHeaders, SegmentTable } from './segment-table.ts';
export { readStateAt } from './state-record.ts';
export { hex } from './store-files.ts';
export { assertUsable, readSuperblock, type Superblock } from './superblock.ts';
export { readUnitDescriptor } from './unit-descriptor.ts';
export { readUnitPart } from './unit-part.ts';
export { readFragments } from './unit-reader.ts';
