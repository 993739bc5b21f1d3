/** The engine's entry for volumes in a browser: a dedicated module worker, one self-contained file. */
import { openVolume } from '@varve/volume';
import { browserServices } from './browser-services.ts';
import { serve } from './serve.ts';
import { receiveVolumeHello } from './volume-connection.ts';

serve(
  () => browserServices(),
  (services, hello, channel) => receiveVolumeHello({ ...services, openVolume }, hello, channel),
);
