/** Bugs that the two-thread runs must notice. `find` stands exactly once in its file. */
export interface PlantedBug {
  readonly name: string;
  /** In packages/fifo/src. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly kind: 'work' | 'scribble';
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a record is published before it is filled',
    file: 'producer.ts',
    find: '    this.#open.push(entry);\n    return entry;',
    replace:
      "    this.#open.push(entry);\n    entry.state = 'committed';\n    this.#publish();\n    entry.state = 'open';\n    return entry;",
    kind: 'work',
  },
  {
    name: 'no pad at the end of the memory',
    file: 'producer.ts',
    find: '      if (entry.pad > 0) this.#head(entry.start, PAD_MAGIC, entry.pad, 0);\n',
    replace: '',
    kind: 'work',
  },
  {
    name: 'a stale index: room is measured from what was published, not from what was settled',
    file: 'producer.ts',
    find: 'const used = distance(this.#refreshed(), start);',
    replace: 'const used = distance(this.#written, start);',
    kind: 'work',
  },
  {
    name: 'what is aborted stays in the way',
    file: 'producer.ts',
    find: "entry.state === 'committed' ? RECORD_MAGIC : PAD_MAGIC",
    replace: 'RECORD_MAGIC',
    kind: 'work',
  },
  {
    name: 'records overtake those that are still being filled',
    file: 'producer.ts',
    find: "entry && entry.state !== 'open'; entry = this.#open[0]",
    replace: 'entry; entry = this.#open[0]',
    kind: 'work',
  },
  {
    name: 'a record that moves past the end leaves its bytes behind',
    file: 'producer.ts',
    find: '    if (pad !== entry.pad) this.#memory.bytes.copyWithin(ENTRY_BYTES, from, from + entry.length);\n',
    replace: '',
    kind: 'work',
  },
  {
    name: 'a sleeper does not look again',
    file: 'bell.ts',
    find: '    if (!isDue()) {',
    replace: '    if (limitMs > 0) {',
    kind: 'work',
  },
  {
    name: 'a producer is not woken when room is there',
    file: 'consumer.ts',
    find: '    this.#ringer.ring();\n',
    replace: '',
    kind: 'work',
  },
  {
    name: 'the length is not checked',
    file: 'consumer.ts',
    find: "      if (length > span - ENTRY_BYTES) throw new RingError('length', length);\n",
    replace: '',
    kind: 'scribble',
  },
  {
    name: 'the length is read again when it is used',
    file: 'consumer.ts',
    find: 'target.set(this.#memory.bytes.subarray(from, from + this.#length), at);',
    replace:
      'target.set(this.#memory.bytes.subarray(from, from + this.#memory.heads[from / 4 - 2]!), at);',
    kind: 'scribble',
  },
];

export function plant({ name, file, find, replace }: PlantedBug, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`planted bug "${name}": its text stands ${parts.length - 1} times in ${file}`);
  }
  return parts.join(replace);
}
