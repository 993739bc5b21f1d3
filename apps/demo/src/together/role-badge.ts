/** What this tab is to the logbook, in a few words, always in sight. */
import { el, setText } from '../ui/dom.ts';
import { count } from '../ui/format.ts';
import type { Society } from './society.ts';
import type { TabState } from './words.ts';

export const STATE_WORDS: Readonly<Record<TabState, string>> = {
  opening: 'Opening',
  leader: 'Leader',
  follower: 'Follower',
  silent: 'Leader silent',
  down: 'Worker down',
  failed: 'Not open',
};

export function roleBadge(society: Society, show: () => void): HTMLElement {
  const role = el('strong', {});
  const epoch = el('span', { class: 'badge-epoch' });
  const others = el('span', { class: 'badge-others' });
  const badge = el(
    'button',
    { type: 'button', class: 'badge', on: { click: show } },
    role,
    epoch,
    others,
  );
  const title = document.title;
  const draw = (): void => {
    const { state, epoch: number, roster } = society;
    badge.dataset['state'] = state;
    setText(role, STATE_WORDS[state]);
    setText(epoch, number === 0 ? '' : `epoch ${count(number)}`);
    const more = roster.all.length - 1;
    setText(others, more === 0 ? '' : `+ ${more}`);
    badge.title = `${roster.own.label}, this tab: ${STATE_WORDS[state]}. ${more === 0 ? 'No other tab' : `${more} more`} here. Shows all tabs.`;
    document.title = more === 0 ? title : `${STATE_WORDS[state]} · ${title}`;
  };
  society.changed.on(draw);
  draw();
  return badge;
}
