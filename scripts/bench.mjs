#!/usr/bin/env node
/** `npm run bench`: finds a browser; everything after `--` goes to apps/bench/run.ts. */
import { handOver } from './lib/hand-over.mjs';

process.exitCode = await handOver('apps', 'bench', 'run.ts');
