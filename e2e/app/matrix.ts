/** A page that measures its browser, by itself or as it is told. */
import {
  growUnderQuota,
  holdFile,
  type Holder,
  matrixTable,
  measureMatrix,
  untilFree,
} from '@varve/crashkit/matrix';

export interface MatrixPage {
  readonly measureMatrix: typeof measureMatrix;
  readonly untilFree: typeof untilFree;
  readonly growUnderQuota: typeof growUnderQuota;
  hold(): Promise<void>;
  /** How a write and a flush end on the handle that is held. */
  use(): Promise<string | undefined>;
}

declare global {
  interface Window {
    matrix: MatrixPage;
  }
}

let holder: Holder | undefined;

window.matrix = {
  measureMatrix,
  untilFree,
  growUnderQuota,
  async hold() {
    holder = await holdFile();
  },
  use: async () => holder?.use(),
};
async function show(): Promise<void> {
  const rows = await measureMatrix();
  document.querySelector('pre')!.textContent = matrixTable([{ name: navigator.userAgent, rows }]);
}
document.querySelector('button')?.addEventListener('click', () => void show());
document.body.dataset['ready'] = 'yes';
