#!/usr/bin/env node
/** From the published package this runs what was built; from a checkout, the sources through tsx. */
import { existsSync } from 'node:fs';

const built = new URL('../dist/index.js', import.meta.url);
if (!existsSync(built)) {
  const { register } = await import('tsx/esm/api');
  register();
}
const { main } = await import(existsSync(built) ? built.href : '../src/index.ts');
process.exitCode = await main(process.argv.slice(2));
