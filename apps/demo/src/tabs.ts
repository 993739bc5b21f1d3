/**
 * The views: the logbook, the inspector, the tabs, the volume, the lab, the race.
 *
 * Always true: exactly one tab is selected; on wide screens the logbook stays in sight beside the
 * others, and choosing it shows the inspector.
 */
import { el } from './ui/dom.ts';
import { icon, type IconName } from './ui/icons.ts';

export type ViewName = 'logbook' | 'inspector' | 'tabs' | 'volume' | 'lab' | 'race';

const VIEWS: readonly {
  readonly name: ViewName;
  readonly label: string;
  readonly icon: IconName;
}[] = [
  { name: 'logbook', label: 'Logbook', icon: 'log' },
  { name: 'inspector', label: 'Inspector', icon: 'core' },
  { name: 'tabs', label: 'Tabs', icon: 'tabs' },
  { name: 'volume', label: 'Volume', icon: 'tiles' },
  { name: 'lab', label: 'Crash lab', icon: 'storm' },
  { name: 'race', label: 'Race', icon: 'bars' },
];

/** The stylesheet's boundary: from here on the logbook needs no tab. */
const wide = matchMedia('(min-width: 1000px)');

export interface Tabs {
  readonly element: HTMLElement;
  show(name: ViewName): void;
}

export function tabs(onShow: (name: ViewName) => void): Tabs {
  const buttons = VIEWS.map((view) =>
    el(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${view.name}`,
        class: `tab tab-${view.name}`,
        'aria-controls': `panel-${view.name}`,
        on: { click: () => show(view.name) },
      },
      icon(view.icon),
      view.label,
    ),
  );
  let current: ViewName = 'logbook';
  const mark = (): void => {
    const shown = wide.matches && current === 'logbook' ? 'inspector' : current;
    buttons.forEach((button, index) => {
      const chosen = VIEWS[index]!.name === shown;
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
  };
  const show = (name: ViewName): void => {
    current = name;
    document.body.dataset['view'] = name;
    mark();
    onShow(name);
  };
  wide.addEventListener('change', mark);
  const element = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Views' }, ...buttons);
  element.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const seen = buttons.filter((button) => button.offsetParent !== null);
    const at = seen.findIndex((button) => button === document.activeElement);
    const next = seen[(at + step + seen.length) % seen.length];
    next?.focus();
    next?.click();
  });
  return { element, show };
}
