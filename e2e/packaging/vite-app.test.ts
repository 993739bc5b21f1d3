/** A blank app on the Vite of this repository, with the packed `varve` and nothing configured. */
import { build, createServer, preview, version } from 'vite';
import { expect, inject, onTestFinished, test } from 'vitest';
import { blankProject } from './blank-project.ts';
import { outputOf, visit } from './visit.ts';
import { EXPECTED, PAGE, script } from './page.ts';

const FILES = {
  'index.html': `${PAGE}<script type="module" src="/main.js"></script>`,
  'main.js': script('varve'),
};

test(`Vite ${version}, dev server: a log opens, keeps and gives back`, async () => {
  const { folder } = await blankProject([inject('tarballs').varve], FILES);
  const server = await createServer({
    root: folder,
    configFile: false,
    logLevel: 'error',
    server: { port: 0, host: 'localhost' },
  });
  onTestFinished(() => server.close());
  await server.listen();
  const answer = await outputOf(await visit(server.resolvedUrls?.local[0] ?? ''));
  expect(JSON.parse(answer)).toEqual(EXPECTED);
});

test(`Vite ${version}, build: a log opens, keeps and gives back`, async () => {
  const { folder } = await blankProject([inject('tarballs').varve], FILES);
  const common = { root: folder, configFile: false, logLevel: 'error' } as const;
  await build(common);
  const server = await preview({ ...common, preview: { port: 0, host: 'localhost' } });
  onTestFinished(() => server.close());
  const answer = await outputOf(await visit(server.resolvedUrls?.local[0] ?? ''));
  expect(JSON.parse(answer)).toEqual(EXPECTED);
});
