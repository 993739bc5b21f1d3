/** A card with a title and a list of terms and values; the cards of the inspector are made of it. */
import { el, replace, type Child } from '../ui/dom.ts';

export type Fact = readonly [
  term: string,
  value: Child,
  tone?: 'plain' | 'good' | 'watch' | 'alarm',
];

export interface FactsCard {
  readonly element: HTMLElement;
  show(facts: readonly Fact[], ...below: Child[]): void;
}

export function factsCard(title: string, modifier = ''): FactsCard {
  const list = el('dl', { class: 'facts' });
  const foot = el('div', { class: 'card-foot' });
  return {
    element: el('section', { class: `card ${modifier}`.trim() }, el('h3', {}, title), list, foot),
    show(facts, ...below) {
      replace(
        list,
        ...facts.map(([term, value, tone]) =>
          el(
            'div',
            {},
            el('dt', {}, term),
            el('dd', { class: tone === undefined ? '' : `is-${tone}` }, value),
          ),
        ),
      );
      replace(foot, ...below);
      foot.hidden = foot.childNodes.length === 0;
    },
  };
}
