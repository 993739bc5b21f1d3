/**
 * A bundler as a stranger uses it: a blank app with a log and a volume, built or served, then stored,
 * killed, recovered.
 */
import { inject, test } from 'vitest';
import { appPage, APPS, PORTS_PATH, VOLUME_PATH } from './app.ts';
import { linkByPort } from './links.ts';
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

export const PLAIN = { 'index.html': appPage('./main.js'), ...APPS };

export async function projectOf({ packages, files }: Bundler): Promise<Workshop> {
  return workshop(packages, [inject('tarballs').varve], files);
}

/** What became of the log, of the volume, and of the log whose tabs link by port. */
export interface AllSurvived {
  readonly log: Survived;
  readonly volume: Survived;
  readonly ports: Survived;
}

export async function allSurvive(upstream: string): Promise<AllSurvived> {
  const log = await survives({ upstream });
  const volume = await survives({ upstream, path: VOLUME_PATH });
  const path = PORTS_PATH;
  await linkByPort({ upstream, path });
  return { log, volume, ports: await survives({ upstream, path }) };
}

export const allSurvivedAs = ({ log, volume, ports }: AllSurvived): string =>
  `a log: ${survivedAs(log)}; a volume likewise (${volume.acknowledged}, ${volume.recovered}); ` +
  `two tabs link by \`varve/ports\` (${ports.acknowledged}, ${ports.recovered})`;

export function testBundlers(bundlers: readonly Bundler[]): void {
  for (const bundler of bundlers) {
    const { name, line } = bundler;
    test(`${name}: what was acknowledged is there after a kill`, async () => {
      const upstream = await bundler.serve(await projectOf(bundler));
      const survived = await allSurvive(upstream);
      record({
        section: 'Bundlers',
        context: name,
        outcome: line === undefined ? 'works' : `one line: ${line}`,
        version: survived.log.browser,
        shown: allSurvivedAs(survived),
      });
    });
  }
}
