/** A context in which one part of the browser's storage is refused, in each way a browser has. */
export const PARTS = ['opfs', 'sync-access-handle', 'indexed-db', 'web-locks'] as const;
export const UNUSED = ['broadcast-channel', 'shared-worker'] as const;
export const WAYS = ['throws', 'rejects', 'hangs', 'missing'] as const;
export type Part = (typeof PARTS)[number] | (typeof UNUSED)[number];
export type Way = (typeof WAYS)[number];

/** The methods a part consists of; a part that this context has not is left as it is. */
const METHODS: Record<Part, readonly [owner: string, method: string][]> = {
  opfs: [['StorageManager', 'getDirectory']],
  'sync-access-handle': [['FileSystemFileHandle', 'createSyncAccessHandle']],
  'indexed-db': [
    ['IDBFactory', 'open'],
    ['IDBFactory', 'databases'],
  ],
  'web-locks': [
    ['LockManager', 'request'],
    ['LockManager', 'query'],
  ],
  'broadcast-channel': [],
  'shared-worker': [],
};

/** Where the page finds the part; gone when it is missing. */
const PLACES: Partial<Record<Part, string>> = {
  'indexed-db': 'indexedDB',
  'broadcast-channel': 'BroadcastChannel',
  'shared-worker': 'SharedWorker',
};

const refused = (): DOMException => new DOMException('refused', 'SecurityError');

function answer(way: Way): unknown {
  if (way === 'throws') throw refused();
  return way === 'hangs' ? new Promise(() => undefined) : Promise.reject(refused());
}

/** `IDBFactory.open` neither rejects nor hangs: its request does. */
function openRequest(way: Way): unknown {
  if (way === 'throws') throw refused();
  const request = Object.assign(new EventTarget(), { error: refused() });
  if (way === 'rejects') setTimeout(() => request.dispatchEvent(new Event('error')));
  return Object.setPrototypeOf(request, IDBOpenDBRequest.prototype);
}

/** Returns how to take it back. */
export function refuse(part: Part, way: Way): () => void {
  const undo: (() => void)[] = [];
  const set = (owner: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, key);
    Object.defineProperty(owner, key, { value, configurable: true, writable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, before);
    });
  };
  const place = PLACES[part];
  if (place !== undefined && (way === 'missing' || METHODS[part].length === 0)) {
    set(globalThis, place, way === 'missing' ? undefined : () => answer('throws'));
    return () => undo.forEach((it) => it());
  }
  for (const [owner, method] of METHODS[part]) {
    const type = Reflect.get(globalThis, owner) as { prototype: object } | undefined;
    const call = (): unknown => (method === 'open' ? openRequest(way) : answer(way));
    if (type !== undefined) set(type.prototype, method, way === 'missing' ? undefined : call);
  }
  return () => undo.forEach((it) => it());
}
