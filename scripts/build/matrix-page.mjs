/**
 * The matrix as one static page, for browsers that no test of ours can start: a person opens it on a
 * phone, and what it says goes into docs/SAFETY.md.
 *
 * Always true: the page is one file; it asks no server for anything.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const IN_PACKAGE = 'new URL("./worker.js",import.meta.url)';
const EXPORTS = /export\{([^}]*)\};/;

const withoutMap = (/** @type {string} */ text) =>
  text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '');

/** Nothing in a script may end it early. */
const inScript = (/** @type {string} */ text) => text.replaceAll('</', String.raw`<\/`);

/**
 * @param {string} folder with `matrix.js` and `worker.js`
 * @returns {string[]} what is wrong
 */
export function writeMatrixPage(folder) {
  const read = (/** @type {string} */ name) => withoutMap(readFileSync(join(folder, name), 'utf8'));
  const matrix = read('matrix.js');
  const [exported = '', list = ''] = EXPORTS.exec(matrix) ?? [];
  if (exported === '' || matrix.split(IN_PACKAGE).length !== 2)
    return ['the matrix page: matrix.js names its worker or its exports in another way'];
  const bound = list.replaceAll(/([\w$]+) as ([\w$]+)/g, '$2: $1');
  const script = `const workerUrl = URL.createObjectURL(
  new Blob([${JSON.stringify(read('worker.js'))}], { type: 'text/javascript' }),
);
const { measureMatrix, matrixTable } = (() => {
${matrix.replace(IN_PACKAGE, () => 'workerUrl').replace(exported, () => `return{${bound}};`)}
})();
const output = document.querySelector('textarea');
const [measure, copy] = document.querySelectorAll('button');
measure.addEventListener('click', async () => {
  measure.disabled = true;
  output.value = 'measuring, some ten seconds …';
  try {
    const rows = await measureMatrix();
    output.value = matrixTable([{ name: navigator.userAgent, rows }]);
  } catch (error) {
    output.value = String(error);
  }
  document.body.dataset.measured = 'yes';
});
copy.addEventListener('click', () => {
  output.select();
  document.execCommand('copy');
});`;
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>What this browser's storage really does</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 1rem auto; padding: 0 1rem }
button { font: inherit; padding: .5rem 1rem }
textarea { width: 100%; height: 60vh; margin-top: 1rem; font: .8rem/1.4 monospace }
</style>
</head>
<body>
<h1>What this browser's storage really does</h1>
<p>Nothing is sent anywhere, and nothing stays in this site's storage. It needs a secure address
(https, or localhost), some ten seconds and 64 MiB. What it prints goes, as it stands, into docs/SAFETY.md
of Varve: please say device and version with it.</p>
<button>Measure</button> <button>Copy</button>
<textarea readonly></textarea>
<script type="module">
${inScript(script)}
</script>
</body>
</html>
`;
  writeFileSync(join(folder, 'page.html'), page);
  return [];
}
