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

const SAMPLES = 60;
const HEIGHT = 96;
const NOTHING = 'no appends seen yet';
/** One thin layer a sample. */
const bars = uPlot.paths.bars?.({ size: [0.6, 10] });

interface Chart {
  readonly element: HTMLElement;
  add(value: number): void;
  clear(): void;
}

function chart(title: string, tone: string, show: (value: number) => string): Chart {
  const now = el('output', { class: 'chart-now is-idle' }, NOTHING);
  const box = el('div', { class: 'chart-box', role: 'img', 'aria-label': title });
  let values: number[] = [];
  let plot: uPlot | undefined;

  /** The newest sample stands at the right edge. */
  const data = (): uPlot.AlignedData => [
    values.map((_, index) => SAMPLES - values.length + index),
    values,
  ];

  const build = (): void => {
    plot?.destroy();
    plot = undefined;
    if (box.clientWidth === 0) return;
    plot = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 6, 4, 0],
        scales: {
          x: { time: false, range: [-1, SAMPLES] },
          y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] },
        },
        axes: [
          { show: false },
          {
            stroke: ink('ink-2'),
            font: '11px ui-monospace, monospace',
            size: 52,
            gap: 6,
            ticks: { show: false },
            grid: { stroke: ink('line'), width: 1 },
            space: 26,
            values: (_plot, splits) =>
              splits.map((value) => (values.length === 0 ? '' : show(value))),
          },
        ],
        series: [
          {},
          {
            stroke: ink(tone),
            width: 0,
            fill: ink(tone),
            points: { show: false },
            ...(bars === undefined ? {} : { paths: bars }),
          },
        ],
      },
      data(),
      box,
    );
  };
  new ResizeObserver(() => {
    if (plot?.width !== box.clientWidth) build();
  }).observe(box);
  themeChanged.on(build);

  const redraw = (text: string): void => {
    setText(now, text);
    now.classList.toggle('is-idle', values.length === 0);
    plot?.setData(data());
  };
  return {
    element: el('figure', { class: 'chart' }, el('figcaption', {}, title, now), box),
    add(value) {
      values = [...values, value].slice(-SAMPLES);
      redraw(value === 0 ? 'under 0.1 ms' : show(value));
    },
    clear() {
      values = [];
      redraw(NOTHING);
    },
  };
}

const showCount = (value: number): string =>
  value < 10 ? String(Math.round(value * 10) / 10) : count(value);
const showDuration = (value: number): string => (value === 0 ? '0' : duration(value));

export function commitCharts(watch: StoreWatch): HTMLElement {
  const groupSize = chart('Records a flush', 'chart-a', showCount);
  const flush = chart('Flush took', 'chart-b', showDuration);
  let label = '';
  let worker = '';
  let groups = 0;
  let records = 0;
  watch.viewed.on((view: StoreView) => {
    if (view.label !== label) {
      label = view.label;
      groupSize.clear();
      flush.clear();
    }
    if (view.status === undefined) return;
    const { commits, generation } = view.status;
    if (`${label} ${generation}` !== worker) {
      // A new worker counts from zero; what it committed before the first look is not a flush rate.
      worker = `${label} ${generation}`;
      groups = commits.groups;
      records = commits.records;
      return;
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
