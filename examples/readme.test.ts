import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (relative: string): string => readFileSync(new URL(relative, import.meta.url), 'utf8');

test.each([
  '../README.md',
  '../docs/VOLUMES.md',
  '../packages/varve/README.md',
  '../packages/crashkit/README.md',
])('the example in %s is a file that a test runs', (readme) => {
  const blocks = [...read(readme).matchAll(/<!-- example: (\S+) -->\n```[tj]s\n([\s\S]*?)```/g)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, path, code] of blocks) expect(code).toBe(read(`../${path}`));
});
