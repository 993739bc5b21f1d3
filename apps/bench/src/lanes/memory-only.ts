/**
 * Is this a place where a flush means something?
 *
 * A memory-only context (private window, an automation tool's default profile, a disk in memory)
 * answers a flush in next to no time: figures from there would be worthless, and are refused.
 */

/** Memory-only contexts were seen to take 2 to 3 µs; the fastest devices take 10 and more. */
const FLUSH_FLOOR_US = 8;

export function refuseMemoryOnly(flushUs: number): void {
  if (flushUs >= FLUSH_FLOOR_US) return;
  throw new Error(
    `A flush took ${flushUs.toFixed(1)} µs: nothing is stored here. ` +
      'A memory-only profile or disk says nothing about durable appends. Set TMPDIR to a real disk.',
  );
}
