/** Projects of strangers that compile against the packed declarations, everything strict. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { blankProject, type BlankProject } from './blank-project.ts';
import { NODE, PAGE, STRICT } from './strangers.ts';

const packageFolder = (name: string): string =>
  dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

const TSC = join(packageFolder('typescript'), 'bin', 'tsc');

const CRASHKIT = `
import { createDevice, explore, type Image, type Profile, type Report } from '@varve/crashkit/device';
import { History, Violation, type Rule } from '@varve/crashkit/oracle';

interface Note { readonly text: string }
declare function openNotes(root: FileSystemDirectoryHandle): Promise<{ add(note: Note): void; all(): Note[] }>;

export async function test(profile: Profile): Promise<Report> {
  const device = createDevice({ profile, seed: 7, quotaBytes: 1 << 20 });
  const history = new History<Note>({ now: () => device.opCount });
  navigator.storage.getDirectory = () => device.directory();
  const notes = await openNotes(await device.directory());
  const note: Note = { text: 'a' };
  await history.write([note], () => notes.add(note));
  device.inject({ on: 'write', effect: { short: 'half' }, path: 'notes/db' });
  const report = await explore(device, async (image: Image) => {
    const found = await openNotes(await image.directory());
    history.check(found.all(), image);
  }, { crashRecovery: 1, imagesMax: 1000, onProgress: ({ images }) => console.log(images) });
  const error = report.failures[0]?.error;
  const rule: Rule | undefined = error instanceof Violation ? error.rule : undefined;
  console.log(rule);
  // @ts-expect-error No such profile.
  createDevice({ profile: 'flood' });
  // @ts-expect-error A note is no number.
  history.issue(7);
  return report.assertClean();
}
`;

async function project(source: string, options: object): Promise<BlankProject> {
  const config = { compilerOptions: { ...STRICT, ...options }, files: ['main.ts'] };
  const { varve, crashkit } = inject('tarballs');
  return blankProject([varve, crashkit], {
    'main.ts': source,
    'tsconfig.json': JSON.stringify(config),
  });
}

const compile = ({ run }: BlankProject): Promise<string> => run(process.execPath, TSC, '-p', '.');

test('a page compiles with lib ES2022 and DOM, all strict, declarations checked', async () => {
  expect(await compile(await project(PAGE, {}))).toBe('');
});

test('a page compiles as NodeNext resolves it', async () => {
  const options = { module: 'NodeNext', moduleResolution: 'NodeNext' };
  expect(await compile(await project(PAGE, options))).toBe('');
});

test('a Node program compiles', async () => {
  const typeRoots = [dirname(packageFolder('@types/node'))];
  const options = { module: 'NodeNext', moduleResolution: 'NodeNext', types: ['node'], typeRoots };
  expect(await compile(await project(NODE, options))).toBe('');
});

test('a test with the crash kit compiles, by both ways of resolving', async () => {
  const nodeNext = { module: 'NodeNext', moduleResolution: 'NodeNext' };
  for (const options of [{}, nodeNext]) {
    expect(await compile(await project(CRASHKIT, options))).toBe('');
  }
});

test('in a worker the simulated handles are the web’s own, to the types', async () => {
  const source = `
import { createDevice } from '@varve/crashkit/device';
const root: FileSystemDirectoryHandle = await createDevice().directory();
const file: FileSystemFileHandle = await root.getFileHandle('a', { create: true });
const handle: FileSystemSyncAccessHandle = await file.createSyncAccessHandle();
for await (const [name, entry] of root.entries()) console.log(name, entry.kind);
handle.write(new Uint8Array(1), { at: 0 });
`;
  expect(await compile(await project(source, { lib: ['ES2022', 'WebWorker'] }))).toBe('');
});
