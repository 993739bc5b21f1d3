/**
 * The background: a service worker, which can own no store. It appends through whichever page of the
 * extension has the log open, else into the inbox, from which the next such page takes it.
 */
import { openAppender } from './node_modules/varve/service-worker.js';

const OFFSCREEN = { url: 'offscreen.html', reasons: ['WORKERS'] };

async function append(value) {
  const appender = await openAppender('visits');
  try {
    return await appender.append(value);
  } finally {
    await appender.close();
  }
}

/** An offscreen document keeps the log open, so that appends get their place at once. */
async function keepOpen() {
  if (await chrome.offscreen.hasDocument()) return;
  await chrome.offscreen.createDocument({ ...OFFSCREEN, justification: 'a durable log' });
}

const ORDERS = { append, keepOpen, letGo: () => chrome.offscreen.closeDocument() };

chrome.runtime.onMessage.addListener(({ order, value }, _sender, answer) => {
  // The offscreen document and pages hear these messages, too; only the background answers them.
  ORDERS[order]?.(value).then(
    (result) => answer({ result: result ?? null }),
    (error) => answer({ error: error.code ?? String(error) }),
  );
  return order in ORDERS;
});
