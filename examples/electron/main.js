/**
 * Electron's main process. Two logs:
 * - the page's own, over OPFS. It needs an origin, which `file:` has not: a scheme of its own, standard
 *   and secure, before the app is ready. Another scheme later is another, empty origin.
 * - the application's, over files, in a utility process: pages come and go, it stays.
 */
import { join, normalize, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { app, BrowserWindow, MessageChannelMain, net, protocol, utilityProcess } from 'electron';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);

await app.whenReady();

protocol.handle('app', ({ url }) => {
  const file = normalize(join(FOLDER, decodeURIComponent(new URL(url).pathname)));
  if (!file.startsWith(FOLDER.endsWith(sep) ? FOLDER : FOLDER + sep))
    return new Response('not found', { status: 404 });
  return net.fetch(pathToFileURL(file).href);
});

const log = utilityProcess.fork(join(FOLDER, 'log-process.js'));
log.postMessage({ directory: join(app.getPath('userData'), 'stores') });

const window = new BrowserWindow({
  webPreferences: { preload: join(FOLDER, 'preload.cjs'), sandbox: true, contextIsolation: true },
});
window.webContents.on('did-finish-load', () => {
  const { port1, port2 } = new MessageChannelMain();
  log.postMessage({ client: true }, [port1]);
  window.webContents.postMessage('log', null, [port2]);
});
await window.loadURL('app://varve/index.html');

app.on('window-all-closed', () => app.quit());
