/**
 * The figures as Markdown, for `docs/PERFORMANCE.md`.
 *
 * Always true: only what stands between the two markers is replaced; the words around are people's.
 */
import { works } from '../works/index.ts';
import type { RunFile } from './file.ts';
import { figure, rate, ratio } from './table.ts';

const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';

export function withFigures(document: string, file: RunFile): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the file has no ${BEGIN} … ${END}`);
  return `${document.slice(0, from)}${BEGIN}\n${figures(file)}\n${document.slice(to)}`;
}

function figures(file: RunFile): string {
  const { machine, plan, results, bars, failures } = file;
  const lines = [
    `Run of ${file.startedAt.slice(0, 10)}, ${Math.round(file.durationMs / 60_000)} min, ` +
      `${plan.rounds} blocks of ${plan.blockMs} ms for each subject. ${machine.system}, ` +
      `${machine.cores} cores, ${machine.memoryGiB} GiB; ` +
      Object.values(machine.lanes)
        .map(({ engine }) => String(engine))
        .join(', ') +
      `; ${Object.entries(machine.packages)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}.`,
  ];
  for (const work of works) {
    const mine = results.filter((result) => result.work === work.id);
    if (mine.length === 0) continue;
    lines.push(
      '',
      `### ${work.title}`,
      '',
      `Depth ${work.depth}, pool ${work.pool}; time per ${work.unit}; p50, p95 and p99 of single calls ` +
        `(${work.unitsPerOperation} ${work.unit}${work.unitsPerOperation === 1 ? '' : 's'} each).`,
      '',
      `| subject | caller | promise | values | µs per ${work.unit} | rate/s | p50 µs | p95 | p99 | calls | flushes/call | × raw | × best peer |`,
      '|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
      ...mine.map((r) =>
        [
          '',
          r.kind === 'varve' ? `**${r.title}**` : r.title,
          r.caller,
          r.promise,
          `${r.reads}, ${r.values}`,
          figure(r.medianUs),
          rate(r.ratePerSecond),
          figure(r.p50Us),
          figure(r.p95Us),
          figure(r.p99Us),
          String(r.samples),
          r.flushesPerUnit === null ? '?' : figure(r.flushesPerUnit * work.unitsPerOperation),
          ratio(r.ratioToRaw),
          ratio(r.ratioToBestPeer),
          '',
        ]
          .join(' | ')
          .trim(),
      ),
    );
  }
  const run = bars.filter(({ holds }) => holds !== null);
  if (run.length > 0) {
    lines.push('', '### Bars', '', '| bar | value | |', '|---|--:|---|');
    for (const { work, bar, value, holds } of run) {
      lines.push(`| ${work}: ${bar} | ${figure(value!)} | ${holds ? 'holds' : '**missed**'} |`);
    }
    for (const { work, bar, notApplicable } of bars) {
      if (notApplicable) lines.push(`| ${work}: ${bar} | – | not applicable: ${notApplicable} |`);
    }
  }
  for (const { subject, work, failure } of failures) {
    lines.push('', `Not measured: ${subject}, ${work}: ${failure}`);
  }
  return lines.join('\n');
}
