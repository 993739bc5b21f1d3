/** One map of the volume as a tree: its blocks, and a line of figures above them. */
import type { BlockLayout, MapLayout } from '@varve/protocol';
import { el, setText } from '../../ui/dom.ts';
import { count, plural } from '../../ui/format.ts';
import { themeChanged } from '../../ui/theme.ts';
import type { Easel } from '../easel.ts';
import { isVague, type MapName } from './block-words.ts';
import type { PointedBlock } from './pointed-block.ts';
import { boxAt, boxesOf, heightOf } from './tree-boxes.ts';
import { labelOf, paintTree } from './tree-painter.ts';

const TITLES: Readonly<Record<MapName, string>> = {
  origin: 'Origin: where each chunk stands',
  exceptions: 'Exceptions: what snapshots have instead',
  references: 'References: uses of each chunk',
};

function holds(name: MapName, leaves: readonly BlockLayout[]): string {
  const chunks = plural(
    leaves.reduce((sum, { entries }) => sum + entries, 0),
    'chunk',
  );
  if (name === 'origin') return chunks;
  if (name === 'references') return `${chunks} in use`;
  const values = leaves.reduce((sum, leaf) => sum + leaf.values, 0);
  return `${plural(values, 'value')} for ${chunks}`;
}

function figuresOf(name: MapName, { height, damaged, list }: MapLayout): string {
  if (height === 0) return 'empty, takes no block';
  const leaves = list.filter(({ level }) => level === 0);
  const harm = damaged === 0 ? '' : `, ${count(damaged)} damaged`;
  return `${plural(height, 'level')}, ${plural(leaves.length, 'leaf', 'leaves')}${harm}: ${holds(name, leaves)}`;
}

export function treeFigure(name: MapName, easel: Easel, pointed: PointedBlock): HTMLElement {
  const canvas = el('canvas', {
    class: 'tree-canvas',
    tabindex: 0,
    role: 'img',
    'aria-describedby': 'block-said',
    'data-map': name,
  });
  const figures = el('span', { class: 'quiet tree-figures' });
  const mapNow = (): MapLayout | undefined => easel.watch.layout?.maps[name];
  let isDue = false;

  const paint = (): void => {
    isDue = false;
    const { layout } = easel.watch;
    const width = canvas.clientWidth;
    const context = canvas.getContext('2d');
    if (layout === undefined || context === null || width === 0) return;
    const map = layout.maps[name];
    const height = heightOf(map);
    if (canvas.style.height !== `${height}px`) canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    context.scale(devicePixelRatio, devicePixelRatio);
    const boxes = boxesOf(map, width);
    const chosen = pointed.name === name ? boxes[pointed.index] : undefined;
    paintTree(context, name, boxes, {
      chosen,
      isVague: ({ block }) => isVague(name, block, layout),
    });
  };
  const draw = (): void => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(paint);
  };
  const tell = (): void => {
    const map = mapNow();
    if (map === undefined) return;
    setText(figures, figuresOf(name, map));
    canvas.setAttribute('aria-label', labelOf(name, map));
    canvas.dataset['blocks'] = String(map.list.length);
    draw();
  };

  const pick = (event: PointerEvent): void => {
    const map = mapNow();
    if (map === undefined) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    pointed.at(name, boxAt(boxesOf(map, canvas.clientWidth), x, y));
  };
  canvas.addEventListener('pointermove', pick);
  canvas.addEventListener('pointerdown', pick);
  canvas.addEventListener('pointerleave', () => pointed.leave(name));
  canvas.addEventListener('blur', () => pointed.leave(name));
  canvas.addEventListener('keydown', (event) => {
    const end = (mapNow()?.list.length ?? 0) - 1;
    const at = pointed.name === name ? pointed.index : -1;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: end, Escape: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    pointed.at(name, Math.max(-1, Math.min(end, to)), true);
  });
  new ResizeObserver(draw).observe(canvas);
  themeChanged.on(draw);
  easel.watch.looked.on(tell);
  pointed.changed.on(draw);

  return el(
    'figure',
    { class: `tree-figure tree-of-${name}` },
    el('figcaption', {}, el('span', {}, TITLES[name]), figures),
    canvas,
  );
}
