/**
 * A process that contends for one file; the tests start several and kill some.
 *
 * `hold`: opens it, says so, and stays. `race N`: says that it is ready, waits until all may start, opens
 * and closes it until it has won N times, and says how often it had to try again. While it holds the
 * file it makes a marker that only one may make.
 */
import fs from 'node:fs';
import path from 'node:path';
import { faultOf } from '../fault.ts';
import { createNodeHost } from './index.ts';

const [rootPath, mode, rounds] = process.argv.slice(2);
const { root } = createNodeHost(rootPath);
const marker = path.join(rootPath, 'marker');

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function hold(): Promise<void> {
  await root.openFile('contended', { create: true });
  process.stdout.write('held\n');
  setInterval(() => undefined, 1_000);
}

async function race(): Promise<void> {
  let tries = 0;
  process.stdout.write('ready\n');
  while (!fs.existsSync(path.join(rootPath, 'start'))) await pause();
  for (let wins = 0; wins < Number(rounds); tries++) {
    try {
      const file = await root.openFile('contended', { create: true });
      fs.writeFileSync(marker, String(process.pid), { flag: 'wx' });
      await pause();
      fs.rmSync(marker);
      file.close();
      wins += 1;
    } catch (error) {
      if (faultOf(error) !== 'busy') throw error;
    }
  }
  process.stdout.write(`tried ${tries - Number(rounds)} times in vain\n`);
}

await (mode === 'hold' ? hold() : race());
