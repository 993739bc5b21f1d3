/** A bare file in Node, synchronous, flushed with `fdatasync`. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { SyncFile } from '@varve/files';
import type { Subject } from '../subject.ts';
import { RawFile } from './raw-file.ts';
import { rawNull } from './raw.ts';

export const rawNode: Subject = {
  id: 'raw-node',
  title: 'raw file, write + fdatasync',
  kind: 'raw',
  caller: 'node',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  gets: true,
  skips: ['free-64', 'free-8'],
  async open({ name, folder }) {
    const path = join(folder!, name);
    const descriptor = fs.openSync(path, 'w+');
    let flushes = 0;
    const file: SyncFile = {
      read: (buffer, { at }) => fs.readSync(descriptor, buffer, 0, buffer.length, at),
      write: (buffer, { at }) => fs.writeSync(descriptor, buffer, 0, buffer.length, at),
      truncate: (size) => fs.ftruncateSync(descriptor, size),
      getSize: () => fs.fstatSync(descriptor).size,
      flush() {
        flushes++;
        fs.fdatasyncSync(descriptor);
      },
      close: () => fs.closeSync(descriptor),
    };
    return new RawFile(
      file,
      () => flushes,
      async () => fs.rmSync(path),
    );
  },
};

export const rawNodeNull: Subject = {
  ...rawNull,
  id: 'raw-node-null',
  caller: 'node',
  title: 'a disk that does nothing',
};
