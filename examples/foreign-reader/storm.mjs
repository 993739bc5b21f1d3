/**
 * Writes to a store until it is killed: `storm.mjs FOLDER ALIGNMENT SEED`. Prints a line for each
 * record that was acknowledged. Small records, batches short and long, streams, checkpoints, trims.
 */
import { openLog } from 'varve/node';

const [directory, alignment, seed] = process.argv.slice(2);
let word = Number(seed);
const below = (limit) => {
  word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
  return (word >>> 8) % limit;
};
const bytes = (length) => Uint8Array.from({ length }, () => below(256));

const log = await openLog('storm', {
  directory,
  segmentSizeBytes: 65_536,
  alignmentBytes: Number(alignment),
  durability: 'relaxed',
  busyTimeoutMs: 30_000,
  codec: { name: 'bytes', encode: (value) => value, decode: (value) => value.slice() },
});

async function* pieces() {
  for (let left = 1 + below(6); left > 0; left--) yield bytes(below(60_000));
}

const doings = [
  (options) => log.appendBatch([bytes(below(90)), bytes(0), bytes(below(9_000))], options),
  (options) =>
    log.appendBatch(
      Array.from({ length: 90 }, () => bytes(below(3_000))),
      options,
    ),
  (options) => log.append(bytes(below(400_000)), options),
  (options) => log.appendStream(pieces(), options),
  async () => log.checkpoint(bytes(below(100_000)), { upTo: await log.flush() }),
  () => log.trim(Math.max(1, log.status().durableLsn - 300)),
];

let appended = 0;
for (;;) {
  const options = { type: 64 + below(192), channel: below(3) === 0 ? below(2 ** 24) * 200 : 0 };
  const running = Array.from({ length: below(30) }, () => log.append(bytes(below(200)), options));
  running.push(doings[below(doings.length)](options));
  await Promise.all(running);
  appended += running.length;
  process.stdout.write(`${appended}\n`);
}
