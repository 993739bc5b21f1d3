/**
 * A bundler as a stranger uses it: a blank app with a log and a volume, built or served, then stored,
 * killed, recovered.
 */
import { inject, test } from 'vitest';
import { appPage, TWO_APPS, VOLUME_PATH } from './app.ts';
import { record, survivedAs } from './results.ts';
import { survives, type Survived } from './survival.ts';
import { workshop, type Packages, type Workshop } from './workshop.ts';

export interface Bundler {
  readonly name: string;
  readonly packages: Packages;
  readonly files: Readonly<Record<string, string>>;
  /** What an author has to write, where nothing is not enough. */
  readonly line?: string;
  /** Builds and serves. */
  serve(project: Workshop): Promise<string>;
}

export const PLAIN = { 'index.html': appPage('./main.js'), ...TWO_APPS };

export async function projectOf({ packages, files }: Bundler): Promise<Workshop> {
  return workshop(packages, [inject('tarballs').varve], files);
}

/** The log, then the volume. */
export async function bothSurvive(upstream: string): Promise<{ log: Survived; volume: Survived }> {
  const log = await survives({ upstream });
  return { log, volume: await survives({ upstream, path: VOLUME_PATH }) };
}

export const bothSurvivedAs = ({ log, volume }: { log: Survived; volume: Survived }): string =>
  `a log: ${survivedAs(log)}; a volume likewise (${volume.acknowledged}, ${volume.recovered})`;

export function testBundlers(bundlers: readonly Bundler[]): void {
  for (const bundler of bundlers) {
    const { name, line } = bundler;
    test(`${name}: what was acknowledged is there after a kill`, async () => {
      const upstream = await bundler.serve(await projectOf(bundler));
      const survived = await bothSurvive(upstream);
      record({
        section: 'Bundlers',
        context: name,
        outcome: line === undefined ? 'works' : `one line: ${line}`,
        version: survived.log.browser,
        shown: bothSurvivedAs(survived),
      });
    });
  }
}
