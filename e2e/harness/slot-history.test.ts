import { expect, test } from 'vitest';
import { SlotHistory } from './slot-history.ts';

test('a slot counts when it held a segment before and holds a newer one', () => {
  const slots = new SlotHistory();
  expect(slots.take({ segments: [1, 2, 0], endSlot: 1 })).toEqual({
    recycled: 0,
    endsInRecycled: false,
  });
  // The third is used for the first time; the first was let go of and is spare.
  expect(slots.take({ segments: [0, 2, 3], endSlot: 2 })).toEqual({
    recycled: 0,
    endsInRecycled: false,
  });
  expect(slots.take({ segments: [4, 2, 3], endSlot: 0 })).toEqual({
    recycled: 1,
    endsInRecycled: true,
  });
  expect(slots.take({ segments: [4, 2, 3, 5], endSlot: 3 })).toEqual({
    recycled: 0,
    endsInRecycled: false,
  });
});
