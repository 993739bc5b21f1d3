/**
 * Makes the demo work offline.
 *
 * Always true:
 * - the build writes the list of its files into this script, so a new build is a new script
 * - what is in the list comes from the cache; all else goes to the network
 * - it holds no data of the logbook
 */
/// <reference lib="webworker" />

export {};
declare const self: ServiceWorkerGlobalScope;
declare const __BUILD__: { readonly version: string; readonly files: readonly string[] };

const BUILD = __BUILD__;
const PREFIX = 'varve-demo-';
const CACHE = PREFIX + BUILD.version;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => {
      await cache.addAll(BUILD.files.map((file) => new Request(file, { cache: 'reload' })));
      await self.skipWaiting();
    }),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    }),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  const key = request.mode === 'navigate' ? './' : request;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(key, { ignoreSearch: true, ignoreVary: true }))
      .then((kept) => kept ?? fetch(request)),
  );
});
