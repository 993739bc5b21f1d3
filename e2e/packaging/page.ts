/** What every page of the packaging tests does: open, append, read, close, open again, read. */

export const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<title>blank</title><output></output>`;

/**
 * @param varve how the page names the package
 * @param stores how it names the entry for stores as wholes
 */
export const script = (varve: string, stores = `${varve}/stores`): string => `
import { openLog, VarveError } from '${varve}';
import { deleteStore, importStore, listStores, VarveError as FromStores } from '${stores}';

const violations = [];
document.addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI));

async function readAll(log) {
  const values = [];
  for await (const { value } of log.read()) values.push(value);
  return values;
}

async function perform() {
  const log = await openLog('packaging');
  await log.append({ text: 'first', at: new Date(0) });
  await log.appendBatch(['second', new Uint8Array([1, 2, 3])]);
  const { mode } = log.status();
  await log.close();
  const again = await openLog('packaging', { create: false });
  const values = await readAll(again);
  await importStore('imported', again.export());
  const taken = await importStore('imported', again.export()).catch((error) => error);
  await again.close();
  const listed = (await listStores()).map(({ name }) => name).sort();
  await deleteStore('imported');
  const left = (await listStores()).map(({ name }) => name);
  const refusal = await again.append('late').catch((error) => error);
  return {
    mode,
    count: values.length,
    first: values[0].text,
    date: values[0].at instanceof Date,
    bytes: [...values[2]],
    refusal: refusal instanceof VarveError ? refusal.code : String(refusal),
    listed,
    left,
    taken: taken instanceof VarveError ? taken.code : String(taken),
    oneErrorClass: VarveError === FromStores,
    violations,
  };
}

const say = (result) => { document.querySelector('output').textContent = JSON.stringify(result); };
perform().then(say, (error) => say({ error: String(error), violations }));
`;

export const EXPECTED = {
  mode: 'opfs',
  count: 3,
  first: 'first',
  date: true,
  bytes: [1, 2, 3],
  refusal: 'CLOSED',
  listed: ['imported', 'packaging'],
  left: ['packaging'],
  taken: 'CONFLICT',
  oneErrorClass: true,
  violations: [],
};
