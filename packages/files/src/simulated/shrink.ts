/**
 * Making a failing image small: fewer unflushed things persisted, as long as it still fails.
 */
import { explicitId, spelledAnswers } from './choices.ts';
import type { DiskImage, SimulatedDisk } from './simulated-disk.ts';

/**
 * Takes away what persisted, one thing at a time, until nothing more can go.
 *
 * @param fails whether the image still shows the failure; called O(questions²) times at worst
 * @returns an image of the same crash that fails and of which every smaller one passes
 */
export async function shrinkImage(
  disk: SimulatedDisk,
  image: DiskImage,
  fails: (image: DiskImage) => Promise<boolean>,
): Promise<DiskImage> {
  let smallest = disk.image(image.explicitId);
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    const [op, choiceId] = smallest.explicitId.split(':');
    const answers = spelledAnswers(choiceId);
    for (let question = 0; question < answers.length; question++) {
      if (answers[question] === 0) continue;
      const candidate = disk.image(`${op}:${explicitId(answers.with(question, 0))}`);
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      shrunk = true;
      break;
    }
  }
  return smallest;
}
