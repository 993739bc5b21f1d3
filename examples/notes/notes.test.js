import { test } from 'node:test';
import { createDevice, explore } from '@varve/crashkit/device';
import { History } from '@varve/crashkit/oracle';

const { NOTES = './notes.js', PROFILE = 'power', IMAGE } = process.env;
const { Notes } = await import(NOTES);

await test('no note is lost', async () => {
  const device = createDevice({ profile: PROFILE });
  const history = new History({ now: () => device.opCount });
  const notes = await Notes.open(await device.directory());
  device.advance(60_000); // the file was made a minute ago: its name has reached the disk
  for (let number = 1; number <= 12; number++) {
    const note = { number, text: 'a note of the usual length, and some more. '.repeat(number) };
    await history.write([note], () => notes.add(note));
  }
  const check = async (image) => {
    const found = await Notes.open(await image.directory());
    history.check(found.all(), image);
  };
  const report = await explore(device, check, { only: IMAGE, crashRecovery: 1 });
  console.log(String(report.assertClean()));
});
