/** The parts of a volume for tools that look at one without owning it. Nothing here writes. */
export { DATA_FILE, META_FILE, VOLUME_FORMAT_VERSION } from './format.ts';
export { isHeader } from './header.ts';
export { layoutOf } from './layout.ts';
export { type OfflineFacts, OfflineVolume } from './offline.ts';
export type { RecordSource } from './replay.ts';
