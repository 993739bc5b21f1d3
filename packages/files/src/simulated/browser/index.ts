/**
 * Many contexts of one browser on one machine, simulated.
 *
 * Who owns what: `SimulatedBrowser` the machine, the delays, power · `Turns` time, and who runs when ·
 * `SimulatedContext` one page or worker: its life, its files · `BrowserLocks` the queue of each lock ·
 * `BrowserChannels` who hears whom.
 */
export { SimulatedBrowser, type BrowserOptions } from './simulated-browser.ts';
export { ContextDied } from './context-died.ts';
export type { SimulatedContext } from './simulated-context.ts';
