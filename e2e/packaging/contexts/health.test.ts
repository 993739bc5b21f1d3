/** What tools for publishers and the compilers of others say of the tarballs. */
import { expect, inject, test } from 'vitest';
import { record } from './results.ts';
import { STRANGERS } from '../strangers.ts';
import { workshop } from './workshop.ts';

const SECTION = 'Types';
const COMPILERS = ['5.4.5', '5.9.3', '6.0.3', '7.0.2'];

test('publint has nothing to say', async () => {
  const { varve, cli, crashkit } = inject('tarballs');
  const project = await workshop({ publint: '0.3.25' }, [], {});
  for (const tarball of [varve, cli, crashkit]) {
    const said = await project.run(
      process.execPath,
      ...[project.program('publint/src/cli.js'), tarball, '--strict'],
    );
    expect(said, tarball).toMatch(/All good!/);
  }
});

test('are the types wrong? No, for every entry and every way of resolving an ES module', async () => {
  const { varve, cli, crashkit } = inject('tarballs');
  const project = await workshop({ '@arethetypeswrong/cli': '0.18.5' }, [], {});
  const program = project.program('@arethetypeswrong/cli/dist/index.js');
  for (const tarball of [varve, cli, crashkit]) {
    const options = ['--profile', 'esm-only', '--no-color', '--no-emoji'];
    const said = await project.run(process.execPath, program, tarball, ...options);
    // Its exit code is its verdict.
    expect(said, tarball).toMatch(/OK \(ESM\)/);
  }
});

for (const version of COMPILERS) {
  test(`TypeScript ${version}: pages and Node programs compile, all strict, declarations checked`, async () => {
    const packages = { typescript: version, '@types/node': '20.19.43' };
    const project = await workshop(packages, [inject('tarballs').varve], {});
    for (const [name, { source, options }] of Object.entries(STRANGERS)) {
      await project.write({
        [`${name}.ts`]: source,
        [`tsconfig.${name}.json`]: JSON.stringify({
          compilerOptions: options,
          files: [`${name}.ts`],
        }),
      });
      const tsc = project.program('typescript/bin/tsc');
      expect(await project.run(process.execPath, tsc, '-p', `tsconfig.${name}.json`)).toBe('');
    }
    record({
      section: SECTION,
      context: `TypeScript ${version}`,
      outcome: 'compiles',
      version,
      shown: '`strict`, `exactOptionalPropertyTypes`, `lib` ES2022 + DOM, no `skipLibCheck`',
    });
  });
}
