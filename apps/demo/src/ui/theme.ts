/** Light, dark, or what the system says. The choice is kept in localStorage. */
import { Emitter } from './emitter.ts';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'varve-demo-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** Emits after the colours changed, from either cause: canvases must draw again. */
export const themeChanged = new Emitter<void>();

export function currentTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}

export function setTheme(theme: Theme): void {
  if (theme === 'auto') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = currentTheme();
  const dark = theme === 'dark' || (theme === 'auto' && system.matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  themeChanged.emit();
}

system.addEventListener('change', applyTheme);

/** A colour from the stylesheet, for canvases. */
export const ink = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
