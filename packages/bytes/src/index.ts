export * from './brand.ts';
export * from './invariant.ts';
export * from './little-endian.ts';
export * from './subrecords.ts';
export * from './varint.ts';
export * from './xxh32.ts';
