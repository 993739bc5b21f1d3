/** Hands the port of the utility process on into the page's own world. */
const { ipcRenderer } = require('electron');

ipcRenderer.on('log', ({ ports }) => {
  window.postMessage('log', location.origin, ports);
});
