/** What only the browser itself can do to an origin's storage, over CDP. Chromium only. */
import type { CDPSession, Page } from 'playwright-core';

export class StorageControl {
  readonly #session: CDPSession;
  readonly #origin: string;

  private constructor(session: CDPSession, origin: string) {
    this.#session = session;
    this.#origin = origin;
  }

  static async of(page: Page): Promise<StorageControl> {
    return new StorageControl(await page.context().newCDPSession(page), new URL(page.url()).origin);
  }

  /** As "clear site data" does; `file_systems` leaves IndexedDB as it is. */
  async clear(what: 'all' | 'file_systems' | 'indexeddb'): Promise<void> {
    await this.#session.send('Storage.clearDataForOrigin', {
      origin: this.#origin,
      storageTypes: what,
    });
  }

  /** Sets the origin's quota; without a number it is the browser's own again. */
  async setQuota(quotaBytes?: number): Promise<void> {
    await this.#session.send('Storage.overrideQuotaForOrigin', {
      origin: this.#origin,
      ...(quotaBytes === undefined ? {} : { quotaSize: quotaBytes }),
    });
  }

  async usageBytes(): Promise<number> {
    const { usage } = await this.#session.send('Storage.getUsageAndQuota', {
      origin: this.#origin,
    });
    return usage;
  }
}
