/** A blank Node project with the packed `varve`, and the packed command beside it. */
import { expect, inject, test } from 'vitest';
import { blankProject } from './blank-project.ts';

const script = (inline: boolean): string => `
import { openLog, VarveError, listStores } from 'varve/node';
import { VarveError as FromPage, openLog as openInPage } from 'varve';
import { bytesCodec } from 'varve/codec';
import { ring } from 'varve/ring';
import { listStores as listInPage } from 'varve/stores';

const place = { directory: './stores', inline: ${inline} };
const log = await openLog('journal', place);
for (let i = 0; i < 100; i++) await log.append({ i, at: new Date(i) });
await log.close();
const again = await openLog('journal', { ...place, create: false });
const values = [];
for await (const { value } of again.read()) values.push(value.i);
await again.close();
const bytes = await openLog('bytes', { ...place, codec: bytesCodec, transport: ring() });
await bytes.append(new Uint8Array([7]));
const refused = await bytes.append('no bytes').catch((error) => error);
await bytes.close();
const inPage = await openInPage('x').catch((error) => error);
const storesInPage = await listInPage().catch((error) => error);
console.log(JSON.stringify({
  values: values.join() === Array.from({ length: 100 }, (_, i) => i).join(),
  stores: (await listStores(place)).map(({ name }) => name).sort(),
  refused: refused instanceof VarveError && refused.code,
  inPage: inPage instanceof FromPage && inPage.code,
  storesInPage: storesInPage instanceof VarveError && storesInPage.code,
  oneErrorClass: VarveError === FromPage,
  ring: typeof ring(),
}));
`;

const EXPECTED = {
  values: true,
  stores: ['bytes', 'journal'],
  refused: 'CODEC_REFUSED',
  inPage: 'CONTEXT_UNSUPPORTED',
  storesInPage: 'CONTEXT_UNSUPPORTED',
  oneErrorClass: true,
  ring: 'function',
};

for (const inline of [false, true]) {
  const where = inline ? 'in the same thread' : 'in a worker thread';
  test(`a log over a folder, the engine ${where}: kept, given back, and the program ends`, async () => {
    const project = await blankProject([inject('tarballs').varve], { 'main.js': script(inline) });
    expect(JSON.parse(await project.run(process.execPath, 'main.js'))).toEqual(EXPECTED);
  });
}

test('the packed command verifies and prints a store that the packed library wrote', async () => {
  const { varve, cli } = inject('tarballs');
  const project = await blankProject([varve, cli], { 'main.js': script(false) });
  await project.run(process.execPath, 'main.js');
  const command = 'node_modules/.bin/varve';
  const store = 'stores/journal';
  expect(await project.run(command, 'verify', store)).not.toBe('');
  const lines = (await project.run(command, 'dump', store)).trim().split('\n');
  expect(lines).toHaveLength(100);
  await expect(project.run(command, 'verify', 'stores/absent')).rejects.toThrow();
});
