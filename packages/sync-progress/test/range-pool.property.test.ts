import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RangePool } from '../src/range-pool.js';

describe('RangePool', () => {
  test('it does what a sorted set does, over any history', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'remove', 'next'), fc.nat(3_000)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 31, 32, 33, 1_024, 1_025, 3_000), steps, (count, history) => {
        const pool = new RangePool(count);
        const model = new Set<number>();
        for (const [step, number] of history) {
          const range = count === 0 ? 0 : number % count;
          if (step === 'next') {
            const expected = [...model].filter((each) => each >= number).toSorted((a, b) => a - b)[0];
            expect(pool.next(number)).toBe(expected);
          } else if (count > 0) {
            pool[step === 'add' ? 'add' : 'remove'](range);
            model[step === 'add' ? 'add' : 'delete'](range);
          }
          expect([pool.size, pool.has(range)]).toEqual([model.size, model.has(range)]);
        }
      }),
    );
  });
});
