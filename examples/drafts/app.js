/** Keeps drafts in a file of the browser's own (OPFS). `?mended` takes the worker without the bug. */
const mended = new URLSearchParams(location.search).has('mended');
const worker = new Worker(mended ? './worker-mended.js' : './worker.js');
const waiting = [];
worker.onmessage = ({ data }) => waiting.shift()?.(data);

function ask(message) {
  worker.postMessage(message);
  return new Promise((resolve) => waiting.push(resolve));
}

export async function save(text) {
  // The only two lines that the kit asks of an app.
  globalThis.crashkit?.issued(text);
  await ask({ save: text });
  globalThis.crashkit?.acknowledged(text);
}

async function saveForever() {
  for (let number = 1; ; number++) await save(`draft ${number} ${'…'.repeat(number % 50)}`);
}

const readAll = () => ask({ readAll: true });

globalThis.drafts = { save, saveForever, readAll };

const form = document.querySelector('form');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void save(form.elements.text.value).then(() => {
    form.querySelector('output').textContent = 'Saved';
  });
});
