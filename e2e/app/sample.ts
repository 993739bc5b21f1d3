/** What stands at byte `at` of a long value, so that nobody has to send it. No stretch of it comes twice. */
export function sampleAt(at: number): number {
  const mixed = Math.imul(at ^ (at >>> 7), 0x2c1b3c6d);
  return (Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39) >>> 16) & 255;
}
