/** Numbers, sizes, durations and days as people read them. */

const whole = new Intl.NumberFormat('en');
const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const timeToSecond = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const longDay = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});

export const count = (value: number): string => whole.format(Math.round(value));

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

export const clock = (ms: number): string => timeOfDay.format(ms);
export const clockToSecond = (ms: number): string => timeToSecond.format(ms);

/** Local calendar day as YYYY-MM-DD: sorts and compares as text. */
export function dayKey(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function dayName(ms: number, nowMs: number): string {
  const day = dayKey(ms);
  if (day === dayKey(nowMs)) return 'Today';
  if (day === dayKey(nowMs - 86_400_000)) return 'Yesterday';
  return longDay.format(ms);
}

export function lsnRange(from: number, to: number): string {
  return from === to ? `LSN ${count(from)}` : `LSN ${count(from)} – ${count(to)}`;
}
