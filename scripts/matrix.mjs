#!/usr/bin/env node
/** `npm run matrix`: finds the browsers; everything after `--` goes to e2e/crash/matrix.ts. */
import { handOver } from './lib/hand-over.mjs';

process.exitCode = await handOver('e2e', 'crash', 'matrix.ts');
