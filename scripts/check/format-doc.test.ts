import { expect, test } from 'vitest';
import { formatDifferences } from './format-doc.mjs';

const DOCUMENT = `
## Segment header
<!-- layout: SegmentHeader -->

| offset | bytes | name | meaning |
| ---: | ---: | --- | --- |
| 0 | 4 | \`magic\` | \`VSEG\` |
| 4 | 2 | \`formatVersion\` | 1 |

Text.
`;
const CODE = { SEGMENT_HEADER_LAYOUT: { magic: [0, 4], formatVersion: [4, 2] }, OTHER: 7 };

test('a document that says what the code does passes', () => {
  expect(formatDifferences(DOCUMENT, CODE)).toEqual([]);
});

test('a field that moved, is missing or was made up is told', () => {
  const moved = DOCUMENT.replace('| 4 | 2 |', '| 6 | 2 |');
  expect(formatDifferences(moved, CODE)).toEqual([
    'SEGMENT_HEADER_LAYOUT: missing formatVersion at 4, 2 bytes',
    'SEGMENT_HEADER_LAYOUT: not so: formatVersion at 6, 2 bytes',
  ]);
  const without = DOCUMENT.replace(/\| 4 \| 2 .*\n/, '');
  expect(formatDifferences(without, CODE)).toHaveLength(1);
});

test('a layout without a table, a table without a layout, and no layout at all are told', () => {
  expect(formatDifferences('', CODE)).toHaveLength(1);
  expect(formatDifferences(DOCUMENT, { X_LAYOUT: { a: [0, 1] } })).toHaveLength(2);
  expect(formatDifferences(DOCUMENT, {})).toHaveLength(1);
});
