import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (relative: string): string => readFileSync(new URL(relative, import.meta.url), 'utf8');

test('the example in the README is the file that the browser test runs', () => {
  const blocks = [
    ...read('../README.md').matchAll(/<!-- example: (\S+) -->\n```ts\n([\s\S]*?)```/g),
  ];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, path, code] of blocks) expect(code).toBe(read(`../${path}`));
});
