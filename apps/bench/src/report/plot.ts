/** One work as a picture: a line a subject, on a logarithmic axis of time per unit. */
import type { Result } from '../result.ts';
import { figure } from './table.ts';

const WIDTH = 1000;
const LABELS = 340;
const VALUES = 70;
const ROW = 24;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function plot(results: readonly Result[]): string {
  const all = results.flatMap(({ blocksUs, medianUs }) => [medianUs, ...blocksUs]);
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const x = (us: number): number =>
    LABELS + ((Math.log10(us) - low) / (high - low)) * (WIDTH - LABELS - VALUES);
  const height = results.length * ROW + 26;
  const decades = Array.from({ length: high - low + 1 }, (_, at) => low + at).map((decade) => {
    const at = x(10 ** decade).toFixed(1);
    return (
      `<line class="axis" x1="${at}" x2="${at}" y1="0" y2="${height - 20}"/>` +
      `<text class="soft" x="${at}" y="${height - 6}" text-anchor="middle">${time(10 ** decade)}</text>`
    );
  });
  const rows = results.map((result, at) => {
    const y = at * ROW + ROW / 2;
    const colour = `var(--${result.kind.replace('-null', '')})`;
    const dots = result.blocksUs
      .map(
        (us) =>
          `<circle cx="${x(us).toFixed(1)}" cy="${y}" r="2.5" fill="${colour}" opacity="0.35"/>`,
      )
      .join('');
    const end = x(result.medianUs);
    return (
      `<text x="${LABELS - 8}" y="${y + 4}" text-anchor="end">${escapeHtml(shorten(result.title))}</text>` +
      `<line x1="${LABELS}" x2="${end.toFixed(1)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="7"/>` +
      `${dots}<text x="${WIDTH - VALUES + 8}" y="${y + 4}">${time(result.medianUs)}</text>`
    );
  });
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${decades.join('')}${rows.join('')}</svg>`;
}

function shorten(title: string): string {
  return title.length <= 52 ? title : `${title.slice(0, 51)}…`;
}

function time(us: number): string {
  if (us >= 1e6) return `${figure(us / 1e6)} s`;
  if (us >= 1e3) return `${figure(us / 1e3)} ms`;
  return us >= 1 ? `${figure(us)} µs` : `${figure(us * 1e3)} ns`;
}
