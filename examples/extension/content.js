/**
 * In the pages that are visited. Storage here would be the visited site's: `openLog` refuses, and what
 * there is to keep goes to the background.
 */
const say = (name, value) => (document.documentElement.dataset[name] = value);

async function visited() {
  const { openLog } = await import(chrome.runtime.getURL('node_modules/varve/index.js'));
  const refused = await openLog('visits').catch((error) => error);
  say('varveRefused', refused.code ?? 'opened');
  const value = { url: location.href };
  const { result, error } = await chrome.runtime.sendMessage({ order: 'append', value });
  say('varveReceipt', error ?? (result.inbox ? 'inbox' : `lsn ${result.lsn}`));
}

visited().catch((error) => say('varveReceipt', String(error)));
