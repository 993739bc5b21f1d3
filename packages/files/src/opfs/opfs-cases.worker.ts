/** What OPFS, IndexedDB and Web Locks do beyond the conformance suite, inside a dedicated worker. */
import { checkEqual, checkFault } from '../conformance/check.ts';
import { serveCases } from '../conformance/index.ts';
import { faultOf } from '../fault.ts';
import type { WitnessEntry } from '../host.ts';
import { whileBusy } from './back-off.ts';
import { answered } from './answered.ts';
import { createOpfsHost, storageAsks } from './index.ts';
import { OpfsFile, closings } from './opfs-file.ts';

const rootName = 'varve-cases';
const entry: WitnessEntry = { state: 'live', seedId: 'ab', durableLsn: 3, liveSinceMs: 4 };

serveCases(self, [
  {
    name: 'a worker is refused nothing',
    run: async () =>
      void (await Promise.all(Object.values(storageAsks(rootName)).map((ask) => ask()))),
  },
  {
    name: 'a file held by a terminated busy worker can be opened within the wait',
    async run() {
      const { root, locks } = createOpfsHost({ rootName: 'varve-holder' });
      const lock = await locks.acquire('held');
      const file = await root.openFile('held', { create: false });
      checkEqual(file.getSize(), 1, 'size');
      file.close();
      lock?.release();
    },
  },
  {
    name: 'what the user cleared under an open file is seen as gone, and can be made anew',
    async run() {
      const { root } = createOpfsHost({ rootName });
      const folder = await root.directory('cleared', { create: true });
      (await folder?.openFile('a', { create: true }))?.close();
      const top = await navigator.storage.getDirectory();
      // A closed file is given back a moment later.
      await whileBusy(1000, () => top.removeEntry(rootName, { recursive: true }));
      checkEqual(await folder?.hasFile('a'), false, 'the name still resolves');
      checkEqual(await root.list(), [], 'list');
      (await folder?.openFile('a', { create: true }))?.close();
      checkEqual(await folder?.hasFile('a'), true, 'a new file of that name is there');
    },
  },
  {
    name: 'what is there is opened from the folder that was found last, not from the root again',
    async run() {
      const { root } = createOpfsHost({ rootName });
      const made = await root.directory('known', { create: true });
      (await made?.openFile('a', { create: true }))?.close();
      await root.directory('known', { create: false });
      const asked: string[] = [];
      const there = FileSystemDirectoryHandle.prototype.getDirectoryHandle;
      FileSystemDirectoryHandle.prototype.getDirectoryHandle = function (name, ...rest) {
        asked.push(name);
        return there.call(this, name, ...rest);
      };
      try {
        const folder = await root.directory('known', { create: false });
        const file = await folder?.openFile('a', { create: false });
        checkEqual(asked, ['known'], 'folders asked for');
        checkEqual(await folder?.hasFile('a'), true, 'there');
        checkEqual(asked, ['known', rootName, 'known'], 'a look begins at the root');
        file?.close();
      } finally {
        FileSystemDirectoryHandle.prototype.getDirectoryHandle = there;
      }
    },
  },
  {
    name: 'a folder that was found, then cleared, then made by another, is opened with what is in it now',
    async run() {
      const { root } = createOpfsHost({ rootName });
      const made = await root.directory('again', { create: true });
      (await made?.openFile('a', { create: true }))?.close();
      const known = await root.directory('again', { create: false });
      const top = await navigator.storage.getDirectory();
      await whileBusy(1000, () => top.removeEntry(rootName, { recursive: true }));
      checkEqual(await root.directory('again', { create: false }), undefined, 'the folder');
      await checkFault(known!.openFile('a', { create: false }), 'not-found');
      const other = createOpfsHost({ rootName }).root;
      const file = await (
        await other.directory('again', { create: true })
      )?.openFile('a', { create: true });
      file?.write(Uint8Array.of(1, 2, 3), { at: 0 });
      file?.close();
      const found = await known!.openFile('a', { create: false });
      checkEqual(found.getSize(), 3, 'size');
      found.close();
      checkEqual((await root.directory('again', { create: false })) !== undefined, true, 'again');
    },
  },
  {
    name: 'a file that was cleared away is not closed, and one of its name can be opened',
    async run() {
      // What earlier cases have closed.
      await closings.over();
      const calls: string[] = [];
      const { close } = FileSystemSyncAccessHandle.prototype;
      FileSystemSyncAccessHandle.prototype.close = function () {
        calls.push('close');
        close.call(this);
      };
      try {
        let isThere = false;
        const folder = await navigator.storage.getDirectory();
        const open = async (): Promise<OpfsFile> => {
          const name = await folder.getFileHandle(`looked-${isThere}`, { create: true });
          return new OpfsFile(await name.createSyncAccessHandle(), async () => isThere);
        };
        (await open()).close();
        await closings.over();
        checkEqual(calls, [], 'closed what is gone');
        isThere = true;
        (await open()).close();
        await closings.over();
        checkEqual(calls, ['close'], 'did not close what is there');
      } finally {
        FileSystemSyncAccessHandle.prototype.close = close;
      }
    },
  },
  {
    name: 'a look that is never answered is repeated',
    async run() {
      let asked = 0;
      const second = (): Promise<string> =>
        ++asked === 1 ? new Promise(() => undefined) : Promise.resolve('second');
      checkEqual(await answered(second), 'second', 'answer');
      await checkFault(
        answered(() => new Promise(() => undefined)),
        'io',
      );
    },
  },
  {
    name: 'the witness steps aside for the deletion of its database and works on',
    async run() {
      const { witness } = createOpfsHost({ rootName });
      await witness.write('s', entry);
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase(rootName);
        request.addEventListener('success', () => resolve());
        request.addEventListener('error', () => reject(new Error('deletion failed')));
      });
      checkEqual(await witness.read('s'), undefined, 'entry after the deletion');
      await witness.write('s', entry);
      const other = createOpfsHost({ rootName });
      checkEqual(await other.witness.read('s'), entry, 'entry as another connection sees it');
      await witness.remove('s');
    },
  },
  {
    name: 'a stolen lock is reported as lost',
    async run() {
      const { locks } = createOpfsHost({ rootName });
      const held = await locks.acquire('stolen');
      await navigator.locks.request(`${rootName}/stolen`, { steal: true }, () => undefined);
      await held?.lost;
      held?.release();
    },
  },
  {
    name: 'an open of what another holds says busy only after the wait',
    async run() {
      const { root } = createOpfsHost({ rootName, openWaitMs: 300 });
      const file = await root.openFile('waited', { create: true });
      const startMs = performance.now();
      await checkFault(root.openFile('waited', { create: false }), 'busy');
      if (performance.now() - startMs < 290) throw new Error('it gave up before the wait was over');
      setTimeout(() => file.close(), 100);
      (await root.openFile('waited', { create: false })).close();
    },
  },
  {
    name: 'a closed handle reports a fault of its own, not one of space or rights',
    async run() {
      const { root } = createOpfsHost({ rootName });
      const file = await root.openFile('closed', { create: true });
      file.close();
      try {
        file.flush();
      } catch (error) {
        checkEqual(faultOf(error), 'io', 'fault');
        return;
      }
      throw new Error('a closed handle flushed');
    },
  },
]);
