/**
 * Which slots of a store's file were written over with a newer segment, told from what each recovery
 * found in them.
 *
 * Always true: a slot that is only written for the first time does not count.
 */
import type { SlotFacts } from '../app/page.ts';

export interface SlotUse {
  /** Slots that held a segment at an earlier recovery and hold a newer one since this round. */
  readonly recycled: number;
  /** The log ends in a slot that was recycled, in this round or before. */
  readonly endsInRecycled: boolean;
}

export class SlotHistory {
  /** Per slot: the newest segment that any recovery found there. */
  readonly #held = new Map<number, number>();
  readonly #recycled = new Set<number>();

  take({ segments, endSlot }: SlotFacts): SlotUse {
    let recycled = 0;
    segments.forEach((segment, slot) => {
      const before = this.#held.get(slot) ?? 0;
      if (segment <= before) return;
      this.#held.set(slot, segment);
      if (before === 0) return;
      this.#recycled.add(slot);
      recycled++;
    });
    return { recycled, endsInRecycled: this.#recycled.has(endSlot) };
  }
}
