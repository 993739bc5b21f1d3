/** The icons: 16 × 16 strokes in the text's colour. Decorative, so hidden from assistive technology. */
import { svg } from './dom.ts';

const PATHS = {
  attach:
    'M10.5 4.5 5.6 9.4a1.8 1.8 0 0 0 2.5 2.5l5-5a3.2 3.2 0 0 0-4.5-4.5l-5 5a4.6 4.6 0 0 0 6.5 6.5l3.4-3.4',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14',
  trash: 'M2.5 4.5h11M6 4.5V3h4v1.5M4 4.5l.7 9h6.6l.7-9M6.7 7v4M9.3 7v4',
  download: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  upload: 'M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 13.5h11',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13',
  moon: 'M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z',
  auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 2v12M8 5l4 2M8 8.5l5 .5M8 12l3 .5',
  file: 'M4 1.8h5L12.5 5.3v9H4ZM9 1.8v3.5h3.5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  storm: 'M8.8 1.5 4 9h3.6l-.8 5.5L12 6.8H8.2Z',
  kill: 'M5.2 1.8h5.6l3.4 3.4v5.6l-3.4 3.4H5.2l-3.4-3.4V5.2ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  reload: 'M13 8a5 5 0 1 1-1.6-3.7M13.2 1.8v3h-3',
  check: 'M2.8 8.6 6.3 12l7-8',
  alert: 'M8 2 1.5 13.5h13ZM8 6.2v3.6M8 11.6v.4',
  flag: 'M4 14.5v-12h7.5L9.6 5.6l1.9 3.2H4',
  undo: 'M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.5 2.8 6.5l3 3',
  keys: 'M1.5 4h13v8h-13ZM4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M5 9.4h6',
  log: 'M2 3.5h12M2 6.5h9M2 9.5h12M2 12.5h6',
  core: 'M3 2.5h10v11H3ZM3 6h10M3 8h10M3 11h10',
  bars: 'M2 4h11M2 8h6M2 12h9',
  flask:
    'M6 1.8h4M6.7 1.8v4.4L2.8 13a.9.9 0 0 0 .8 1.4h8.8a.9.9 0 0 0 .8-1.4L9.3 6.2V1.8M4.6 10h6.8',
  pencil: 'M2.5 13.5l.6-3L10.5 3l2.5 2.5-7.5 7.4Z',
  tabs: 'M1.8 5.5h8.7v8H1.8ZM5 5.3V2.5h9.2v8h-3.5',
  tiles: 'M2 2h12v12H2ZM6 2v12M10 2v12M2 6h12M2 10h12',
  hand: 'M2 8h10M8.6 4.4 12.2 8l-3.6 3.6M14.3 3v10',
  shield: 'M8 1.8 2.8 3.7v4c0 3.2 2.2 5.4 5.2 6.5 3-1.1 5.2-3.3 5.2-6.5v-4Z',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGElement {
  return svg(
    'svg',
    {
      viewBox: '0 0 16 16',
      width: 16,
      height: 16,
      'aria-hidden': 'true',
      class: 'icon',
      focusable: 'false',
    },
    svg('path', {
      d: PATHS[name],
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 1.4,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
    }),
  );
}
