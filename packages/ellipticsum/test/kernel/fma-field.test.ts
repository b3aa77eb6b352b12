import { describe, expect, test } from '@jest/globals';
import { prime } from '../../src/kernel/field-constants.js';
import { maxLimb, recordCarry, recordMultiply, recordSquare, recordSum } from '../../src/kernel/fma-field.js';
import type { Recording } from '../../src/kernel/recording.js';
import { hardLimbs, modulo, random, valueOfLimbs } from './field-samples.js';
import { evaluateExactly, proveBounds } from './models.js';

const hardLeft = [2n ** 50n, -(2n ** 50n), 2n ** 50n + 175n, 2n ** 50n - 1n, 1089580555008991n];
const hardRight = [2n ** 50n - 31n, 2n ** 50n + 92n, -(2n ** 50n), 2n ** 50n + 179n, 979730445252525n];

function excess(bounds: readonly number[]): number[] {
  return bounds.map((bound) => bound - 2 ** 50);
}

function countOperators({ nodes }: Recording): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of nodes) if (node.kind === 'operation') counts[node.operator] = (counts[node.operator] ?? 0) + 1;
  return counts;
}

describe('bounds, by intervals over the recorded operations', () => {
  const bounds = { inputs: 2 ** 50 + 2 ** 20, outputs: maxLimb };

  test('squares keep chains, sums and residuals exact, and their outputs enter the next product', () => {
    const proved = excess(proveBounds(recordSquare(), bounds));
    for (const [k, most] of [141, 51, 43, 29, 22].entries()) expect(proved[k]).toBeLessThanOrEqual(most);
  });

  test('products keep chains, sums and residuals exact, and their outputs enter the next product', () => {
    const proved = excess(proveBounds(recordMultiply(), bounds));
    for (const [k, most] of [179, 70, 57, 39, 23].entries()) expect(proved[k]).toBeLessThanOrEqual(most);
  });

  test('carries take the sums of two numbers, and their outputs enter the next product', () => {
    proveBounds(recordSum('add'), { inputs: maxLimb, outputs: maxLimb });
    proveBounds(recordSum('sub'), { inputs: maxLimb, outputs: maxLimb });
    proveBounds(recordCarry(), { inputs: 2 ** 52, outputs: maxLimb });
  });

  test('a product whose fourth column is folded with its carry is rejected', () => {
    expect(() => proveBounds(recordMultiply({ withoutPreCarry: true }), bounds)).toThrow('residual');
  });

  test('a product that cancels a bias late is rejected', () => {
    expect(() => proveBounds(recordMultiply({ lateBias: true }), bounds)).toThrow('a sum may reach');
  });

  test('inputs that make chains too long are rejected', () => {
    const inputs = 2 ** 50 + 2 ** 49;
    expect(() => proveBounds(recordMultiply(), { inputs, outputs: maxLimb })).toThrow('chain');
    expect(() => proveBounds(recordSquare(), { inputs, outputs: maxLimb })).toThrow('chain');
  });
});

describe('recorded operations, on exact numbers', () => {
  test('are as many as designed', () => {
    expect(countOperators(recordSquare())).toEqual({ madd: 52, nmadd: 5, add: 21, sub: 20 });
    const product = Object.values(countOperators(recordMultiply()));
    expect(product.reduce((sum, count) => sum + count)).toBe(138);
  });

  test('square and multiply modulo p, within the bounds', () => {
    const next = random(1);
    const square = recordSquare();
    const multiply = recordMultiply();
    for (let round = 0; round < 400; round++) {
      const [a, b] = [hardLimbs(next), hardLimbs(next)];
      const squared = evaluateExactly(square, a);
      const multiplied = evaluateExactly(multiply, [...a, ...b]);
      expect(modulo(valueOfLimbs(squared))).toBe(modulo(valueOfLimbs(a) ** 2n));
      expect(modulo(valueOfLimbs(multiplied))).toBe(modulo(valueOfLimbs(a) * valueOfLimbs(b)));
      for (const limb of [...squared, ...multiplied]) expect(limb <= maxLimb && limb >= -maxLimb).toBe(true);
    }
  });

  test('add and subtract modulo p, within the bounds', () => {
    const next = random(2);
    for (let round = 0; round < 300; round++) {
      const [a, b] = [hardLimbs(next), hardLimbs(next)];
      for (const [operator, sign] of [
        ['add', 1n],
        ['sub', -1n],
      ] as const) {
        const result = evaluateExactly(recordSum(operator), [...a, ...b]);
        expect(modulo(valueOfLimbs(result))).toBe(modulo(valueOfLimbs(a) + sign * valueOfLimbs(b)));
        for (const limb of result) expect(limb <= maxLimb && limb >= -maxLimb).toBe(true);
      }
    }
  });

  test('get a product right that is wrong without the early carry', () => {
    const right = evaluateExactly(recordMultiply(), [...hardLeft, ...hardRight]);
    expect(right).toEqual([
      -480626088672562n,
      -269973848642310n,
      -754231873080524n,
      882560249575042n,
      -1125899906842538n,
    ]);
    const expected = modulo(valueOfLimbs(hardLeft) * valueOfLimbs(hardRight));
    expect(modulo(valueOfLimbs(right))).toBe(expected);
    const wrong = evaluateExactly(recordMultiply({ withoutPreCarry: true }), [...hardLeft, ...hardRight]);
    expect(modulo(valueOfLimbs(wrong))).not.toBe(expected);
  });

  test('get some products wrong when a bias is cancelled late', () => {
    const next = random(3);
    const late = recordMultiply({ lateBias: true });
    let wrong = 0;
    for (let round = 0; round < 500; round++) {
      const [a, b] = [hardLimbs(next), hardLimbs(next)];
      const result = evaluateExactly(late, [...a, ...b]);
      if (modulo(valueOfLimbs(result)) !== modulo(valueOfLimbs(a) * valueOfLimbs(b))) wrong++;
    }
    expect(wrong).toBeGreaterThan(0);
  });

  test('keep -p < value < p, which the sign rule rests on', () => {
    const most = valueOfLimbs(Array<bigint>(5).fill(BigInt(maxLimb)));
    expect(most < prime).toBe(true);
  });
});
