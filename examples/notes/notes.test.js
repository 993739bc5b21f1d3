// NOTES=./notes-mended.js picks another store, PROFILE=tab-kill another kind of crash, and
// IMAGE=12:m0100 shows the one image that a failure names.
import { test } from 'node:test';
import { createDevice, explore } from '@varve/crashkit/device';
import { History } from '@varve/crashkit/oracle';

const { NOTES = './notes.js', PROFILE = 'power', IMAGE } = process.env;
const { Notes } = await import(NOTES);

test(`no note is lost: ${NOTES}, ${PROFILE}`, async () => {
  const device = createDevice({ profile: PROFILE });
  const history = new History({ now: () => device.opCount });

  const notes = await Notes.open(await device.directory());
  device.advance(60_000); // the file was made a minute ago: its name has reached the disk
  for (let number = 1; number <= 12; number++) {
    const note = { number, text: 'a note of the usual length, and some more. '.repeat(number) };
    await history.write([note], () => notes.add(note));
  }

  const report = await explore(
    device,
    async (image) => {
      const found = await Notes.open(await image.directory());
      history.check(found.all(), image);
    },
    { only: IMAGE, crashRecovery: 1 },
  );
  console.log(String(report.assertClean()));
});
