/** Steps at random, for the model of a ring. */
import fc from 'fast-check';
import type { Step } from './exercise.ts';

const length = fc.integer({ min: 0, max: 130 });
const which = fc.nat(3);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reserve' as const), length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('extend' as const), which, length }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), which, length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which }) },
  { weight: 4, arbitrary: fc.constant({ do: 'take' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'peek' } as const) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), count: fc.nat(4) }) },
);

export const anySteps = fc.array(step, { maxLength: 120, size: 'max' });
