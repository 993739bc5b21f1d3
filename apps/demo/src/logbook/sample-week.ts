/** A week of entries to look at, for visitors who have nothing to log. Ordinary entries in every way. */
import type { Logbook } from './logbook.ts';

/** A checkpoint in the middle, so that the inspector has one to show. */
const CHECKPOINT_BEFORE = 6;
const HOUR_MS = 3_600_000;

interface Sample {
  readonly daysAgo: number;
  readonly hour: number;
  readonly text: string;
  readonly files?: () => Promise<File[]>;
}

/** A drawing of a sediment core, made here: the logbook loads nothing from elsewhere. */
function corePicture(seed: number): Promise<File> {
  const canvas = document.createElement('canvas');
  canvas.width = 900;
  canvas.height = 420;
  const context = canvas.getContext('2d');
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  if (context !== null) {
    const tones = [
      '#e6d3a8',
      '#c8963e',
      '#8a4b2f',
      '#5b4632',
      '#d9bf8b',
      '#a87c3c',
      '#7c8a80',
      '#3f352b',
    ];
    for (let y = 0; y < canvas.height;) {
      const thickness = 2 + random() * random() * 26;
      context.fillStyle = tones[Math.floor(random() * tones.length)]!;
      context.beginPath();
      context.moveTo(0, y);
      const phase = random() * 6;
      for (let x = 0; x <= canvas.width; x += 20)
        context.lineTo(x, y + Math.sin(x / 140 + phase) * 3);
      context.lineTo(canvas.width, canvas.height);
      context.lineTo(0, canvas.height);
      context.fill();
      y += thickness;
    }
    for (let grain = 0; grain < 14_000; grain += 1) {
      context.fillStyle = random() > 0.5 ? 'rgb(255 240 210 / 10%)' : 'rgb(30 20 10 / 12%)';
      context.fillRect(random() * canvas.width, random() * canvas.height, 2, 1);
    }
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The browser drew no picture'));
      else resolve(new File([blob], `core-${seed}.png`, { type: 'image/png' }));
    }, 'image/png');
  });
}

const table = (): File => {
  const lines = Array.from(
    { length: 48 },
    (_, row) => `${1978 + row},${(0.6 + Math.abs(Math.sin(row * 1.7)) * 1.9).toFixed(2)}`,
  );
  return new File([`year,thickness_mm\n${lines.join('\n')}\n`], 'varve-thickness.csv', {
    type: 'text/csv',
  });
};

const SAMPLES: readonly Sample[] = [
  {
    daysAgo: 6,
    hour: 9.2,
    text: 'Arrived at the lake. Ice is off the northern bay, wind from the west, four degrees on deck.',
  },
  {
    daysAgo: 6,
    hour: 16.7,
    text: 'Raft is moored over the deepest point, 38 m. Winch runs, hand brake squeaks. Corer tomorrow.',
  },
  {
    daysAgo: 4,
    hour: 8.4,
    text: 'First core: 1.12 m, top undisturbed. You can count the winters with the naked eye, dark line after dark line.',
    files: async () => [await corePicture(7)],
  },
  {
    daysAgo: 4,
    hour: 14.1,
    text: 'Lost the second core at the surface, the piston had come loose. Nothing to note but that.',
  },
  {
    daysAgo: 3,
    hour: 10.5,
    text: 'Split the core in half. A pale band at 41 cm, twice as thick as its neighbours: the flood of 1987?',
  },
  {
    daysAgo: 1,
    hour: 11.3,
    text: 'Counted twice, 48 and 48. Thickness by year is in the table.',
    files: async () => [table()],
  },
  {
    daysAgo: 1,
    hour: 18.9,
    text: 'Rain all evening. The stream carries silt into the bay; next year somebody can count today.',
  },
  {
    daysAgo: 0,
    hour: 0,
    text: 'Packed the raft. Both halves of the core are in the cold room, photographed under the same lamp.',
    files: async () => [await corePicture(23), await corePicture(41)],
  },
];

export async function sampleWeek(logbook: Logbook): Promise<void> {
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  for (const [index, sample] of SAMPLES.entries()) {
    if (index === CHECKPOINT_BEFORE) await logbook.checkpoint();
    const atMs =
      sample.daysAgo === 0
        ? Date.now()
        : today.getTime() - sample.daysAgo * 24 * HOUR_MS + sample.hour * HOUR_MS;
    await logbook.add({ text: sample.text, atMs, files: (await sample.files?.()) ?? [] });
  }
}
