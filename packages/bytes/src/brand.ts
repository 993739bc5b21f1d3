/** Numbers that must not be mixed carry a brand; the brand costs nothing at run time. */
export type Brand<Name extends string> = number & { readonly brand: Name };

/** Ordinal of a record: 1, 2, 3 … dense within the history that survives. 0 = "before the first". */
export type Lsn = Brand<'Lsn'>;
/** Place of a slot in the journal file: 0, 1, 2 … */
export type Slot = Brand<'Slot'>;
/** Byte offset inside one slot. */
export type SegmentOffset = Brand<'SegmentOffset'>;
/** Ordinal of a segment: dense over the life of a store, never reused. */
export type SegmentNumber = Brand<'SegmentNumber'>;
/** Number of a writer: each open and each new attempt after a fault takes a greater one. */
export type Generation = Brand<'Generation'>;

export const lsn = (value: number): Lsn => value as Lsn;
export const slot = (value: number): Slot => value as Slot;
export const segmentOffset = (value: number): SegmentOffset => value as SegmentOffset;
export const segmentNumber = (value: number): SegmentNumber => value as SegmentNumber;
export const generation = (value: number): Generation => value as Generation;
