/** What a page decodes: values of each codec. */
import { structuredCodec, jsonCodec, bytesCodec } from 'varve/codec';
import { edit, type FuzzTarget, hostile, refusable } from '@varve/journal/crash/fuzz';

const MIB = 1_048_576;

const VALUES: readonly unknown[] = [
  { text: 'a diary', tags: ['x', 'y'], at: new Date(0), n: -1.5, deep: { a: [null, undefined] } },
  new Map<unknown, unknown>([[1, new Set([1n, -(2n ** 70n)])]]),
  [new Uint8Array(9), new Float64Array(2), new DataView(new ArrayBuffer(3)), /a+/gi],
  Object.assign([1, 2], { named: true, length: 9 }),
  new TypeError('no', { cause: new Error('why') }),
  ['\ud800', 'ä'.repeat(30), Object(1), -0, Number.NaN, 2 ** 53 - 1],
];

/** Shares parts, and closes a cycle. */
function knot(): unknown {
  const shared = { a: 1 };
  const made: { self?: unknown; parts: unknown[] } = { parts: [shared, shared] };
  made.self = made;
  return made;
}

export function codecTargets(): FuzzTarget[] {
  const structured = structuredCodec();
  const json = jsonCodec();
  const good = [...VALUES, knot()].map((value) => structured.encode(value));
  const texts = ['{"a":[1,2,{"b":null}]}', '"x"', '[true,false,1e9]'].map((text) =>
    new TextEncoder().encode(text),
  );
  return [
    {
      name: 'values of the structured codec',
      share: 200,
      allocatesMax: MIB,
      once(random) {
        const bytes = hostile(random, good[random.below(good.length)]!);
        const value = refusable(() => structured.decode(bytes));
        // What it takes it must be able to give back.
        if (value !== undefined && random.below(16) === 0)
          refusable(() => structured.encode(value));
      },
    },
    {
      name: 'values of the other codecs',
      share: 40,
      allocatesMax: MIB,
      once(random) {
        const text = texts[random.below(texts.length)]!.slice();
        edit(random, text, random.below(4));
        refusable(() => json.decode(text));
        bytesCodec.decode(text);
      },
    },
  ];
}
