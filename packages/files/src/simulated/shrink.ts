/**
 * Making a failing image small: fewer unflushed things persisted, as long as it still fails.
 */
import { explicitId, spelledAnswers } from './choices.ts';
import type { DiskImage, SimulatedDisk } from './simulated-disk.ts';

/**
 * Takes away what persisted, in halves and then one thing at a time, until nothing more can go.
 *
 * @param fails whether the image still shows the failure; called O(questions) times, as a rule
 * @returns an image of the same crash that fails and of which every smaller one passes
 */
export async function shrinkImage(
  disk: SimulatedDisk,
  image: DiskImage,
  fails: (image: DiskImage) => Promise<boolean>,
): Promise<DiskImage> {
  let smallest = disk.image(image.explicitId);
  const [op, choiceId] = smallest.explicitId.split(':');
  const answers = spelledAnswers(choiceId);
  const withoutSome = async (from: number, length: number): Promise<boolean> => {
    const fewer = answers.map((answer, question) =>
      question >= from && question < from + length ? 0 : answer,
    );
    if (fewer.every((answer, question) => answer === answers[question])) return false;
    const candidate = disk.image(`${op}:${explicitId(fewer)}`);
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    answers.splice(0, answers.length, ...fewer);
    return true;
  };
  for (let length = answers.length; length > 1; length = Math.ceil(length / 2)) {
    for (let from = 0; from < answers.length; from += length) await withoutSome(from, length);
  }
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (let question = 0; question < answers.length; question++) {
      if (await withoutSome(question, 1)) shrunk = true;
    }
  }
  return smallest;
}
