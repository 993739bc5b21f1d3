import * as cborg from 'cborg';
import * as cborgExtended from 'cborg/extended';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isVarveError } from '@varve/protocol';
import { structuredCodec } from './index.ts';

const codec = structuredCodec();
const roundTrip = (value: unknown): unknown => codec.decode(codec.encode(value));

/** Deep equality that also sees key order, holes, −0 and whether properties are where they were. */
function expectSame(actual: unknown, expected: unknown): void {
  expect(describeValue(actual)).toEqual(describeValue(expected));
  // Node finds an invalid date unlike itself; the description above has compared it.
  if (isDeepStrictEqual(expected, structuredClone(expected))) {
    expect(isDeepStrictEqual(actual, expected)).toBe(true);
  }
}

/** The order of all keys, which deep equality does not look at; cycles by number. */
function describeValue(value: unknown, seen: unknown[] = []): unknown {
  if (typeof value !== 'object' || value === null) {
    return Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`;
  }
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return [Object.prototype.toString.call(value), ...bytes];
  }
  if (seen.includes(value)) return `again ${seen.indexOf(value)}`;
  seen.push(value);
  const parts: unknown[] = Object.keys(value).map((key) => [
    key,
    describeValue((value as Record<string, unknown>)[key], seen),
  ]);
  if (value instanceof Map) {
    for (const [key, item] of value)
      parts.push(describeValue(key, seen), describeValue(item, seen));
  }
  if (value instanceof Set) for (const item of value) parts.push(describeValue(item, seen));
  return [Object.prototype.toString.call(value), parts];
}

function refusalOf(value: unknown): { path: unknown; message: string } {
  try {
    codec.encode(value);
  } catch (error) {
    if (isVarveError(error, 'CODEC_REFUSED')) {
      return { path: error.facts['path'], message: error.message };
    }
    throw error;
  }
  throw new Error('was not refused');
}

const hidden = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
};

describe('what structuredClone gives back comes back', () => {
  const protoKey = {};
  hidden(protoKey, '__proto__', { polluted: true });
  const extras = Object.assign([1, 2], { index: 3, '-1': 4, '1.5': 5 });
  const holes = [1, 2, 3, 4];
  delete holes[1];
  const noMessage = new Error();
  const sticky = /a+(?<name>b)/dgimsuy;
  sticky.lastIndex = 2;
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;

  const cases: Record<string, unknown> = {
    undefined,
    null: null,
    'negative zero': -0,
    'nested negative zero': { a: [-0, 0] },
    NaN: Number.NaN,
    Infinity: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    'odd doubles': [
      5e-324,
      1.5,
      0.1,
      2 ** 53,
      2 ** 53 + 2,
      -(2 ** 63),
      2 ** 64,
      1e300,
      65504,
      1 / 3,
    ],
    integers: [
      0,
      23,
      24,
      255,
      256,
      65535,
      65536,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 53 - 1,
      -1,
      -24,
      -25,
      -(2 ** 53 - 1),
    ],
    bigints: [0n, -1n, 1n, 255n, 256n, 2n ** 64n, -(2n ** 64n), 2n ** 70n, -(2n ** 4000n) + 1n],
    'lone surrogates': ['\ud800', 'a\udc00b', '\udc00\ud800', '😀'],
    'a byte order mark': ['\ufeff', '\ufeffabc', `\ufeff${'x'.repeat(100)}`, 'a\ufeff'],
    'long text': 'ä'.repeat(10_000),
    'a lone surrogate as key': { '\ud800': 1, b: 2, '\ufeffk': 3 },
    'integer-like keys': { b: 1, 2: 2, 1: 3, a: 4, '01': 5, '4294967295': 6 },
    'a __proto__ key': protoKey,
    'a __proto__ key among odd ones': Object.assign(JSON.parse('{"__proto__":1}'), { '\ud800': 2 }),
    'a constructor key': { constructor: 1, toString: 2, hasOwnProperty: 3, toJSON: 4, length: 5 },
    'a null prototype': Object.assign(Object.create(null), { a: 1 }),
    'undefined properties': { a: undefined, b: [undefined] },
    holes,
    'a long array of nothing': new Array(100_000),
    'only length': new Array(4_294_967_295),
    'an array with properties': extras,
    'a match': /(?<x>a)(b)?/.exec('cab'),
    'a Map': new Map<unknown, unknown>([
      [Number.NaN, 1],
      [{ a: 1 }, [2]],
      ['', new Map()],
      [0n, 0],
      [0, 1],
      ['0', 2],
    ]),
    'a Set': new Set<unknown>([1, '1', 1n, {}, [], new Set([Number.NaN])]),
    dates: [
      new Date(0),
      new Date(-1),
      new Date(1.5e12 + 1),
      new Date(Number.NaN),
      new Date(8.64e15),
      new Date(-8.64e15),
      new Date(8.64e15 - 1),
    ],
    'regular expressions': [sticky, /\//u, new RegExp(''), /\ud800/],
    buffers: [buffer, new ArrayBuffer(0), new DataView(buffer)],
    views: [
      new Uint8Array([1, 2]),
      new Uint8Array(0),
      new Uint8ClampedArray([300]),
      new Int8Array([-1]),
      new Uint16Array([65535]),
      new Int16Array([-2]),
      new Uint32Array([2 ** 32 - 1]),
      new Int32Array([-3]),
      new Float32Array([-0, Number.NaN, 0.1]),
      new Float64Array([-0, 0.1]),
      new BigInt64Array([-5n]),
      new BigUint64Array([2n ** 64n - 1n]),
      new Float64Array(0),
    ],
    errors: [
      new Error('a'),
      new TypeError('b'),
      new RangeError(''),
      new SyntaxError('c'),
      new URIError('d'),
      new EvalError('e'),
      new ReferenceError('\ud800'),
      noMessage,
      new Error('f', { cause: { why: [1] } }),
      new Error('g', { cause: undefined }),
    ],
    boxes: [Object(1), Object(-0), Object('text'), Object('\ud800'), Object(true), Object(5n)],
  };

  for (const [name, value] of Object.entries(cases)) {
    test(name, () => {
      expectSame(roundTrip(value), structuredClone(value));
    });
  }

  test('an error keeps whether it has a message of its own, its stack and its cause', () => {
    const error = new TypeError('m', { cause: 1 });
    const back = roundTrip(error);
    expect(Object.getOwnPropertyDescriptors(back)).toEqual({
      message: { value: 'm', writable: true, enumerable: false, configurable: true },
      stack: { value: error.stack, writable: true, enumerable: false, configurable: true },
      cause: { value: 1, writable: true, enumerable: false, configurable: true },
    });
    expect(Object.hasOwn(roundTrip(noMessage) as Error, 'message')).toBe(false);
  });

  test('a getter is read once', () => {
    let reads = 0;
    const value = {
      get a() {
        return ++reads;
      },
    };
    expectSame(roundTrip(value), { a: 1 });
  });

  test('values that other realms made', async () => {
    const vm = await import('node:vm');
    const value: unknown = vm.runInNewContext(
      '({ a: [new Map([[1, new Date(5)]]), new Set([/x/g]), new Uint8Array([1]), new TypeError("t").message] })',
    );
    expectSame(roundTrip(value), {
      a: [new Map([[1, new Date(5)]]), new Set([/x/g]), new Uint8Array([1]), 't'],
    });
  });
});

describe('identity', () => {
  test('an object that stands in two places is one object afterwards', () => {
    const shared = { name: 'a' };
    const back = roundTrip({ x: shared, list: [shared, [shared]] }) as {
      x: object;
      list: unknown[];
    };
    expect(back.list[0]).toBe(back.x);
    expect((back.list[1] as unknown[])[0]).toBe(back.x);
  });

  test('cycles through every kind of container close again', () => {
    const root: Record<string, unknown> = {};
    const array: unknown[] = [root];
    const sparse: unknown[] = [];
    sparse[5] = sparse;
    const map = new Map<unknown, unknown>();
    map.set(map, array);
    const error = new Error('own cause');
    error.cause = error;
    const odd: Record<string, unknown> = {};
    odd['\ud800'] = odd;
    Object.assign(root, { root, array, sparse, map, set: new Set([root, map]), error, odd });
    const back = roundTrip(root) as typeof root;
    expect(back['root']).toBe(back);
    expect((back['array'] as unknown[])[0]).toBe(back);
    expect((back['sparse'] as unknown[])[5]).toBe(back['sparse']);
    expect((back['map'] as typeof map).get(back['map'])).toBe(back['array']);
    expect((back['set'] as Set<unknown>).has(back['map'])).toBe(true);
    expect((back['error'] as Error).cause).toBe(back['error']);
    expect((back['odd'] as typeof odd)['\ud800']).toBe(back['odd']);
  });

  test('shared leaves: a date, bytes and a box', () => {
    const [date, bytes, box] = [new Date(7), new Uint8Array([1]), Object(1)];
    const back = roundTrip([date, bytes, box, date, bytes, box]) as unknown[];
    expect(back.slice(3)).toEqual(back.slice(0, 3));
    for (const index of [0, 1, 2]) expect(back[index]).toBe(back[index + 3]);
  });

  test('nothing decoded refers to the bytes, nor to another value', () => {
    const bytes = codec.encode([new Uint8Array([1, 2, 3]), new ArrayBuffer(2), new Uint8Array(0)]);
    const back = codec.decode(bytes) as [Uint8Array, ArrayBuffer, Uint8Array];
    bytes.fill(0);
    expect([...back[0]]).toEqual([1, 2, 3]);
    expect(back[0].buffer.byteLength).toBe(3);
    expect(back[1].byteLength).toBe(2);
    expect((codec.decode(codec.encode(new Uint8Array(0))) as Uint8Array).buffer).not.toBe(
      (codec.decode(codec.encode(new Uint8Array(0))) as Uint8Array).buffer,
    );
  });

  test('encoded bytes own their buffer, so that it can be transferred', () => {
    for (const value of [
      1,
      'x',
      'y'.repeat(100),
      new Uint8Array(5000),
      { a: [1, 2, { b: 'c' }] },
    ]) {
      const bytes = codec.encode(value);
      expect(bytes.constructor).toBe(Uint8Array);
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
    }
  });

  test('a small view of a large buffer is stored as the small view', () => {
    const view = new Uint8Array(new ArrayBuffer(1_000_000), 10, 3).fill(9);
    const bytes = codec.encode(view);
    expect(bytes.length).toBe(4);
    expectSame(codec.decode(bytes), new Uint8Array([9, 9, 9]));
  });
});

describe('what would not come back is refused, with its path', () => {
  class Point {
    x = 1;
  }
  class Names extends Array<string> {}
  class Cache extends Map<string, string> {}
  const withCode = Object.assign(new Error('x'), { code: 'ENOENT' });
  const renamed = new Error('x');
  Object.defineProperty(renamed, 'name', { value: 'Odd' });
  const taggedMap = Object.assign(new Map(), { extra: 1 });
  const detached = new ArrayBuffer(8);
  const detachedView = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  const resizable = Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }]) as ArrayBuffer;

  const cases: [string, unknown, string, RegExp][] = [
    ['a function', { a: [0, 0, 0, { b: () => 1 }] }, '$.a[3].b', /function/],
    ['a symbol', [Symbol('s')], '$[0]', /symbol/],
    ['a boxed symbol', { s: Object(Symbol('s')) }, '$.s', /Symbol/],
    ['an instance of a class', { p: new Point() }, '$.p', /Point/],
    ['a subclass of Array', new Names(), '$', /subclass of Array/],
    ['a subclass of Map', new Cache(), '$', /Cache/],
    ['a fake Map', Object.create(Map.prototype), '$', /incompatible|Map/],
    ['a Buffer', { 'odd key': Buffer.from('x') }, '$["odd key"]', /new Uint8Array\(buffer\)/],
    ['a Blob', { blob: new Blob(['x']) }, '$.blob', /Blob/],
    ['a Promise', [Promise.resolve()], '$[0]', /Promise/],
    ['a WeakMap', [new WeakMap()], '$[0]', /WeakMap/],
    ['a URL', { at: new URL('https://example.org') }, '$.at', /URL/],
    ['an AggregateError', new AggregateError([1]), '$', /AggregateError/],
    ['a DOMException', new DOMException('x'), '$', /DOMException/],
    ['an error with a code', { e: withCode }, '$.e', /"code"/],
    ['an error with a name of its own', renamed, '$', /name/],
    ['a Map with properties', taggedMap, '$', /Map with properties/],
    ['a detached buffer', { d: detached }, '$.d', /detached/],
    ['a view of a detached buffer', { d: detachedView }, '$.d', /detached/],
    ['a resizable buffer', resizable, '$', /resizable/],
    ['a view of a resizable buffer', [new Uint8Array(resizable)], '$[0]', /resizable/],
    ['shared memory', [new SharedArrayBuffer(8)], '$[0]', /SharedArrayBuffer/],
    [
      'a view of shared memory',
      [new Uint8Array(new SharedArrayBuffer(8))],
      '$[0]',
      /shared memory/,
    ],
    ['a key of a Map', { m: new Map([[() => 1, 1]]) }, '$.m<key 0>', /function/],
    ['a value of a Map', { m: new Map([['k', () => 1]]) }, '$.m<value 0>', /function/],
    ['an item of a Set', { s: new Set([1, () => 1]) }, '$.s<item 1>', /function/],
    ['a property of an array', Object.assign([1], { f: () => 1 }), '$.f', /function/],
    ['a cause', new Error('x', { cause: () => 1 }), '$.cause', /function/],
  ];
  for (const [name, value, path, message] of cases) {
    test(name, () => {
      const refusal = refusalOf(value);
      expect(refusal.path).toBe(path);
      expect(refusal.message).toMatch(message);
    });
  }

  test('a getter that throws is refused with what it threw as the cause', () => {
    const thrown = new Error('not today');
    try {
      codec.encode({
        get a() {
          throw thrown;
        },
      });
      expect.unreachable();
    } catch (error) {
      expect(isVarveError(error, 'CODEC_REFUSED') && error.cause).toBe(thrown);
    }
  });

  test('a value that changes while it is read is refused', () => {
    const always = {};
    let passes = 0;
    const value = {
      get a() {
        passes++;
        return [always, always, ...Array.from({ length: 2 }, () => ({}))].concat(
          Array(2).fill({ n: passes }),
        );
      },
    };
    expect(refusalOf(value).message).toMatch(/changes while it is read/);
  });

  test('nesting up to 500 levels comes back, deeper is refused without a stack overflow', () => {
    const nest = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = wrap(value);
      return value;
    };
    const wraps: ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ a: inner }),
      (inner) => new Map([[inner, inner]]),
      (inner) => new Set([inner]),
      (inner) => Object.assign(new Error('x'), { cause: inner }),
      (inner) => ({ '\ud800': [inner, inner] }),
    ];
    for (const wrap of wraps) {
      expect(() => roundTrip(nest(250, wrap))).not.toThrow();
      expect(refusalOf(nest(100_000, wrap)).message).toMatch(/deeper than 500/);
    }
    expectSame(
      roundTrip(nest(500, (inner) => [inner])),
      nest(500, (inner) => [inner]),
    );
    expectSame(
      roundTrip(nest(500, (inner) => ({ a: inner }))),
      nest(500, (inner) => ({ a: inner })),
    );
    expect(refusalOf(nest(502, (inner) => [inner])).message).toMatch(/deeper than 500/);
  });
});

/** Everything fast-check can make plus what it does not: see the list. */
const anything = fc.letrec((tie) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom('__proto__', 'constructor', 'length', '0', '-0', '4294967295', '\ufeff', ''),
  );
  const leaf = fc.oneof(
    text,
    fc.double(),
    fc.integer(),
    fc.constantFrom(undefined, null, -0, true, false, Number.NaN),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.constant(new Date(Number.NaN)),
    fc.uint8Array(),
    fc.float64Array(),
    fc.int16Array(),
    fc.bigInt64Array(),
    fc.uint8Array().map((bytes) => bytes.buffer),
    fc.uint8Array().map((bytes) => new DataView(bytes.buffer)),
    fc.oneof(fc.integer(), text, fc.boolean(), fc.bigInt()).map((value): unknown => Object(value)),
    fc.constantFrom('', 'g', 'imsuy').map((flags) => new RegExp('(a|b)/', flags)),
    text.map((message) => new RangeError(message)),
    fc.constantFrom(() => 1, Symbol('s'), new Blob([]), new (class A {})()),
  );
  return {
    value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('container')),
    container: fc.oneof(
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(text, tie('value'), { maxKeys: 6, noNullPrototype: false }),
      fc
        .array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 })
        .map((pairs) => new Map(pairs)),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
      fc.array(fc.option(tie('value')), { maxLength: 6 }).map((items) => {
        for (const [index, item] of items.entries()) if (item === null) delete items[index];
        return items;
      }),
      tie('value').map((cause) => new Error('caused', { cause })),
      tie('value').map((twice) => [twice, { twice }, twice]),
    ),
  };
}).value;

test('any value comes back as structuredClone gives it, or is refused', () => {
  let refused = 0;
  let returned = 0;
  fc.assert(
    fc.property(anything, (value) => {
      let bytes: Uint8Array;
      try {
        bytes = codec.encode(value);
      } catch (error) {
        expect(isVarveError(error, 'CODEC_REFUSED') && typeof error.facts['path']).toBe('string');
        refused++;
        return;
      }
      returned++;
      expectSame(codec.decode(bytes), structuredClone(value));
    }),
    { numRuns: 2000 },
  );
  expect(refused).toBeGreaterThan(20);
  expect(returned).toBeGreaterThan(1000);
});

describe('another CBOR library agrees', () => {
  const json = fc.jsonValue({ stringUnit: 'grapheme' });

  test('it reads what JSON can say as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expectSame(cborg.decode(codec.encode(plain)), plain);
      }),
    );
  });

  test('what it writes, with keys in their order and doubles as doubles, is read as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        const bytes = cborg.encode(plain, { float64: true, mapSorter: () => 0 });
        expectSame(codec.decode(bytes), plain);
      }),
    );
  });

  test('registered tags mean to it what they mean here', () => {
    const { encode, decode } = cborgExtended;
    const value = {
      map: new Map([[1, 'a']]),
      set: new Set([2n ** 80n]),
      f: new Float32Array([1.5]),
    };
    expectSame(decode(codec.encode(value)), value);
    expectSame(codec.decode(encode(value)), value);
  });
});

describe('bytes that are no value', () => {
  const refusedOrValue = (bytes: Uint8Array): void => {
    try {
      codec.decode(bytes);
    } catch (error) {
      expect(isVarveError(error, 'CODEC_REFUSED')).toBe(true);
    }
  };
  const refused = (bytes: ArrayLike<number>): void => {
    try {
      codec.decode(Uint8Array.from(bytes));
    } catch (error) {
      expect(isVarveError(error, 'CODEC_REFUSED')).toBe(true);
      return;
    }
    expect.unreachable('was decoded');
  };
  const varve = [0xd9, 0x76, 0x61];

  test.each([
    ['nothing at all', []],
    ['two values', [0x01, 0x02]],
    ['an array that states 2^32 − 1 items', [0x9a, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['an array that states 2^64 − 1 items', [0x9b, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['bytes that state 2^32 − 1 bytes', [0x5a, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['text that states 2^53 bytes', [0x7b, 0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['a map that ends after a key', [0xa1, 0x61, 0x61]],
    ['a map with a number as key', [0xa1, 0x01, 0x01]],
    ['an array without end', [0x9f, 0x01]],
    ['a break', [0xff]],
    ['a reference to nothing', [0xd8, 0x1d, 0x00]],
    ['a reference to itself', [0xd8, 0x1c, 0xd8, 0x1d, 0x00]],
    ['a shareable number', [0xd8, 0x1c, 0x01]],
    ['a reference to a negative number', [0x82, 0xd8, 0x1c, 0x80, 0xd8, 0x1d, 0x20]],
    ['an unknown tag', [0xc6, 0x01]],
    ['an unknown kind', [...varve, 0x82, 0x18, 99, 0x01]],
    ['Varve’s tag around a number', [...varve, 0x01]],
    ['five bytes as Float64Array', [0xd8, 86, 0x45, 1, 2, 3, 4, 5]],
    ['a RegExp that does not compile', [0xd9, 0x52, 0x5a, 0x82, 0x61, 0x28, 0x60]],
    ['an error of an unknown type', [...varve, 0x84, 4, 0x61, 0x41, 0xf6, 0xf6]],
    ['half a UTF-16 unit', [...varve, 0x82, 0, 0x41, 0x61]],
    ['an array whose length is text', [...varve, 0x82, 2, 0x61, 0x61]],
    [
      'an array whose key is its length',
      [...varve, 0x84, 2, 0x01, 0x66, ...Buffer.from('length'), 0x1a, 0x77, 0x35, 0x94, 0],
    ],
  ])('%s is refused', (_, bytes) => {
    refused(bytes);
  });

  test('a million brackets are refused without a stack overflow', () => {
    refused(new Uint8Array(1_000_000).fill(0x81));
  });

  test('a sparse array of any stated length takes no memory for it', () => {
    const before = process.memoryUsage();
    const kept: unknown[] = [];
    for (let round = 0; round < 20; round++) {
      kept.push(codec.decode(new Uint8Array([...varve, 0x82, 2, 0x1a, 0x01, 0xf0, 0, 0])));
    }
    const after = process.memoryUsage();
    expect((kept[0] as unknown[]).length).toBe(0x1f0_0000);
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(
      50_000_000,
    );
  });

  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusedOrValue), { numRuns: 5000 });
  });

  test('damaged values', () => {
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (value, edits) => {
          let bytes: Uint8Array;
          try {
            bytes = codec.encode(value);
          } catch {
            return;
          }
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
          refusedOrValue(bytes);
          refusedOrValue(bytes.subarray(0, (edits[0]?.[0] ?? 0) % bytes.length));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
