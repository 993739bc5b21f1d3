/**
 * How surely the kill lane catches what it must: each control, with the lane's own plan and number
 * of kills, for many seeds in a row.
 */
import { CONTROLS, type Control } from '../../broken/controls.ts';
import { runCampaign, shows } from '../../harness/campaign.ts';
import { KILLS_IN_LANE } from '../../harness/plan.ts';
import { Stage } from '../../harness/stage.ts';
import type { CrashOptions } from '../options.ts';

/** Ends with 0 when every seed caught every control. */
export async function runControlsLane(options: CrashOptions, seeds: number): Promise<number> {
  let missed = 0;
  for (const control of CONTROLS) {
    const killsUntilCaught = await caughtAfter(control, options, seeds);
    const caught = killsUntilCaught.filter((kills) => kills !== undefined).sort((a, b) => a - b);
    missed += seeds - caught.length;
    console.log(
      `${control.name}: caught with ${caught.length} of ${seeds} seeds (${options.seed} and on), ` +
        `kills until caught: median ${caught[caught.length >> 1] ?? '–'}, most ${caught.at(-1) ?? '–'}`,
    );
  }
  return missed === 0 ? 0 : 1;
}

async function caughtAfter(
  control: Control,
  { seed: first, browser, kinds, isolated }: CrashOptions,
  seeds: number,
): Promise<(number | undefined)[]> {
  const stage = await Stage.set({ browser, isolated, plugins: control.plugins });
  const { server, launch } = stage;
  const common = { kinds, kills: KILLS_IN_LANE, server, launch, subject: 'varve' };
  const found: (number | undefined)[] = [];
  try {
    for (let seed = first; seed < first + seeds; seed++) {
      const options = { ...common, seed, broken: control.name, stopAt: control.shows };
      const { outcomes } = await runCampaign(options);
      const last = outcomes.at(-1)!;
      const { kind, number, failures } = last;
      const caught = shows(last, control.shows);
      found.push(caught ? number + 1 : undefined);
      const how = caught ? `kill ${number + 1} (${kind}): ${failures[0]}` : 'NOT CAUGHT';
      console.log(`${control.name}, seed ${seed}: ${how}`);
    }
    return found;
  } finally {
    await stage.strike();
  }
}
