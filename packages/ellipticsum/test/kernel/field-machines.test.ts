import { describe, expect, test } from '@jest/globals';
import { balancedLimbs, prime, rootOfMinusOne } from '../../src/kernel/field-constants.js';
import type { FieldMachine } from '../../src/kernel/field-machine.js';
import { maxLimb } from '../../src/kernel/fma-field.js';
import { MemoryLayout } from '../../src/kernel/memory-layout.js';
import { ScalarField } from '../../src/kernel/scalar-field.js';
import { SimdField } from '../../src/kernel/simd-field.js';
import type { StreamOrder } from '../../src/kernel/stream-order.js';
import type { Code } from '../../src/kernel/wasm-code.js';
import { ModuleBuilder } from '../../src/kernel/wasm-module.js';
import { engine, hasRelaxedSimd } from './engine.js';
import { hardLimbs, modulo, random, valueOfLimbs } from './field-samples.js';

type Step = (
  field: FieldMachine,
  at: { a: number; b: number; result: number; masks: readonly [number, number, number] },
) => Code;

/** A module with one function that takes one step on operands that can be written and read from outside. */
async function runner(create: (module: ModuleBuilder, layout: MemoryLayout) => FieldMachine, step: Step) {
  const module = new ModuleBuilder();
  const layout = new MemoryLayout();
  const field = create(module, layout);
  const masks = [field.mask(), field.mask(), field.mask()] as const;
  const at = { a: field.element(), b: field.element(), result: field.element(), masks };
  module.export('run', []).do(step(field, at));
  for (const { address, bytes } of layout.data) module.data(address, bytes);
  const { exports } = await engine.instantiate(await engine.compile(module.encode(layout.end)));
  const { memory, run } = exports as { memory: { buffer: ArrayBuffer }; run: () => void };
  return { at, run, floats: new Float64Array(memory.buffer), integers: new BigInt64Array(memory.buffer) };
}

type Operands = readonly [a: readonly bigint[], b: readonly bigint[]];

/** Eight lanes at once: limbs of the results, and the masks. */
async function simdRunner(order: StreamOrder, step: Step) {
  const { at, run, floats, integers } = await runner((module, layout) => new SimdField(module, layout, order), step);
  const cell = (address: number, k: number, lane: number): number => address / 8 + 8 * k + lane;
  return (lanes: readonly Operands[]) => {
    for (const [lane, [a, b]] of lanes.entries()) {
      for (let k = 0; k < 5; k++) {
        floats[cell(at.a, k, lane)] = Number(a[k]);
        floats[cell(at.b, k, lane)] = Number(b[k]);
      }
    }
    run();
    return lanes.map((_, lane) => ({
      limbs: Array.from({ length: 5 }, (_, k) => BigInt(floats[cell(at.result, k, lane)] as number)),
      masks: at.masks.map((mask) => integers[mask / 8 + lane]),
    }));
  };
}

/** One lane: the value of the result, and the masks. */
async function scalarRunner(step: Step) {
  const { at, run, integers } = await runner((module, layout) => new ScalarField(module, layout), step);
  const widths = [26, 25];
  return (a: bigint, b: bigint) => {
    for (const [address, value] of [
      [at.a, a],
      [at.b, b],
    ] as const) {
      for (const [k, limb] of balancedLimbs(value, widths, 10).entries()) integers[address / 8 + k] = limb;
    }
    run();
    const limbs = Array.from({ length: 10 }, (_, k) => integers[at.result / 8 + k] as bigint);
    const value = limbs.reduceRight((sum, limb, k) => (sum << BigInt(widths[k % 2] as number)) + limb, 0n);
    return { limbs, value, masks: at.masks.map((mask) => integers[mask / 8]) };
  };
}

/** Steps with one result, and what they have to give. */
const operations: readonly (readonly [name: string, step: Step, expected: (a: bigint, b: bigint) => bigint])[] = [
  ['multiply', (field, { a, b, result }) => field.multiply(result, a, b), (a, b) => a * b],
  [
    'multiply in place',
    (field, { a, b, result }) => [...field.multiply(a, a, b), ...field.addSmall(result, a, 1)],
    (a, b) => a * b + 1n,
  ],
  ['square once', (field, { a, result }) => field.square(result, a), (a) => a * a],
  ['square three times', (field, { a, result }) => field.square(result, a, 3), (a) => a ** 8n],
  ['add', (field, { a, b, result }) => field.add(result, a, b), (a, b) => a + b],
  ['subtract', (field, { a, b, result }) => field.subtract(result, a, b), (a, b) => a - b],
  ['double', (field, { a, result }) => field.add(result, a, a), (a) => 2n * a],
  ['negate', (field, { a, result }) => field.negate(result, a), (a) => -a],
  ['add minus one', (field, { a, result }) => field.addSmall(result, a, -1), (a) => a - 1n],
];

