/**
 * A folder as one context sees it: each call takes its time, and never ends for a context that died.
 */
import type { Directory, SyncFile } from '../../port.ts';
import { ContextFile } from './context-file.ts';
import type { SimulatedContext } from './simulated-context.ts';

export class ContextDirectory implements Directory {
  readonly #context: SimulatedContext;
  readonly #directory: Directory;

  constructor(context: SimulatedContext, directory: Directory) {
    this.#context = context;
    this.#directory = directory;
  }

  async openFile(name: string, options: { create: boolean }): Promise<SyncFile> {
    await this.#context.host.closed?.();
    await this.#turn();
    return new ContextFile(this.#context, await this.#directory.openFile(name, options));
  }

  async hasFile(name: string): Promise<boolean> {
    await this.#turn();
    return this.#directory.hasFile(name);
  }

  async removeFile(name: string): Promise<void> {
    await this.#context.host.closed?.();
    await this.#turn();
    await this.#directory.removeFile(name);
  }

  async directory(
    name: string,
    options: { create: boolean },
  ): Promise<ContextDirectory | undefined> {
    await this.#turn();
    const inner = await this.#directory.directory(name, options);
    return inner && new ContextDirectory(this.#context, inner);
  }

  async removeDirectory(name: string): Promise<void> {
    await this.#context.host.closed?.();
    await this.#turn();
    await this.#directory.removeDirectory(name);
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    await this.#turn();
    return this.#directory.list();
  }

  async #turn(): Promise<void> {
    await this.#context.turn();
    this.#context.assertAlive();
  }
}
