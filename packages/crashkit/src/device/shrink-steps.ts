/**
 * The fewest steps of a workload with which it still fails, in their order: halves are left out first,
 * then one step at a time, until each that is left is needed.
 *
 * @param fails runs the steps from the beginning, on a new device, and says whether the failure shows
 */
export async function shrinkSteps<Step>(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<Step[]> {
  let needed = [...steps];
  for (let length = needed.length; length >= 1; length = Math.floor(length / 2)) {
    for (let shrunk = true; shrunk;) {
      shrunk = false;
      for (let from = needed.length - length; from >= 0; from -= length) {
        const fewer = needed.toSpliced(from, length);
        if (!(await fails(fewer))) continue;
        needed = fewer;
        shrunk = true;
      }
    }
  }
  return needed;
}
