#!/usr/bin/env node
/** `npm run crash`: finds a browser; everything after `--` goes to e2e/crash/run.ts. */
import { handOver } from './lib/hand-over.mjs';

process.exitCode = await handOver('e2e', 'crash', 'run.ts');
