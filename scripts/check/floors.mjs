/**
 * Which way the arrows go: the floors of docs/ARCHITECTURE.md.
 *
 * 1. A package imports only from packages on a lower floor, types included.
 * 2. Only the edges import a platform: `node:` modules and the backends `files/opfs`, `files/node`.
 * 3. A relative import stays inside its package.
 * 4. In a page, `varve` takes values only from `bytes`, `protocol` and `fifo`: the engine and all
 *    below it live in the worker. Only its worker entries, its Node entry and the one for service
 *    workers, which append and read, reach the engine.
 * 5. What is imported by name is declared in the package's own package.json.
 * 6. The floors of a package.json's dependencies are lower, too.
 */
import { posix } from 'node:path';
import { importsOf } from './imports.mjs';

/** @type {Readonly<Record<string, number>>} */
export const FLOORS = {
  '@varve/bytes': 0,
  '@varve/files': 1,
  '@varve/protocol': 1,
  '@varve/fifo': 1,
  '@varve/journal': 2,
  '@varve/volume': 3,
  '@varve/cache': 3,
  '@varve/remote': 3,
  '@varve/objects': 4,
  '@varve/replica': 4,
  '@varve/mirror': 4,
  '@varve/sqlite': 4,
  '@varve/engine': 5,
  varve: 5,
  '@varve/crashkit': 6,
  '@varve/cli': 6,
};

/** Packages that may touch any platform; of `files` and `varve` only the folders below. */
const EDGES = new Set([
  '@varve/engine',
  '@varve/cli',
  '@varve/crashkit',
  '@varve/cache',
  '@varve/remote',
]);
const EDGE_FOLDERS = /^packages\/(?:files\/src\/(?:node|opfs)|varve\/src\/(?:node|test))\//;
const PLATFORM = /^(?:node:|@varve\/files\/(?:node|opfs)(?:$|\/))/;
const BELOW_A_PAGE = new Set(['@varve/bytes', '@varve/protocol', '@varve/fifo']);
const MAY_REACH_ENGINE =
  /^packages\/varve\/src\/(?:(?:service-|volume-|ports-)?worker\.ts$|reader\.ts$|node\/)/;
const TEST = /\.test\.ts$|\/(?:test|tests|conformance)\/|\.config\.ts$/;

/** @typedef {{ name: string, dependencies?: Record<string, string>, devDependencies?: Record<string, string> }} Manifest */

/** @param {string} specifier */
const packageOf = (specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

/** @param {string} name */
const isOurs = (name) => name === 'varve' || name.startsWith('@varve/');

/**
 * @param {string} path of the importing file, from the root
 * @param {string} text of that file
 * @param {string} folder of its package, from the root
 * @param {Manifest} manifest of its package
 * @returns {string[]} each a sentence about one import that points the wrong way
 */
export function wrongImports(path, text, folder, manifest) {
  const { name } = manifest;
  const floor = FLOORS[name];
  if (floor === undefined) return [`${path}: the package ${name} has no floor`];
  const isTest = TEST.test(path);
  const mayTouchPlatform = EDGES.has(name) || EDGE_FOLDERS.test(path) || isTest;
  const isPageCode = name === 'varve' && !isTest && !path.startsWith('packages/varve/src/node/');
  return importsOf(path, text).flatMap(({ specifier, typeOnly, line }) => {
    const at = `${path}:${line} imports ${specifier}`;
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(path), specifier);
      return target.startsWith(`${folder}/`) ? [] : [`${at}: outside its package`];
    }
    const wrong = [];
    if (PLATFORM.test(specifier) && !mayTouchPlatform) wrong.push(`${at}: only the edges may`);
    if (specifier.startsWith('node:') || specifier.startsWith('#')) return wrong;
    const target = packageOf(specifier);
    if (!isOurs(target)) {
      const known =
        (manifest.dependencies?.[target] ?? manifest.devDependencies?.[target]) !== undefined;
      return known || isTest ? wrong : [...wrong, `${at}: not in its package.json`];
    }
    if (target === name) return wrong;
    const targetFloor = FLOORS[target];
    if (targetFloor === undefined) return [...wrong, `${at}: which has no floor`];
    const isWayToEngine = target === '@varve/engine' && MAY_REACH_ENGINE.test(path);
    if (targetFloor >= floor && !isWayToEngine && !(name === 'varve' && isTest)) {
      wrong.push(`${at}: floor ${targetFloor} from floor ${floor}`);
    }
    if (isPageCode && !isWayToEngine && !typeOnly && !BELOW_A_PAGE.has(target)) {
      wrong.push(`${at}: a page takes only types from there`);
    }
    if (manifest.dependencies?.[target] === undefined && !isTest) {
      wrong.push(`${at}: not in its package.json`);
    }
    return wrong;
  });
}

/**
 * @param {Manifest} manifest
 * @returns {string[]}
 */
export function wrongDependencies({ name, dependencies = {} }) {
  const floor = FLOORS[name] ?? -1;
  return Object.keys(dependencies)
    .filter((other) => isOurs(other) && (FLOORS[other] ?? 99) >= floor)
    .filter((other) => !(name === 'varve' && other === '@varve/engine'))
    .map((other) => `${name}'s package.json depends upward on ${other}`);
}
