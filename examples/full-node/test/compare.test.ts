import { describe, expect, test } from '@jest/globals';
import { comparePacks } from '../src/compare.js';

type Pair = readonly [key: number, value: number];

/** Records as packs of at most `size`. */
async function* packs(records: readonly Pair[], size: number) {
  for (let from = 0; from < records.length; from += size) {
    const some = records.slice(from, from + size);
    yield {
      bytes: Uint8Array.from(some.flat()),
      offsets: Uint32Array.from(some.flatMap((_, i) => [2 * i, 2 * i + 1, 2 * i + 1, 2 * i + 2])),
    };
    // A pack of a snapshot may be empty.
    yield { bytes: new Uint8Array(0), offsets: new Uint32Array(0) };
  }
}

const records: readonly Pair[] = [
  [1, 10],
  [2, 20],
  [3, 30],
  [4, 40],
  [5, 50],
];

describe('comparing records', () => {
  test('finds none that differ where only the packs do', async () => {
    const compared = await comparePacks(packs(records, 2), [packs(records, 1), packs(records, 3), packs(records, 9)]);
    expect(compared).toEqual(Array.from({ length: 3 }, () => ({ records: 5, difference: undefined })));
  });

  test('names the first record whose key or value differs, and goes on with the others', async () => {
    const otherValue: readonly Pair[] = records.map(([key, value]) => [key, key === 4 ? 41 : value]);
    const otherKey: readonly Pair[] = records.map(([key, value]) => [key === 2 ? 9 : key, value]);
    const compared = await comparePacks(packs(records, 2), [
      packs(otherValue, 2),
      packs(records, 5),
      packs(otherKey, 1),
    ]);
    expect(compared).toEqual([
      { records: 3, difference: 'record 3: 04=28 against 04=29' },
      { records: 5, difference: undefined },
      { records: 1, difference: 'record 1: 02=14 against 09=14' },
    ]);
  });

  test('finds that one side has fewer records, whichever it is', async () => {
    const fewer = records.slice(0, 3);
    const difference = 'one side ends after 3 records';
    expect(await comparePacks(packs(records, 2), [packs(fewer, 2)])).toEqual([{ records: 3, difference }]);
    expect(await comparePacks(packs(fewer, 2), [packs(records, 2)])).toEqual([{ records: 3, difference }]);
    expect(await comparePacks(packs([], 2), [packs(records, 2)])).toMatchObject([{ records: 0 }]);
  });
});
