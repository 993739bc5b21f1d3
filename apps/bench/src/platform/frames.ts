/**
 * Frames that a page did not get to draw: whoever scrolls meanwhile sees them missing.
 *
 * Only a page draws; elsewhere the answer is null. A gap counts from one and a half frames on, at
 * the 60 Hz of a headless browser.
 */
const FRAME_MS = 1000 / 60;

export class Frames {
  readonly #drawnMs: number[] = [];
  #next: number | undefined;

  constructor() {
    if (!('document' in globalThis)) return;
    const drawn = (nowMs: number): void => {
      this.#drawnMs.push(nowMs);
      this.#next = requestAnimationFrame(drawn);
    };
    this.#next = requestAnimationFrame(drawn);
  }

  /** How many were missing within those spans of `performance.now()`, and ends the watch. */
  dropped(spans: readonly (readonly [from: number, to: number])[]): number | null {
    if (this.#next === undefined) return null;
    cancelAnimationFrame(this.#next);
    let missing = 0;
    for (let at = 1; at < this.#drawnMs.length; at++) {
      const [before, after] = [this.#drawnMs[at - 1]!, this.#drawnMs[at]!];
      if (!spans.some(([from, to]) => after > from && before < to)) continue;
      missing += Math.max(0, Math.round((after - before) / FRAME_MS - 1));
    }
    return missing;
  }
}
