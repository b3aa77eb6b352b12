import { compareBytes } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import { computeManifest } from '../src/index.js';
import type { KeyInterval } from '../src/range.js';
import { readToSplit, splitRange } from '../src/split-range.js';
import { apply, bytes, fromHex, type PlainState, packState } from './support/plain-state.js';
import { parameters } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';

const limits = parameters({ maxRangeRecords: 100 });

/** One record for each second byte of the key. */
function stateOf(seconds: readonly number[]): PlainState {
  return apply(
    new Map(),
    seconds.map((second, i) => ({ key: bytes(5, second, i), value: bytes(i) })),
  );
}

/** The range of a state under prefix 5 as one entry, whatever the limits say, and a reader of the state. */
async function rangeOf(state: PlainState) {
  const packed = packState(state);
  const wide = parameters({ maxRangeRecords: 1000 });
  const { entries } = await computeManifest([packed], { height: 0, parameters: wide, hasher: toyHasher });
  const [entry] = entries;
  if (entry === undefined) throw new Error('the state is empty');
  const reads: KeyInterval[] = [];
  async function* readRecords(interval: KeyInterval) {
    reads.push(interval);
    const { startKey, endKey } = interval;
    const inside = [...state].filter(([keyHex]) => {
      const key = fromHex(keyHex);
      return compareBytes(key, startKey) >= 0 && (endKey === undefined || compareBytes(key, endKey) < 0);
    });
    yield packState(new Map(inside));
  }
  const range = { entry, count: entry.count, bytes: entry.bytes, records: [], moved: [] };
  return { packed, range, reads, readRecords };
}

const repeated = (second: number, count: number): number[] => new Array<number>(count).fill(second);

describe('a range that is split', () => {
  test.each([
    ['its halves are alike', [...repeated(1, 52), ...repeated(200, 50)], 1],
    ['its upper half is the larger', [...repeated(1, 10), ...repeated(200, 95)], 1],
    ['its lower half is the larger', [...repeated(1, 95), ...repeated(200, 10)], 2],
    ['its upper half is to be split, too', [...repeated(1, 10), ...repeated(200, 60), ...repeated(250, 60)], 2],
    ['its lower half is to be split, too', [...repeated(1, 60), ...repeated(100, 60), ...repeated(200, 99)], 1],
    ['all is in its upper half', [...repeated(200, 60), ...repeated(250, 60)], 2],
    ['all is in its lower half', [...repeated(1, 60), ...repeated(100, 60)], 2],
  ])('is read as far as necessary when %s', async (_, seconds, expectedReads) => {
    const { packed, range, reads, readRecords } = await rangeOf(stateOf(seconds));
    const context = { hasher: toyHasher, limits };
    const parts = await splitRange(context, range, await readToSplit(context, range, readRecords));
    expect(reads.length).toBe(expectedReads);
    const { entries } = await computeManifest([packed], { height: 0, parameters: limits, hasher: toyHasher });
    expect(entries.length).toBeGreaterThan(1);
    expect(parts?.map(({ count, bytes: size, sums }) => ({ count, bytes: size, sums }))).toEqual(
      entries.map(({ count, bytes: size, sum }) => ({ count, bytes: size, sums: [sum] })),
    );
  });

  test('is read whole by a hasher without differences', async () => {
    const { range, reads, readRecords } = await rangeOf(stateOf([...repeated(1, 52), ...repeated(200, 50)]));
    const { negate: _, ...hasher } = toyHasher;
    const read = await readToSplit({ hasher, limits }, range, readRecords);
    expect([reads.length, read.unread]).toEqual([2, undefined]);
    expect(await splitRange({ hasher, limits }, range, read)).toBeUndefined();
  });
});
