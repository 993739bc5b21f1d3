export {
  addVolumeTally,
  newVolumeTally,
  replayVolume,
  runVolumeSlice,
  type VolumeSlice,
  type VolumeTally,
} from './slice.ts';
