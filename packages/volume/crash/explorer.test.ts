/** Every crash of short workloads; `VARVE_VOLUME_CASES=1000` for a long run. */
import { expect, test } from 'vitest';
import { exploreCase } from './explorer.ts';

const CASES = Number(process.env.VARVE_VOLUME_CASES ?? 8);
const FIRST_CASE = Number(process.env.VARVE_VOLUME_CASE ?? 1);

test(
  'a crash at any operation leaves everything acknowledged, whole, and a clean check',
  { timeout: 3_600_000 },
  async () => {
    const total = { cases: CASES, images: 0, secondImages: 0, deviceOps: 0 };
    for (let seed = FIRST_CASE; seed < FIRST_CASE + CASES; seed++) {
      const figures = await exploreCase(seed, { againEvery: 100 });
      total.images += figures.images;
      total.secondImages += figures.secondImages;
      total.deviceOps += figures.deviceOps;
    }
    process.stdout.write(`${JSON.stringify(total)}\n`);
    expect(total.images).toBeGreaterThan(CASES * 100);
  },
);
