/**
 * Group commit, live: records per flush and how long the last flush took.
 *
 * Always true: a sample is added only when groups were committed since the last look; an idle
 * store's charts stand still.
 */
import uPlot from 'uplot';
import { el, setText } from '../ui/dom.ts';
import { count, duration } from '../ui/format.ts';
import { ink, themeChanged } from '../ui/theme.ts';
import type { StoreView, StoreWatch } from './store-watch.ts';

const SAMPLES = 120;
const HEIGHT = 96;

interface Chart {
  readonly element: HTMLElement;
  add(value: number): void;
  clear(): void;
}

function chart(title: string, tone: string, show: (value: number) => string): Chart {
  const now = el('output', { class: 'chart-now' }, '–');
  const box = el('div', { class: 'chart-box', role: 'img', 'aria-label': title });
  let values: number[] = [];
  let plot: uPlot | undefined;

  const data = (): uPlot.AlignedData => [values.map((_, index) => index), values];

  const build = (): void => {
    plot?.destroy();
    if (box.clientWidth === 0) return;
    const axis: uPlot.Axis = {
      stroke: ink('ink-2'),
      font: '11px ui-monospace, monospace',
      size: 46,
      gap: 4,
      ticks: { show: false },
      grid: { stroke: ink('line'), width: 1 },
      space: 28,
      values: (_plot, splits) => splits.map((value) => (Number.isFinite(value) ? show(value) : '')),
    };
    plot = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 2, 4, 0],
        scales: {
          x: { time: false, range: [0, SAMPLES - 1] },
          y: { range: (_plot, _min, max) => [0, Math.max(max * 1.15, 0.001)] },
        },
        axes: [{ show: false }, axis],
        series: [
          {},
          { stroke: ink(tone), width: 1.5, fill: ink(`${tone}-wash`), points: { show: false } },
        ],
      },
      data(),
      box,
    );
  };
  new ResizeObserver(() => {
    if (plot === undefined || plot.width !== box.clientWidth) build();
  }).observe(box);
  themeChanged.on(build);

  return {
    element: el('figure', { class: 'chart' }, el('figcaption', {}, title, now), box),
    add(value) {
      values.push(value);
      if (values.length > SAMPLES) values = values.slice(-SAMPLES);
      setText(now, show(value));
      plot?.setData(data());
    },
    clear() {
      values = [];
      setText(now, '–');
      plot?.setData(data());
    },
  };
}

export function commitCharts(watch: StoreWatch): HTMLElement {
  const groupSize = chart('Records a flush', 'chart-a', (value) =>
    value < 10 ? String(Math.round(value * 10) / 10) : count(value),
  );
  const flush = chart('Flush took', 'chart-b', (value) => (value === 0 ? '0' : duration(value)));
  let label = '';
  let groups = 0;
  let records = 0;
  watch.viewed.on((view: StoreView) => {
    if (view.label !== label) {
      label = view.label;
      groups = 0;
      records = 0;
      groupSize.clear();
      flush.clear();
    }
    const commits = view.status?.commits;
    if (commits === undefined) return;
    if (commits.groups < groups) {
      // A new worker counts from zero.
      groups = 0;
      records = 0;
    }
    if (commits.groups === groups) return;
    groupSize.add((commits.records - records) / (commits.groups - groups));
    flush.add(commits.lastFlushMs);
    groups = commits.groups;
    records = commits.records;
  });
  return el(
    'section',
    { class: 'charts', 'aria-label': 'Group commit' },
    groupSize.element,
    flush.element,
  );
}
