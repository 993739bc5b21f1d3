/**
 * `npm run crash`: kills a browser again and again and judges what came back.
 * Ends with 0 when nothing was violated, 1 when something was, 2 when it was asked wrongly.
 */
import { runBrowserLane } from './lanes/browser.ts';
import { runControlsLane } from './lanes/controls.ts';
import { runDamageLane } from './lanes/damage.ts';
import { runFailoverLane } from './lanes/failovers.ts';
import { runFuzzLane } from './lanes/fuzz.ts';
import { runImagesLane } from './lanes/images.ts';
import { runMutantsLane } from './lanes/mutants.ts';
import { runRingLane } from './lanes/ring.ts';
import { runRecoveryLane } from './lanes/recovery.ts';
import { runTabsLane } from './lanes/tabs.ts';
import { runVolumesLane } from './lanes/volumes.ts';
import { parseCrashOptions, USAGE } from './options.ts';
import { UsageError } from './usage-error.ts';

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  try {
    if (args.some((arg) => /^(--tabs(=.*)?|(--replay=)?(volume-)?tabs:.*)$/.test(arg)))
      return await runTabsLane(args);
    if (/--subject[= ]volume|--replay[= ]volume/.test(args.join(' ')))
      return await runVolumesLane(args);
    if (args.some((arg) => /^--(images|exhaustive|planted|replay)(=|$)/.test(arg)))
      return await runImagesLane(args);
    if (args.includes('--damage')) return await runDamageLane(args);
    if (args.some((arg) => /^--fuzz(=|$)/.test(arg))) return await runFuzzLane(args);
    if (args.some((arg) => /^--mutants(=|$)/.test(arg))) return await runMutantsLane(args);
    if (args.some((arg) => /^--ring(=|$)/.test(arg))) return await runRingLane(args);
    if (args.some((arg) => /^--failovers(=|$)/.test(arg))) return await runFailoverLane(args);
    const options = parseCrashOptions(args);
    if (options.controls !== undefined) return await runControlsLane(options, options.controls);
    if (options.recovery !== undefined) return await runRecoveryLane(options, options.recovery);
    return await runBrowserLane(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
