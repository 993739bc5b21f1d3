/** The demo: a logbook on the left, and the store that keeps it on the right. */
import { byId, el, replace } from './ui/dom.ts';
import { icon } from './ui/icons.ts';
import { applyTheme, currentTheme, setTheme, type Theme } from './ui/theme.ts';
import { inspector, storeHead } from './inspector/inspector.ts';
import { StoreWatch } from './inspector/store-watch.ts';
import { storeChooser } from './inspector/store-chooser.ts';
import { listenForKeys, showKeys } from './keyboard.ts';
import { lab } from './lab/lab.ts';
import { Logbook } from './logbook/logbook.ts';
import { logbookPane } from './logbook/logbook-pane.ts';
import { workOffline } from './offline.ts';
import { race } from './race/race.ts';
import { tabs } from './tabs.ts';
import { roleBadge } from './together/role-badge.ts';
import { Society } from './together/society.ts';
import { tabsPane } from './together/tabs-pane.ts';
import { volumePane } from './volume/volume-pane.ts';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
const THEME_ICON = { auto: 'auto', light: 'sun', dark: 'moon' } as const;
const THEME_WORDS = { auto: 'as the system', light: 'light', dark: 'dark' } as const;

function themeButton(): HTMLElement {
  const button = el('button', { type: 'button', class: 'ghost' });
  const draw = (): void => {
    const theme = currentTheme();
    replace(button, icon(THEME_ICON[theme]));
    button.title = `Colours: ${THEME_WORDS[theme]}`;
    button.setAttribute('aria-label', button.title);
  };
  button.addEventListener('click', () => {
    setTheme(THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length]!);
    draw();
  });
  draw();
  return button;
}

applyTheme();
const logbook = new Logbook();
const society = new Society(logbook.store);
const watch = new StoreWatch();
const pane = logbookPane(logbook);
const volume = volumePane();
const views = tabs((name) => {
  if (name === 'volume') volume.shown();
  byId('pane-store').scrollTop = 0;
  scrollTo(0, 0);
});
const crashLab = lab(logbook, watch, () => views.show('lab'));

byId('tabs').append(views.element);
byId('brand').after(roleBadge(society, () => views.show('tabs')));
byId('tools').append(
  el(
    'button',
    {
      type: 'button',
      class: 'ghost keys-button',
      title: 'Keys',
      'aria-label': 'Keys',
      on: { click: showKeys },
    },
    icon('keys'),
  ),
  themeButton(),
);
byId('panel-logbook').append(...pane.elements);
byId('store-head').append(
  storeChooser(watch, [logbook.store, crashLab.store], {
    store: logbook.store,
    label: 'Take a checkpoint',
    run: () => logbook.checkpoint(),
  }),
  ...storeHead(watch),
);
byId('panel-inspector').append(...inspector(watch));
byId('panel-tabs').append(...tabsPane(society));
byId('panel-volume').append(...volume.elements);
byId('panel-lab').append(...crashLab.elements);
byId('panel-race').append(race());

listenForKeys({
  compose() {
    views.show('logbook');
    pane.compose();
  },
  search() {
    views.show('logbook');
    pane.search();
  },
  entries: () => pane.focusEntries(),
});
views.show('logbook');
watch.watch(logbook.store);
await pane.start();
workOffline();
await crashLab.start();
