#!/usr/bin/env node
/**
 * `npm run build`: the public packages, each into its `dist`, which is the very folder that is
 * published. See docs/decisions/0005-builds.md.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { inRoot } from './lib/root.mjs';

/** Where the packages lie once they are built. */
export const VARVE_DIST = inRoot('packages', 'varve', 'dist');
export const CLI_DIST = inRoot('packages', 'cli', 'dist');
export const CRASHKIT_DIST = inRoot('packages', 'crashkit', 'dist');

/** `./src/codec/index.ts` is published as `codec`; Node's part keeps its folder. */
const publishedName = (/** @type {string} */ source) =>
  source
    .replace(/^\.\/src\//, '')
    .replace(/\.ts$/, '')
    .replace(/^(?!node\/)(.+)\/index$/, '$1');

const isNode = (/** @type {string} */ name) => name.startsWith('node/');

/** Node's copy of what a page imports: together with `varve/node` it makes one graph. */
const nodeName = (/** @type {string} */ name) =>
  isNode(name) ? name : `node/${name === 'index' ? 'page' : name}`;

/** @returns {Promise<string[]>} what is wrong */
async function buildVarve() {
  const { bundle, faultsOf } = await import('./build/bundle.mjs');
  const { emitTypes } = await import('./build/types.mjs');
  const { writeManifest, writeTexts } = await import('./build/tarball.mjs');
  const { manifestOf } = await import('./build/workspace.mjs');
  const folder = inRoot('packages', 'varve');
  const manifest = manifestOf(folder);
  const source = (/** @type {string} */ path) => join(folder, path);
  rmSync(VARVE_DIST, { recursive: true, force: true });

  const sources = Object.entries(manifest.exports ?? {}).map(
    ([subpath, path]) => /** @type {const} */ ([subpath, publishedName(path), source(path)]),
  );
  const missing = sources.filter(([, , path]) => !existsSync(path)).map(([, , path]) => path);
  if (missing.length > 0) return missing.map((path) => `${path} is missing`);
  const isWorker = (/** @type {string} */ name) => /^(?:volume-|ports-)?worker$/.test(name);
  const libraries = sources.filter(([, name]) => !isWorker(name));
  const isAlone = (/** @type {string} */ name) => name === 'service-worker' || name === 'reader';
  const input = Object.fromEntries(libraries.map(([, name, path]) => [name, path]));

  const shared = Object.entries(input).filter(([name]) => !isAlone(name));
  const pages = Object.fromEntries(shared.filter(([name]) => !isNode(name)));
  const inNode = Object.fromEntries(shared.map(([name, path]) => [nodeName(name), path]));

  const parts = [
    // Workers first: the others refer to them.
    await bundle({
      input: { worker: source('src/worker.ts') },
      dir: VARVE_DIST,
      platform: 'browser',
      comlink: 'answers',
      alone: true,
    }),
    await bundle({
      input: { 'volume-worker': source('src/volume-worker.ts') },
      dir: VARVE_DIST,
      platform: 'browser',
      comlink: 'answers',
      alone: true,
    }),
    await bundle({
      input: { 'ports-worker': source('src/ports-worker.ts') },
      dir: VARVE_DIST,
      platform: 'browser',
      alone: true,
    }),
    await bundle({
      input: { 'node/worker': source('src/node/worker.ts') },
      dir: VARVE_DIST,
      platform: 'node',
      alone: true,
    }),
    // Where pages are rendered in Node, its copy of what a page imports names these, too; nobody starts them.
    await bundle({
      input: { 'node/ports-worker': source('src/ports-worker.ts') },
      dir: VARVE_DIST,
      platform: 'node',
      alone: true,
    }),
    await bundle({
      input: { 'node/volume-worker': source('src/node/worker.ts') },
      dir: VARVE_DIST,
      platform: 'node',
      alone: true,
    }),
    await bundle({
      input: { 'service-worker': source('src/service-worker.ts') },
      dir: VARVE_DIST,
      platform: 'browser',
      alone: true,
    }),
    await bundle({
      input: { reader: source('src/reader.ts') },
      dir: VARVE_DIST,
      platform: 'browser',
      alone: true,
    }),
    await bundle({ input: pages, dir: VARVE_DIST, platform: 'neutral', comlink: 'calls' }),
    await bundle({ input: inNode, dir: VARVE_DIST, platform: 'node' }),
  ];
  const chunks = parts.flatMap((part) => part.chunks);
  const wrong = faultsOf(chunks, VARVE_DIST);
  wrong.push(...(await emitTypes(input, VARVE_DIST)));
  for (const [, name] of sources.filter(([, name]) => isWorker(name))) {
    writeFileSync(
      join(VARVE_DIST, `${name}.d.ts`),
      '// A worker script: nothing to import.\nexport {};\n',
    );
  }
  writeManifest(VARVE_DIST, manifest, {
    sideEffects: ['./worker.js', './volume-worker.js', './ports-worker.js', './node/worker.js'],
    exports: {
      ...Object.fromEntries(
        sources.map(([subpath, name]) => [
          subpath,
          isNode(name) || isAlone(name) || isWorker(name)
            ? { types: `./${name}.d.ts`, default: `./${name}.js` }
            : {
                types: `./${name}.d.ts`,
                // First, for those who ask for both (Electron's renderer).
                browser: `./${name}.js`,
                node: `./${nodeName(name)}.js`,
                default: `./${name}.js`,
              },
        ]),
      ),
      './package.json': './package.json',
    },
  });
  wrong.push(
    ...writeTexts(VARVE_DIST, folder, new Set(parts.flatMap(({ packages }) => [...packages]))),
  );
  return wrong;
}

/** @returns {Promise<string[]>} what is wrong */
async function buildCli() {
  const { bundle, faultsOf } = await import('./build/bundle.mjs');
  const { emitTypes } = await import('./build/types.mjs');
  const { writeManifest, writeTexts } = await import('./build/tarball.mjs');
  const { manifestOf } = await import('./build/workspace.mjs');
  const folder = inRoot('packages', 'cli');
  const manifest = manifestOf(folder);
  rmSync(CLI_DIST, { recursive: true, force: true });
  const input = { index: join(folder, 'src', 'index.ts') };
  if (!existsSync(input.index)) return [`${input.index} is missing`];
  const part = await bundle({
    input,
    dir: CLI_DIST,
    platform: 'node',
    external: [/^varve(?:\/|$)/],
  });
  const wrong = faultsOf(part.chunks, CLI_DIST);
  wrong.push(...(await emitTypes(input, CLI_DIST)));
  writeFileSync(
    join(CLI_DIST, 'varve.js'),
    `#!/usr/bin/env node\nimport { main } from './index.js';\n\nprocess.exitCode = await main(process.argv.slice(2));\n`,
    { mode: 0o755 },
  );
  const usesVarve = part.chunks.some(({ imports }) =>
    imports.some((name) => /^varve\b/.test(name)),
  );
  writeManifest(CLI_DIST, manifest, {
    sideEffects: false,
    bin: { varve: './varve.js' },
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './package.json': './package.json',
    },
    ...(usesVarve && { dependencies: { varve: manifest.version } }),
  });
  wrong.push(...writeTexts(CLI_DIST, folder, part.packages));
  return wrong;
}

