/**
 * What stands beside the code in a published package: its package.json, the licence, the notices
 * of bundled code, the README. The folder `dist` is the package: `npm pack ./packages/varve/dist`.
 */
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../lib/root.mjs';

/**
 * @param {string} dist
 * @param {import('./workspace.mjs').Manifest} manifest of the workspace package
 * @param {object} published what differs in the published one
 */
export function writeManifest(dist, { name, version, description }, published) {
  const text = JSON.stringify(
    {
      name,
      version,
      description,
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
      ...published,
    },
    null,
    2,
  );
  writeFileSync(join(dist, 'package.json'), `${text}\n`);
}

/**
 * @param {string} dist
 * @param {string} folder of the workspace package
 * @param {ReadonlySet<string>} bundled folders of the packages whose code is inside
 * @returns {string[]} what is wrong
 */
export function writeTexts(dist, folder, bundled) {
  copyFileSync(inRoot('LICENSE'), join(dist, 'LICENSE'));
  const readme = [join(folder, 'README.md'), inRoot('README.md')].find(existsSync);
  if (readme !== undefined) copyFileSync(readme, join(dist, 'README.md'));
  const wrong = [];
  const notices = [];
  for (const path of [...bundled].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file === undefined ? `Licence: ${license}` : readFileSync(join(path, file), 'utf8');
    if (license === undefined && file === undefined) wrong.push(`${name} has no licence`);
    notices.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  const head = 'This package contains code of the packages below, under their licences.\n';
  const none = 'This package contains no code of others.\n';
  const body = notices.length > 0 ? [head, ...notices].join(`\n${'-'.repeat(78)}\n\n`) : none;
  writeFileSync(join(dist, 'THIRD_PARTY_NOTICES.txt'), body);
  return wrong;
}
