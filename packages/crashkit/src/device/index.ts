/**
 * A simulated disk for any code on OPFS, in the web's own shapes: it loses power, fails and rots,
 * deterministically by seed.
 */
export {
  PROFILES,
  SimulatedCrash,
  type FaultEffect,
  type FaultRule,
  type FaultSite,
  type ImagesOptions,
  type InjectedFault,
  type Profile,
  type ProfileRules,
  type Subsets,
} from '@varve/files/simulated';
export {
  createDevice,
  type BootOptions,
  type Device,
  type DeviceOptions,
  type Image,
} from './device.ts';
export type { DirectoryHandle } from './directory-handle.ts';
export { explore, type Check, type ExploreOptions, type Progress } from './explore.ts';
export type { FileHandle } from './file-handle.ts';
export type { Ended, Failure, Report } from './report.ts';
export { shrinkSteps } from './shrink-steps.ts';
export type { SyncAccessHandle } from './sync-access-handle.ts';
