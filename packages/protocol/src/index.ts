export * from './arguments.ts';
export * from './attributes.ts';
export * from './control-messages.ts';
export * from './data-messages.ts';
export * from './errors.ts';
export * from './first-refusal.ts';
export type * from './introducer-messages.ts';
export * from './open-request.ts';
export * from './port.ts';
export * from './record-frame.ts';
export * from './ring-entries.ts';
export * from './status.ts';
export * from './tab-messages.ts';
export {
  type Validated,
  validateControlEnvelope,
  validateControlRequest,
  validateToEngine,
} from './validate.ts';
export * from './wire-error.ts';
export {
  type GivenView,
  MAP_CHUNKS_MAX,
  METADATA_BLOCKS_MAX,
  READ_BYTES_MAX,
  type VolumeCalls,
  type VolumeMethod,
  type VolumeOp,
  type VolumePiece,
  type VolumePlace,
  type VolumeRequest,
  type VolumeWork,
  completePlace,
  isVolumeChange,
  validateVolumeRequest,
  volumeCallBytes,
} from './volume-calls.ts';
export type * from './volume-layout.ts';
export type * from './volume-status.ts';
