/**
 * A word to the other tabs of the demo that the volume is not as it was.
 *
 * Always true: many words are one; a tab that nobody sees listens when it is seen again.
 */
const CHANNEL = 'varve-demo-volume';
const PAUSE_MS = 150;

export class OtherTabs {
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #changed: () => void;
  #hasNews = false;
  #isWaiting = false;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#channel.addEventListener('message', () => {
      this.#hasNews = true;
      this.#soon();
    });
    document.addEventListener('visibilitychange', () => this.#soon());
  }

  tell(): void {
    this.#channel.postMessage('changed');
  }

  #soon(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      if (!this.#hasNews || document.visibilityState === 'hidden') return;
      this.#hasNews = false;
      this.#changed();
    }, PAUSE_MS);
  }
}
