#!/usr/bin/env node
/** `varve` in a checkout: from the sources, through tsx. What is published has a built one instead. */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../src/index.ts');
process.exitCode = await main(process.argv.slice(2));
