/** Everything that a run needs besides its kills: the app, the server, the browser program. */
import {
  type BrowserName,
  type Launch,
  PageServer,
  type PageServerOptions,
} from '@varve/crashkit/playwright';
import type { Plugin } from 'vite';
import { buildApp, type BuiltApp } from './app-build.ts';
import { launcherOf } from './browsers.ts';

export interface StageOptions extends Omit<PageServerOptions, 'folder' | 'upstream'> {
  readonly browser?: BrowserName;
  readonly pages?: readonly string[];
  readonly plugins?: () => Plugin[];
}

export class Stage {
  readonly server: PageServer;
  readonly launch: Launch;
  readonly #app: BuiltApp;

  private constructor(server: PageServer, launch: Launch, app: BuiltApp) {
    this.server = server;
    this.launch = launch;
    this.#app = app;
  }

  static async set(options: StageOptions = {}): Promise<Stage> {
    const launch = await launcherOf(options.browser ?? 'chromium');
    const app = await buildApp([...(options.pages ?? ['varve']), 'blank'], options.plugins);
    const server = await PageServer.start({ ...options, folder: app.folder });
    return new Stage(server, launch, app);
  }

  async strike(): Promise<void> {
    await this.server.close();
    this.#app.remove();
  }
}
