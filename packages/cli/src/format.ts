/** Numbers, times and tables as a person reads them. */

const NUMBER = new Intl.NumberFormat('en-US');

export const count = (value: number): string => NUMBER.format(value);

export const plural = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : noun.endsWith('h') ? 'es' : 's'}`;

/** Binary units with at most one decimal: `512 B`, `64 KiB`, `1.5 MiB`. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

/** `2026-11-21 05:00:00.000Z`; a dash for 0, which stands for "never". */
export function time(ms: number): string {
  return ms === 0 ? '–' : new Date(ms).toISOString().replace('T', ' ');
}

export const lsnRange = (from: number, to: number): string =>
  to < from ? '–' : from === to ? count(from) : `${count(from)} – ${count(to)}`;

/** A header, then rows. Columns whose header starts with `>` are right-aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const titles = header.map((title) => title.replace(/^>/, ''));
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        header[column]?.startsWith('>')
          ? cell.padStart(widths[column]!)
          : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line)];
}

/** `name  value`, with the values aligned. */
export function pairs(entries: readonly (readonly [string, string])[], indent = '  '): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`.trimEnd());
}
