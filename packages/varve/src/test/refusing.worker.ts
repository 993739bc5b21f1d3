/** An engine in a worker where one part of the browser's storage is refused: named by the worker's name. */
import '@varve/engine/worker';

const refuse = (): Promise<never> => Promise.reject(new DOMException('refused', 'SecurityError'));

switch (self.name) {
  case 'opfs':
    Object.defineProperty(StorageManager.prototype, 'getDirectory', { value: refuse });
    break;
  case 'sync-access-handle':
    Object.defineProperty(FileSystemFileHandle.prototype, 'createSyncAccessHandle', {
      value: refuse,
    });
    break;
  case 'indexed-db':
    Object.defineProperty(IDBFactory.prototype, 'open', {
      value: () => {
        throw new DOMException('refused', 'UnknownError');
      },
    });
    break;
  case 'web-locks':
    Object.defineProperty(LockManager.prototype, 'request', { value: refuse });
    Object.defineProperty(LockManager.prototype, 'query', { value: refuse });
    break;
}
