/** The simulated lane: power loss at every operation, in Node. `--images` and what follows it. */

export async function runImagesLane(_args: readonly string[]): Promise<number> {
  console.error('The simulated lane is not part of this build.');
  return 2;
}
