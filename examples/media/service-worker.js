/**
 * Pictures and films out of a log: `/media/<LSN>` is the record of that LSN, also while no page has the
 * log open. Served as a module from the site's root; a bundler may put `varve/reader` into it.
 */
import { openReader, recordResponse } from 'varve/reader';

/** One for the life of this worker; what it holds is bounded. */
let reader;

async function media(request, lsn) {
  reader ??= await openReader('media');
  const { searchParams } = new URL(request.url);
  const contentType = searchParams.get('type') === 'video' ? 'video/webm' : 'image/png';
  return recordResponse(reader, lsn, request, { contentType });
}

addEventListener('fetch', (event) => {
  const [, lsn] = /^\/media\/(\d+)$/.exec(new URL(event.request.url).pathname) ?? [];
  if (lsn !== undefined) event.respondWith(media(event.request, Number(lsn)));
});

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
