/** Asks the browser and the device the same questions, in a dedicated worker: handles exist nowhere else. */
import { serveCases } from '@varve/files/conformance';
import { createDevice } from '../index.ts';
import { answersOf } from './handle-script.ts';

/** Where browsers differ from each other, what one of them answers; the device does as the other. */
const ALSO: Readonly<Record<string, string>> = {
  // Chromium 156 opens a removed file under no name: what is written there is gone with the handle.
  'a handle of a removed file': '{}',
  // Firefox 153 has another word for it, and moves a file over a folder, which is gone then.
  'a new file in a removed folder': 'UnknownError',
  'a new folder in a removed folder': 'UnknownError',
  'moving over a folder': 'nothing',
  'what is in the folder at last': '["file sub","file taken"]',
};

serveCases(self, [
  {
    name: 'the device answers every question as this browser does',
    async run() {
      const top = await navigator.storage.getDirectory();
      const name = 'handle-script';
      await top.removeEntry(name, { recursive: true }).catch(() => undefined);
      const real = await answersOf(await top.getDirectoryHandle(name, { create: true }));
      const simulated = await answersOf(await createDevice().directory());
      const differences = Object.keys(real)
        .filter((question) => ![simulated[question], ALSO[question]].includes(real[question]))
        .map((question) => `${question}: here ${real[question]}, device ${simulated[question]}`);
      if (differences.length > 0) throw new Error(`\n${differences.join('\n')}`);
    },
  },
]);