const masksOf: Step = (field, { a, masks }) => field.isNegative(masks[0], a);
const classes: Step = (field, { a, masks }) => field.classify(masks[0], masks[1], masks[2], a);
const powersOfRoot: readonly (readonly [value: bigint, masks: readonly bigint[]])[] = [
  [0n, [0n, 0n, 0n]],
  [1n, [0n, -1n, 0n]],
  [prime - 1n, [-1n, -1n, 0n]],
  [rootOfMinusOne, [0n, 0n, 0n]],
  [prime - rootOfMinusOne, [0n, 0n, -1n]],
];

function vectorTests(order: StreamOrder): void {
  const limbsOf = (value: bigint): bigint[] => balancedLimbs(value, [51], 5);
  const zero = limbsOf(0n);

  test.each(operations)('%s, in every lane, at the corners', async (name, step, expected) => {
    const run = await simdRunner(order, step);
    const next = random(name.length);
    for (let round = 0; round < 500; round++) {
      const lanes = Array.from({ length: 8 }, () => [hardLimbs(next), hardLimbs(next)] as const);
      for (const [lane, { limbs }] of run(lanes).entries()) {
        const [a, b] = lanes[lane] as Operands;
        if (modulo(valueOfLimbs(limbs)) !== modulo(expected(valueOfLimbs(a), valueOfLimbs(b))))
          throw new Error(`${a} and ${b}`);
        if (limbs.some((limb) => limb > maxLimb + 1 || limb < -maxLimb - 1)) throw new Error(`limbs ${limbs}`);
      }
    }
  });

  test('carries sums whose limbs are ties', async () => {
    const run = await simdRunner(order, (field, { a, b, result }) => field.add(result, a, b));
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const lanes = Array.from({ length: 8 }, () => {
        const limb = (): bigint => (next() < 0.5 ? 1n : -1n) * 2n ** 50n;
        return [Array.from({ length: 5 }, limb), Array.from({ length: 5 }, limb)] as const;
      });
      for (const [lane, { limbs }] of run(lanes).entries()) {
        const [a, b] = lanes[lane] as Operands;
        expect(modulo(valueOfLimbs(limbs))).toBe(modulo(valueOfLimbs(a) + valueOfLimbs(b)));
        expect(limbs.every((limb) => limb <= maxLimb && limb >= -maxLimb)).toBe(true);
      }
    }
  });

  test('tells the parity of the canonical value', async () => {
    const run = await simdRunner(order, masksOf);
    const next = random(6);
    const special = [0n, 1n, -1n, 2n, -2n].map((value) => [limbsOf(modulo(value)), zero] as const);
    for (let round = 0; round < 300; round++) {
      const fuzzed = Array.from({ length: 8 }, () => [hardLimbs(next), zero] as const);
      const lanes = round === 0 ? special : fuzzed;
      for (const [lane, { masks }] of run(lanes).entries()) {
        const isOdd = modulo(valueOfLimbs(lanes[lane]?.[0] ?? [])) % 2n === 1n;
        expect(masks[0]).toBe(isOdd ? -1n : 0n);
      }
    }
  });

  test('tells the powers of the root of -1 apart, as they come out of a product', async () => {
    const run = await simdRunner(order, (field, at) => [...field.multiply(at.a, at.a, at.b), ...classes(field, at)]);
    for (const [value, expected] of powersOfRoot) {
      const next = random(Number(value % 1000n));
      const lanes = Array.from({ length: 8 }, () => {
        const factor = modulo(valueOfLimbs(hardLimbs(next))) || 1n;
        return [limbsOf(factor), limbsOf(modulo(value * power(factor, prime - 2n)))] as const;
      });
      for (const { masks } of run(lanes)) expect(masks).toEqual(expected);
    }
  });
}

if (hasRelaxedSimd) describe.each(['paired', 'apart'] as const)('arithmetic on vectors, %s', vectorTests);

describe('arithmetic on integers', () => {
  test.each(operations)('%s', async (name, step, expected) => {
    const run = await scalarRunner(step);
    const next = random(name.length);
    for (let round = 0; round < 1500; round++) {
      const [a, b] = [modulo(valueOfLimbs(hardLimbs(next))), modulo(valueOfLimbs(hardLimbs(next)))];
      const { value, limbs } = run(a, b);
      if (modulo(value) !== modulo(expected(a, b))) throw new Error(`${a} and ${b}`);
      if (limbs.some((limb, k) => abs(limb) > ((k % 2 === 0 ? 2n ** 25n : 2n ** 24n) * 101n) / 100n)) {
        throw new Error(`limbs ${limbs}`);
      }
    }
  });

  test('tells the parity of the canonical value', async () => {
    const run = await scalarRunner(masksOf);
    const next = random(6);
    const special = [0n, 1n, prime - 1n, 2n, prime - 2n, (prime - 1n) / 2n, (prime + 1n) / 2n];
    for (let round = 0; round < 500; round++) {
      const value = special[round] ?? modulo(valueOfLimbs(hardLimbs(next)));
      expect(run(value, 0n).masks[0]).toBe(value % 2n === 1n ? -1n : 0n);
    }
  });

  test('tells the powers of the root of -1 apart', async () => {
    const run = await scalarRunner(classes);
    for (const [value, expected] of powersOfRoot) expect(run(value, 0n).masks).toEqual(expected);
  });
});

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}
