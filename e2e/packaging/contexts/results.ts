/** What a run found of each context: the rows of docs/COMPATIBILITY.md. */
import { appendFileSync } from 'node:fs';
import type { Survived } from './survival.ts';

/** One file for a run; `scripts/packaging.mjs` makes the document of it. */
const FILE = process.env['VARVE_COMPATIBILITY'];

export interface Row {
  readonly section: string;
  readonly context: string;
  /** `works`, `one line: …`, `refused: CODE` or `not measured: why`. */
  readonly outcome: string;
  readonly version: string;
  /** What was done to be able to say so. */
  readonly shown: string;
}

export function record(row: Row): void {
  if (FILE === undefined) return;
  const day = new Date().toISOString().slice(0, 10);
  appendFileSync(FILE, `${JSON.stringify({ ...row, day })}\n`);
}

export const survivedAs = ({ kills, acknowledged, recovered }: Survived): string =>
  `stored; ${kills}; recovered (${acknowledged} acknowledged, ${recovered} there)`;
