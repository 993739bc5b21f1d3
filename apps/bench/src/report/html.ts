/**
 * The report as one self-contained page: a plot a work, the bars, the machine.
 *
 * Always true: no script, no font, no address outside the file; every text that came from a run is
 * escaped.
 */
import type { Failure } from '../compare.ts';
import type { Result } from '../result.ts';
import { works } from '../works/index.ts';
import type { RunFile } from './file.ts';
import { escapeHtml, plot } from './plot.ts';
import { figure, rate, ratio } from './table.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #66758a; --line: #d7dee8; --paper: #fbfcfe;
  --varve: #1f7a6d; --raw: #8a97a8; --peer: #c07a2c; --bad: #b3372f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e9f1; --soft: #93a1b4; --line: #2c3644;
  --paper: #12171e; --varve: #4cc3b0; --raw: #77859a; --peer: #e0a25a; --bad: #ee7b70; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1360px; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 0.2rem; font-size: 1.15rem; } p { margin: 0.2rem 0 0.8rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 230px; }
.varve td:first-child, .varve-null td:first-child { color: var(--varve); font-weight: 600; }
.scroll { overflow-x: auto; } .missed { color: var(--bad); font-weight: 600; }
svg { width: 100%; height: auto; display: block; margin: 0.4rem 0; } svg text { fill: var(--ink); font-size: 12px; }
svg .axis { stroke: var(--line); } svg .soft { fill: var(--soft); font-size: 11px; }
`;

export function htmlReport(file: RunFile): string {
  const { machine, results, failures, bars } = file;
  const sections = works
    .map((work) => ({ work, mine: results.filter((result) => result.work === work.id) }))
    .filter(({ mine }) => mine.length > 0)
    .map(
      ({ work, mine }) => `<section><h2>${escapeHtml(work.title)}</h2>
<p>${work.id}; depth ${work.depth}, pool ${work.pool}; time per ${work.unit}, median of the blocks (dot: one block), log scale</p>
${plot(mine)}${table(mine, work.unitsPerOperation)}${besideTime(mine)}</section>`,
    );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Varve benchmarks, ${file.startedAt.slice(0, 10)}</title><style>${STYLE}</style></head><body>
<h1>Varve benchmarks</h1>
<p>${escapeHtml(
    `${file.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${Math.round(file.durationMs / 1000)} s, ` +
      `${file.plan.rounds} blocks of ${file.plan.blockMs} ms each, all subjects in turn. ` +
      `${machine.system}, ${machine.cores} cores, ${machine.memoryGiB} GiB. ` +
      Object.values(machine.lanes)
        .map(({ engine }) => String(engine))
        .join(', '),
  )}. Ratios within one run hold; absolute figures belong to this machine.</p>
${barSection(bars)}${sections.join('\n')}${failureSection(failures)}
</body></html>
`;
}

function table(results: readonly Result[], unitsPerOperation: number): string {
  const rows = results.map(
    (
      r,
    ) => `<tr class="${r.kind}"><td>${escapeHtml(r.title)}</td><td>${r.caller}</td><td>${r.promise}</td>
<td>${r.reads}, ${r.values}</td><td>${figure(r.medianUs)}</td><td>${rate(r.ratePerSecond)}</td>
<td>${figure(r.p50Us)}</td><td>${figure(r.p95Us)}</td><td>${figure(r.p99Us)}</td><td>${figure(r.maxUs)}</td>
<td>${r.samples}</td><td>${r.flushesPerUnit === null ? '?' : figure(r.flushesPerUnit * unitsPerOperation)}</td>
<td>${ratio(r.ratioToRaw)}</td><td>${ratio(r.ratioToBestPeer)}</td></tr>`,
  );
  return `<div class="scroll"><table><tr><th>subject</th><th>caller</th><th>promise</th><th>reads</th>
<th>median µs</th><th>rate/s</th><th>call p50</th><th>p95</th><th>p99</th><th>max</th><th>calls</th>
<th>flushes/call</th><th>× raw</th><th>× best peer</th></tr>${rows.join('')}</table></div>`;
}

/** What was seen of the page's main thread and of memory, where the platform tells. */
function besideTime(results: readonly Result[]): string {
  const items = results.flatMap(({ title, longTasks, droppedFrames, memoryGrowthBytes }) => {
    const seen = [
      longTasks === null ? '' : `${longTasks} tasks over 50 ms`,
      droppedFrames === null ? '' : `${droppedFrames} frames not drawn`,
      memoryGrowthBytes === null
        ? ''
        : `memory grew by ${(memoryGrowthBytes / 2 ** 20).toFixed(1)} MiB`,
    ].filter((text) => text !== '');
    return seen.length === 0 ? [] : [`<li>${escapeHtml(title)}: ${seen.join(', ')}</li>`];
  });
  return items.length === 0 ? '' : `<ul>${items.join('')}</ul>`;
}

function barSection(bars: RunFile['bars']): string {
  if (bars.length === 0) return '';
  const rows = bars.map(({ work, bar, value, holds, notApplicable }) => {
    const notRun = notApplicable === undefined ? 'not run' : `not applicable: ${notApplicable}`;
    const verdict = holds === null ? notRun : holds ? 'holds' : 'missed';
    return `<tr><td>${escapeHtml(work)}: ${escapeHtml(bar)}</td><td>${value === null ? '–' : figure(value)}</td>
<td class="${verdict === 'missed' ? 'missed' : ''}">${verdict}</td></tr>`;
  });
  return `<h2>Bars</h2><table><tr><th>bar</th><th>value</th><th></th></tr>${rows.join('')}</table>`;
}

function failureSection(failures: readonly Failure[]): string {
  if (failures.length === 0) return '';
  const items = failures.map(
    ({ subject, work, failure }) =>
      `<li>${escapeHtml(subject)}, ${escapeHtml(work)}: ${escapeHtml(failure)}</li>`,
  );
  return `<h2>Not measured</h2><ul>${items.join('')}</ul>`;
}
