/** What every backend's folders do. */
import { check, checkEqual, checkFault } from './check.ts';
import type { ConformanceCase } from './conformance-case.ts';

export const folderCases: readonly ConformanceCase[] = [
  {
    name: 'looking for a folder that is not there makes none',
    async run({ folder }) {
      check((await folder.directory('d', { create: false })) === undefined, 'no such folder');
      checkEqual(await folder.list(), [], 'list');
    },
  },
  {
    name: 'folders nest, and each holds its own names',
    async run({ folder }) {
      const outer = await folder.directory('d', { create: true });
      const inner = await outer?.directory('d', { create: true });
      const file = await inner?.openFile('d', { create: true });
      file?.write(new Uint8Array([7]), { at: 0 });
      file?.close();
      check(!(await folder.hasFile('d')), 'a folder is no file');
      check((await inner?.hasFile('d')) === true, 'the innermost is a file');
      const again = await folder.directory('d', { create: false });
      const innerAgain = await again?.directory('d', { create: true });
      check((await innerAgain?.hasFile('d')) === true, 'found again by its path');
    },
  },
  {
    name: 'list gives files and folders, sorted',
    async run({ folder }) {
      for (const name of ['b', 'a', 'C']) (await folder.openFile(name, { create: true })).close();
      await folder.directory('aa', { create: true });
      checkEqual(
        (await folder.list()).map(({ name, kind }) => `${kind} ${name}`),
        ['file C', 'file a', 'directory aa', 'file b'],
        'list',
      );
    },
  },
  {
    name: 'a removed folder takes everything in it along; removing it again is fine',
    async run({ folder }) {
      const inner = await folder.directory('d', { create: true });
      (await inner?.openFile('a', { create: true }))?.close();
      const deeper = await inner?.directory('e', { create: true });
      (await deeper?.openFile('b', { create: true }))?.close();
      await folder.removeDirectory('d');
      await folder.removeDirectory('d');
      checkEqual(await folder.list(), [], 'list');
      const fresh = await folder.directory('d', { create: true });
      checkEqual(await fresh?.list(), [], 'list of the new folder');
    },
  },
  {
    name: 'a folder with an open file in it is not removed',
    async run({ folder }) {
      const inner = await folder.directory('d', { create: true });
      const file = await inner?.openFile('a', { create: true });
      file?.write(new Uint8Array([7]), { at: 0 });
      await checkFault(folder.removeDirectory('d'), 'busy');
      check((await inner?.hasFile('a')) === true, 'the open file stays');
      file?.close();
      await folder.removeDirectory('d');
    },
  },
  {
    name: 'a file where a folder is asked for is an error, and the other way round',
    async run({ folder }) {
      (await folder.openFile('f', { create: true })).close();
      await folder.directory('d', { create: true });
      await checkFault(folder.directory('f', { create: false }), 'io');
      await checkFault(folder.openFile('d', { create: false }), 'io');
    },
  },
];
