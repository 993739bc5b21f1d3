import type { RunFile } from './file.ts';

export function htmlReport(file: RunFile): string {
  return JSON.stringify(file);
}
