/** A deliberate fault, put into the sources when they are bundled for a run of the lane; never shipped. */
export interface PlantedBug {
  readonly name: string;
  /** In packages/journal/src, or in the `src` of another package. */
  readonly package?: 'engine' | 'files' | 'volume';
  readonly file: string;
  /** Stands exactly once in the file; anything else fails the run. */
  readonly find: string;
  readonly replace: string;
}

/** @throws when `find` does not stand exactly once in the source */
export function plant({ name, file, find, replace }: PlantedBug, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`planted bug "${name}": its text stands ${parts.length - 1} times in ${file}`);
  return parts.join(replace);
}
