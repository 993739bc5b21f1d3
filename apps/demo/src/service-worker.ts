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
      // The build before stays: a page of it may still have to start its worker.
      const builds = names.filter((name) => name.startsWith(PREFIX));
      await Promise.all(builds.slice(0, -2).map((name) => caches.delete(name)));
      await self.clients.claim();
    }),
  );
});

async function answer(request: Request): Promise<Response> {
  const ours = await caches.open(CACHE);
  const isPage = request.mode === 'navigate';
  const kept = isPage
    ? await ours.match('./', { ignoreVary: true })
    : ((await ours.match(request, { ignoreVary: true })) ??
      (await caches.match(request, { ignoreVary: true })));
  return kept ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(answer(request));
});
