/** Names for snapshots that nobody thinks up, each free when it is given. */

/** `snapshot 1`, `snapshot 2` …: one more than the greatest there is. */
export function nextName(taken: readonly string[]): string {
  const numbers = taken.map((name) => Number(/^snapshot (\d+)$/.exec(name)?.[1] ?? 0));
  return `snapshot ${Math.max(0, ...numbers) + 1}`;
}

/** The name, or the name with a number behind it. */
export function freeName(wanted: string, taken: readonly string[]): string {
  let name = wanted;
  for (let time = 2; taken.includes(name); time += 1) name = `${wanted} (${time})`;
  return name;
}
