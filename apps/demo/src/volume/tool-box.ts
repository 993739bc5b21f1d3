/** What to draw with: inks, two widths, and a tool that trims. */
import { el } from '../ui/dom.ts';
import { Emitter } from '../ui/emitter.ts';
import { INKS, type Ink } from './inks.ts';

export class ToolBox {
  readonly changed = new Emitter<void>();
  ink: Ink = INKS[0]!;
  isBroad = false;
  isTrimming = false;
  readonly element: HTMLElement;

  constructor() {
    this.element = el(
      'div',
      { class: 'tool-box' },
      el(
        'div',
        { class: 'inks', role: 'radiogroup', 'aria-label': 'Ink' },
        ...INKS.map((ink) => {
          const swatch = this.#radio('ink', ink.name, ink === this.ink, () => {
            this.ink = ink;
            // Who takes an ink wants to draw.
            if (!this.isTrimming) return;
            pen.checked = true;
            this.#choose(false, false);
          });
          const label = el('label', { class: 'ink', title: ink.name }, swatch);
          label.style.setProperty('--swatch', ink.colour);
          return label;
        }),
      ),
    );
    const pen = this.#radio('tool', 'Fine pen', true, () => this.#choose(false, false));
    const broad = this.#radio('tool', 'Broad pen', false, () => this.#choose(false, true));
    const trim = this.#radio('tool', 'Trim whole chunks', false, () => this.#choose(true, false));
    this.element.append(
      el(
        'div',
        { class: 'segments tools', role: 'radiogroup', 'aria-label': 'Tool' },
        el('label', { class: 'segment tool' }, pen, 'Fine'),
        el('label', { class: 'segment tool' }, broad, 'Broad'),
        el(
          'label',
          { class: 'segment tool', title: 'So does the right button, or Alt' },
          trim,
          'Trim',
        ),
      ),
    );
  }

  #choose(isTrimming: boolean, isBroad: boolean): void {
    this.isTrimming = isTrimming;
    this.isBroad = isBroad;
  }

  #radio(name: string, label: string, checked: boolean, choose: () => void): HTMLInputElement {
    const input = el('input', {
      type: 'radio',
      name: `volume-${name}`,
      class: 'visually-hidden',
      'aria-label': label,
      checked,
    });
    input.addEventListener('change', () => {
      choose();
      this.changed.emit();
    });
    return input;
  }
}
