/**
 * A process that contends for one file; the tests start several and kill some.
 *
 * `hold`: opens it, says so, and stays. `race N`: opens and closes it N times, as often as it can,
 * and says how often it won. While it holds the file it makes a marker that only one may make.
 */
import fs from 'node:fs';
import path from 'node:path';
import { faultOf } from '../fault.ts';
import { createNodeHost } from './index.ts';

const [rootPath, mode, rounds] = process.argv.slice(2);
const { root } = createNodeHost(rootPath);
const marker = path.join(rootPath, 'marker');

async function hold(): Promise<void> {
  await root.openFile('contended', { create: true });
  process.stdout.write('held\n');
  setInterval(() => undefined, 1_000);
}

async function race(): Promise<void> {
  let wins = 0;
  for (let round = 0; round < Number(rounds); round++) {
    try {
      const file = await root.openFile('contended', { create: true });
      fs.writeFileSync(marker, String(process.pid), { flag: 'wx' });
      await new Promise((resolve) => setTimeout(resolve, 1));
      fs.rmSync(marker);
      file.close();
      wins += 1;
    } catch (error) {
      if (faultOf(error) !== 'busy') throw error;
    }
  }
  process.stdout.write(`wins ${wins}\n`);
}

await (mode === 'hold' ? hold() : race());
