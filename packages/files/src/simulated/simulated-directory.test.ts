import { expect, test } from 'vitest';
import { faultOf } from '../fault.ts';
import { SimulatedDirectory, SimulatedDisk } from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Files `a` and `b`, each holding its own name, persisted long ago. */
async function twoFiles(): Promise<{ disk: SimulatedDisk; root: SimulatedDirectory }> {
  const disk = new SimulatedDisk();
  const root = new SimulatedDirectory(disk, '');
  for (const name of ['a', 'b']) {
    const file = await root.openFile(name, { create: true });
    file.write(bytes(name), { at: 0 });
    file.flush();
    file.close();
  }
  disk.advance(60_000);
  return { disk, root };
}

const held = (disk: SimulatedDisk): string =>
  [...disk.state.names.keys()]
    .sort()
    .map((name) => `${name}=${new TextDecoder().decode(disk.peek(name))}`)
    .join();

test('a move over a file leaves the old names or the new one, never none', async () => {
  const { disk, root } = await twoFiles();
  await root.moveFile('a', root, 'b');
  for (const crashAt of [disk.opCount, 'now'] as const) {
    const seen = [...disk.images({ crashAt })].map((image) => held(image.disk()));
    expect(seen.sort()).toEqual(['a=a,b=b', 'b=a']);
  }
  expect(held(disk)).toBe('b=a');
});

test('a file that is open is neither moved nor moved over', async () => {
  const { disk, root } = await twoFiles();
  const open = await root.openFile('b', { create: false });
  for (const [from, to] of [
    ['b', 'c'],
    ['a', 'b'],
  ]) {
    const refused = await root.moveFile(from, root, to).catch(faultOf);
    expect(refused).toBe('busy');
  }
  open.close();
  expect(held(disk)).toBe('a=a,b=b');
});

test('a move of what is not there, or into a folder that is gone, changes nothing', async () => {
  const { disk, root } = await twoFiles();
  expect(await root.moveFile('x', root, 'y').catch(faultOf)).toBe('not-found');
  const folder = await root.directory('folder', { create: true });
  await root.removeDirectory('folder');
  if (folder === undefined) throw new Error('no folder was made');
  expect(await root.moveFile('a', folder, 'a').catch(faultOf)).toBe('not-found');
  expect(held(disk)).toBe('a=a,b=b');
});