const MATRIX_WORKER = 'matrix/worker';
/** What a user of `crashkit/playwright` brings. */
const PLAYWRIGHT = /^(?:@playwright\/test|playwright(?:-core)?)$/;

/**
 * One graph for every entry: there is one `Violation`, whichever entry throws it.
 * @returns {Promise<string[]>} what is wrong
 */
async function buildCrashkit() {
  const { writeMatrixPage } = await import('./build/matrix-page.mjs');
  const { bundle, faultsOf } = await import('./build/bundle.mjs');
  const { emitTypes } = await import('./build/types.mjs');
  const { writeManifest, writeTexts } = await import('./build/tarball.mjs');
  const { manifestOf } = await import('./build/workspace.mjs');
  const folder = inRoot('packages', 'crashkit');
  const manifest = manifestOf(folder);
  rmSync(CRASHKIT_DIST, { recursive: true, force: true });
  const entries = Object.entries(manifest.exports ?? {}).map(
    ([subpath, path]) => /** @type {const} */ ([subpath, publishedName(path), join(folder, path)]),
  );
  const input = Object.fromEntries(entries.map(([, name, path]) => [name, path]));
  const { [MATRIX_WORKER]: worker = '', ...libraries } = input;
  const common = /** @type {const} */ ({ dir: CRASHKIT_DIST, platform: 'neutral' });
  // First: another refers to it.
  const alone = await bundle({ ...common, input: { [MATRIX_WORKER]: worker }, alone: true });
  const part = await bundle({ ...common, input: libraries, external: [PLAYWRIGHT] });
  // A worker that stands still needs shared memory, which WebAssembly gives without isolation.
  const wrong = faultsOf([...alone.chunks, ...part.chunks], CRASHKIT_DIST, ['WebAssembly']);
  wrong.push(...writeMatrixPage(join(CRASHKIT_DIST, 'matrix')));
  wrong.push(...(await emitTypes(input, CRASHKIT_DIST, PLAYWRIGHT)));
  writeManifest(CRASHKIT_DIST, manifest, {
    sideEffects: [`./${MATRIX_WORKER}.js`],
    exports: {
      ...Object.fromEntries(
        entries.map(([subpath, name]) => [
          subpath,
          { types: `./${name}.d.ts`, default: `./${name}.js` },
        ]),
      ),
      './package.json': './package.json',
    },
    ...(manifest.peerDependencies !== undefined && {
      peerDependencies: manifest.peerDependencies,
      peerDependenciesMeta: manifest.peerDependenciesMeta,
    }),
  });
  wrong.push(...writeTexts(CRASHKIT_DIST, folder, part.packages));
  return wrong;
}

/**
 * @typedef {{ name: string, wrong: string[] }} Built
 * @returns {Promise<Built[]>} one for each package
 */
export async function buildPackages() {
  const built = [];
  for (const [name, build] of /** @type {const} */ ([
    ['varve', buildVarve],
    ['@varve/cli', buildCli],
    ['@varve/crashkit', buildCrashkit],
  ])) {
    const wrong = await build().catch((/** @type {unknown} */ error) => [String(error)]);
    built.push({ name, wrong });
  }
  return built;
}

/** @type {Promise<Built[]> | undefined} */
let building;

/** Once for all that this process does with them. */
export const builtPackages = () => (building ??= buildPackages());

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled();
  const built = await buildPackages();
  for (const { name, wrong } of built) {
    console.log(wrong.length === 0 ? `✓ ${name}` : `✗ ${name}\n  ${wrong.join('\n  ')}`);
  }
  if (built[0]?.wrong.length === 0) {
    const { sizesOf } = await import('./build/size.mjs');
    const sizes = Object.entries(sizesOf(VARVE_DIST)).map(([part, bytes]) => `${part} ${bytes} B`);
    console.log(`brotli: ${sizes.join(', ')}`);
  }
  process.exitCode = built.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}
