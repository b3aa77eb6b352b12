import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { validateHashBatch } from '../../src/hash-backend.js';
import { EllipticSum, type HashBatch, unpackRecords } from '../../src/index.js';
import { SliceBuffers } from '../../src/pool/slice-buffers.js';
import { SumPlan } from '../../src/pool/sum-plan.js';
import { openWorkerPool } from '../../src/pool/worker-pool.js';
import { LocalThreads, reference, sharedWasm } from './local-threads.js';

/** Batches whose records lie close together, far apart or over one another, and are cut or not. */
const batches: fc.Arbitrary<HashBatch> = fc
  .record({
    count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 250, max: 900 })),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    memory: fc.constantFrom(100, 50_000, 3_000_000),
    maxLength: fc.constantFrom(0, 10, 200),
    isSequential: fc.boolean(),
    groupCount: fc.constantFrom(undefined, 1, 2, 7, 300, 20_000),
    isOrdered: fc.boolean(),
    hasSigns: fc.boolean(),
    isShared: fc.boolean(),
  })
  .map(({ count, seed, memory, maxLength, isSequential, groupCount, isOrdered, hasSigns, isShared }) => {
    let state = seed;
    const below = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const bytes = new Uint8Array(isShared ? new SharedArrayBuffer(memory) : new ArrayBuffer(memory));
    for (let at = 0; at < memory; at++) bytes[at] = (at * 31 + (at >> 7)) ^ seed;
    const offsets = new Uint32Array(4 * count);
    let next = 0;
    for (let at = 0; at < offsets.length; at += 2) {
      const start = isSequential ? next % memory : below(memory);
      const end = Math.min(memory, start + below(maxLength + 1));
      offsets.set([start, end], at);
      next = end;
    }
    const groups = Uint32Array.from({ length: count }, () => below(groupCount ?? 1));
    if (isOrdered) groups.sort();
    return {
      bytes,
      offsets,
      ...(hasSigns ? { signs: Int8Array.from({ length: count }, () => (below(2) === 0 ? 1 : -1)) } : {}),
      ...(groupCount === undefined ? {} : { groups, groupCount }),
    };
  });

/** The multiple of one element that stands for the sum of some records, for tests that hash nothing. */
const multiples: EllipticSum[] = [EllipticSum.zero];
const multiplesAsBytes: Uint8Array[] = [];
const one = EllipticSum.ofRecord(Uint8Array.of(1), Uint8Array.of(1));

function multiple(factor: number): EllipticSum {
  while (multiples.length <= factor) multiples.push((multiples.at(-1) as EllipticSum).add(one));
  return multiples[factor] as EllipticSum;
}

function multipleAsBytes(factor: number): Uint8Array {
  multiplesAsBytes[factor] ??= multiple(factor).toUncompressed();
  return multiplesAsBytes[factor];
}

/** For each group of the batch a number that depends on the keys, values and signs of its records. */
function digests(batch: HashBatch): number[] {
  const digests = new Array<number>(batch.groupCount ?? 1).fill(0);
  let index = 0;
  for (const [key, value] of unpackRecords(batch)) {
    const group = batch.groups?.[index] ?? 0;
    let digest = 7 * key.length + 1 + (batch.signs?.[index] ?? 1);
    for (const byte of key) digest += byte;
    for (const byte of value) digest = (3 * digest + byte) % 1009;
    digests[group] = (digests[group] ?? 0) + 1 + (digest % 8);
    index++;
  }
  return digests;
}

describe('slices of a batch', () => {
  test('have each record once, with its bytes, sign and group, and their sums come together in any order', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 4 }), fc.boolean(), (batch, threads, transfer) => {
        const count = batch.offsets.length / 4;
        const { groupCount = 1 } = batch;
        const expected = digests(batch);
        const plan = new SumPlan(batch, count, groupCount, transfer);
        plan.begin(threads);
        const buffers = new SliceBuffers(4);
        const answers: (() => void)[] = [];
        while (plan.hasNext) {
          const slice = plan.next(buffers);
          if (slice.work.method !== 'sum') throw new Error('no sum');
          validateHashBatch(slice.work.batch);
          const factors = digests(slice.work.batch);
          const result = new Uint8Array(128 * factors.length);
          for (const [group, factor] of factors.entries()) result.set(multipleAsBytes(factor), 128 * group);
          answers.push(() => plan.accept(slice, result));
        }
        for (const answer of answers.reverse()) answer();
        const sums = plan.finish();
        expect(sums.length).toBe(128 * groupCount);
        for (const [group, factor] of expected.entries()) {
          const sum = sums.subarray(128 * group, 128 * group + 128);
          if (Buffer.compare(sum, multipleAsBytes(factor)) === 0) continue;
          expect(EllipticSum.fromUncompressed(sum).equals(multiple(factor))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of records that lie far apart are no larger than the records', () => {
    const bytes = new Uint8Array(50_000_000);
    const offsets = Uint32Array.from({ length: 4000 }, (_, at) => 12_000 * (at >> 2) + 10 * (at % 4));
    const plan = new SumPlan({ bytes, offsets }, 1000, 1, false);
    plan.begin(2);
    const sizes: number[] = [];
    while (plan.hasNext) sizes.push(plan.next(new SliceBuffers(4)).buffer?.byteLength ?? 0);
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBe(65_536);
  });

  test('of records that lie over one another are no larger than what they share', () => {
    const bytes = new Uint8Array(1_000_000);
    const offsets = Uint32Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 0 : 1_000_000));
    const plan = new SumPlan({ bytes, offsets }, 100, 1, false);
    plan.begin(2);
    const sizes: number[] = [];
    while (plan.hasNext) sizes.push(plan.next(new SliceBuffers(4)).buffer?.byteLength ?? 0);
    expect(sizes.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 ** 20);
  });

  test('give the sums of the reference backend', async () => {
    const pool = await openWorkerPool(new LocalThreads(sharedWasm()), { threads: 2 });
    await fc.assert(
      fc.asyncProperty(
        batches.filter(({ groupCount = 1 }) => groupCount <= 300),
        async (batch) => {
          const encoded = await pool.encode(await pool.sum(batch));
          expect(Buffer.from(encoded).toString('hex')).toBe(await reference(batch));
        },
      ),
      { numRuns: 8 },
    );
    await pool.close();
  });
});
