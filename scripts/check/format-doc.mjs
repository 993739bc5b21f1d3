/**
 * docs/FORMAT.md against the constants that the code uses.
 *
 * A table of the document is found by `<!-- layout: Superblock -->` before it and has the columns
 * `offset | bytes | name`; the constant is `SUPERBLOCK_LAYOUT = { name: [offset, bytes], … }`.
 *
 * Always true when nothing is returned: each layout of the code has a table, each table has a
 * layout, and they name the same fields at the same places.
 */

/** @typedef {Record<string, readonly [offset: number, bytes: number | null]>} Layout */

/** @param {string} name as the document has it: `Segment header`, `SegmentHeader` */
const constantOf = (name) =>
  `${name
    .trim()
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toUpperCase()}_LAYOUT`;

/** @param {string} row */
const cells = (row) =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.replaceAll(/[`*]/g, '').trim());

/**
 * @param {string} markdown
 * @returns {Map<string, string[][]>} rows (offset, bytes, name) by the constant's name
 */
export function layoutTables(markdown) {
  const tables = new Map();
  const lines = markdown.split('\n');
  for (const [index, line] of lines.entries()) {
    const name = /<!--\s*layout:\s*([^>]+?)\s*-->/.exec(line)?.[1];
    if (name === undefined) continue;
    const first = lines.findIndex((text, at) => at > index && text.trimStart().startsWith('|'));
    if (first < 0) continue;
    let end = first;
    while (lines[end]?.trimStart().startsWith('|')) end += 1;
    const head = cells(lines[first] ?? '').map((text) => text.toLowerCase());
    const order = ['offset', 'bytes', 'name'].map((column) => head.indexOf(column));
    const rows = lines.slice(first + 2, end).map(cells);
    tables.set(
      constantOf(name),
      rows.map((row) => order.map((column) => row[column] ?? '')),
    );
  }
  return tables;
}

/**
 * @param {string} markdown
 * @param {Record<string, unknown>} constants all exports of format.ts
 * @returns {string[]} what differs
 */
export function formatDifferences(markdown, constants) {
  const tables = layoutTables(markdown);
  const layouts = Object.keys(constants).filter((name) => name.endsWith('_LAYOUT'));
  if (layouts.length === 0) return ['format.ts exports no layout'];
  const wrong = [...tables.keys()]
    .filter((name) => !layouts.includes(name))
    .map((name) => `FORMAT.md has a table for ${name}, which format.ts does not export`);
  for (const name of layouts) {
    const rows = tables.get(name);
    if (rows === undefined) {
      wrong.push(`FORMAT.md has no table for ${name}`);
      continue;
    }
    const layout = /** @type {Layout} */ (constants[name]);
    const said = rows.map(([offset, bytes, field]) => `${field} at ${offset}, ${bytes} bytes`);
    const meant = Object.entries(layout).map(
      ([field, [offset, bytes]]) => `${field} at ${offset}, ${bytes} bytes`,
    );
    for (const field of meant) if (!said.includes(field)) wrong.push(`${name}: missing ${field}`);
    for (const field of said) if (!meant.includes(field)) wrong.push(`${name}: not so: ${field}`);
  }
  return wrong;
}
