/** Programs of strangers that are compiled against the packed declarations, everything strict. */

export const STRICT = {
  target: 'ES2022',
  module: 'ESNext',
  moduleResolution: 'bundler',
  lib: ['ES2022', 'DOM'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  // The declarations themselves are checked, too.
  skipLibCheck: false,
  noEmit: true,
};

export const PAGE = `
import { openLog, isVarveError, type Entry, type Log, type OpenLogOptions } from 'varve';
import { bytesCodec } from 'varve/codec';
import { ring } from 'varve/ring';
import { openAppender, type Appender, type Receipt } from 'varve/service-worker';
import { openReader, recordResponse, type LogReader } from 'varve/reader';
import { importStore, listStores, type StoreInfo } from 'varve/stores';

interface Note { readonly text: string }

export async function keep(note: Note): Promise<number> {
  const options: OpenLogOptions<Note> = { durability: 'strict', worker: () => new Worker('/w.js'), transport: ring() };
  const log: Log<Note> = await openLog<Note>('notes', options);
  try {
    const lsn: number = await log.append(note, { channel: 2 });
    for await (const { value } of log.read({ after: lsn - 1 })) value.text.trim();
    const { state } = await log.recover((count: number, _entry: Entry<Note>) => count + 1, 0);
    await log.checkpoint(state, { upTo: lsn });
    log.addEventListener('recovered', ({ detail }) => console.log(detail));
    return lsn;
  } catch (error) {
    if (isVarveError(error, 'QUOTA_EXCEEDED')) console.log(error.outcome, error.facts);
    throw error;
  } finally {
    await log.close();
  }
}

export async function later(note: Note): Promise<number | undefined> {
  const appender: Appender<Note> = await openAppender<Note>('notes', { leaderTimeoutMs: 500 });
  const receipt: Receipt = await appender.append(note, { channel: 2 });
  await appender.close();
  return receipt.inbox ? undefined : receipt.lsn;
}

export async function served(request: Request): Promise<Response> {
  const reader: LogReader<Note> = await openReader<Note>('notes', { deadlineMs: 500 });
  const text: string | undefined = (await reader.get(1))?.value.text;
  for await (const { value } of reader.read({ after: 1 })) value.text.trim();
  return recordResponse(reader, 1, request, { contentType: text ?? 'text/plain' });
}

export async function copied(log: Log<Note>): Promise<readonly StoreInfo[]> {
  await importStore('copy', log.export(), { signal: AbortSignal.timeout(1000) });
  return listStores();
}

export async function refused(log: Log<Note>): Promise<void> {
  // @ts-expect-error A note is no number.
  await log.append(7);
  // @ts-expect-error No such durability.
  await openLog('x', { durability: 'perhaps' });
  await openLog('bytes', { codec: bytesCodec }).then((bytes) => bytes.append(new Uint8Array(1)));
}
`;

export const NODE = `
import { openLog, listStores } from 'varve/node';

const log = await openLog<string>('journal', { directory: './stores' });
const lsn: number = await log.append('first');
console.log(lsn, await listStores({ directory: './stores' }));
await log.close();
`;

const NODE_NEXT = { module: 'NodeNext', moduleResolution: 'NodeNext' };

/** Name → what is compiled, and how. */
export const STRANGERS = {
  page: { source: PAGE, options: STRICT },
  'page-node-next': { source: PAGE, options: { ...STRICT, ...NODE_NEXT } },
  program: { source: NODE, options: { ...STRICT, ...NODE_NEXT, types: ['node'] } },
} as const;
