/** A button with an icon, whose task may fail: what went wrong is told. */
import { el } from './dom.ts';
import { icon, type IconName } from './icons.ts';
import { toastError } from './toast.ts';

export function button(
  label: string,
  name: IconName,
  className: string,
  press: () => unknown,
): HTMLButtonElement {
  const run = async (): Promise<void> => {
    await press();
  };
  return el(
    'button',
    {
      type: 'button',
      class: `button ${className}`,
      on: { click: () => void run().catch((error: unknown) => toastError(label, error)) },
    },
    icon(name),
    el('span', {}, label),
  );
}
