import { compareBytes, equalBytes, toHex } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createNobleBackend,
  EllipticSum,
  encodeRecord,
  packRecords,
  StateChecksum,
  uncompressedSumBytes,
} from '../src/index.js';

const key = fc.uint8Array({ minLength: 1, maxLength: 40 });
const value = fc.uint8Array({ maxLength: 80 });
const record = fc.tuple(key, value);

function sumOf(records: Iterable<readonly [Uint8Array, Uint8Array]>): EllipticSum {
  let sum = EllipticSum.zero;
  for (const [key, value] of records) sum = sum.add(EllipticSum.ofRecord(key, value));
  return sum;
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
  return 'accepted';
}

describe('sums', () => {
  test('do not depend on the order of records', () => {
    const shuffled = fc
      .array(record, { maxLength: 10 })
      .chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })));
    fc.assert(
      fc.property(shuffled, ([records, others]) => {
        expect(toHex(sumOf(others).encode())).toBe(toHex(sumOf(records).encode()));
      }),
    );
  });

  test('return to where they were when what was added is removed, in any order', () => {
    const cases = fc
      .array(record, { minLength: 1, maxLength: 6 })
      .chain((added) =>
        fc.tuple(
          fc.array(record, { maxLength: 4 }),
          fc.constant(added),
          fc.shuffledSubarray(added, { minLength: added.length }),
        ),
      );
    fc.assert(
      fc.property(cases, ([before, added, removed]) => {
        const start = sumOf(before);
        let sum = start;
        for (const [key, value] of added) sum = sum.add(EllipticSum.ofRecord(key, value));
        expect(sum.equals(start)).toBe(false);
        for (const [key, value] of removed) sum = sum.subtract(EllipticSum.ofRecord(key, value));
        expect(sum.equals(start)).toBe(true);
        expect(toHex(sum.encode())).toBe(toHex(start.encode()));
      }),
    );
  });

  test('survive both of their forms', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (records) => {
        const sum = sumOf(records);
        expect(EllipticSum.decode(sum.encode()).equals(sum)).toBe(true);
        expect(EllipticSum.fromUncompressed(sum.toUncompressed()).equals(sum)).toBe(true);
      }),
    );
  });

  test('add up from ranges to prefixes to the total', async () => {
    await using backend = createNobleBackend();
    const records = fc.uniqueArray(fc.tuple(fc.uint8Array({ minLength: 2, maxLength: 5, max: 3 }), value), {
      maxLength: 30,
      selector: ([key]) => toHex(key),
    });
    const ranges = 16;
    await fc.assert(
      fc.asyncProperty(records, async (records) => {
        records.sort(([a], [b]) => compareBytes(a, b));
        const rangeOf = (key: Uint8Array) => (key[0] as number) * 4 + (key[1] as number);
        const groups = Uint32Array.from(records, ([key]) => rangeOf(key));
        const sums = await backend.sum({ ...packRecords(records), groups, groupCount: ranges });
        const fromRanges = new StateChecksum();
        for (let range = 0; range < ranges; range++) {
          const at = range * uncompressedSumBytes;
          const sum = EllipticSum.fromUncompressed(sums.slice(at, at + uncompressedSumBytes));
          expect(sum.equals(sumOf(records.filter(([key]) => rangeOf(key) === range)))).toBe(true);
          fromRanges.addSum(Math.floor(range / 4), sum);
        }
        for (let prefix = 0; prefix < 4; prefix++) {
          const expected = sumOf(records.filter(([key]) => key[0] === prefix));
          expect(fromRanges.checksum(prefix).equals(expected)).toBe(true);
        }
        expect(fromRanges.total().equals(sumOf(records))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a state checksum', () => {
  test('kept up to date through a random history equals one computed from the records that are left', () => {
    const change = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 2, max: 2 }),
      fc.option(value, { nil: undefined }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const state = new Map<string, [Uint8Array, Uint8Array]>();
        const kept = new StateChecksum();
        for (const [key, value] of changes) {
          const old = state.get(toHex(key));
          if (old !== undefined) kept.removeRecord(...old);
          state.delete(toHex(key));
          if (value === undefined) continue;
          kept.addRecord(key, value);
          state.set(toHex(key), [key, value]);
        }
        const recomputed = new StateChecksum();
        for (const [key, value] of state.values()) recomputed.addRecord(key, value);
        const hexes = ({ root, entries }: { root: Uint8Array; entries: ReturnType<StateChecksum['entries']> }) => [
          toHex(root),
          ...entries.map(([prefix, sum]) => [prefix, toHex(sum.encode())]),
        ];
        expect(hexes({ root: kept.root(), entries: kept.entries() })).toEqual(
          hexes({ root: recomputed.root(), entries: recomputed.entries() }),
        );
        expect(kept.total().equals(sumOf(state.values()))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('decoders under arbitrary bytes', () => {
  test('decode accepts nothing but what encode gives', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean(), (bytes, isPlausible) => {
        if (isPlausible) {
          bytes[0] = (bytes[0] as number) & 0xfe;
          bytes[31] = (bytes[31] as number) & 0x7f;
        }
        const code = codeOf(() => EllipticSum.decode(bytes));
        if (code !== 'accepted') expect(code).toBe('ELLIPTICSUM_INVALID_ENCODING');
        else {
          accepted++;
          expect(toHex(EllipticSum.decode(bytes).encode())).toBe(toHex(bytes));
        }
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  test('fromUncompressed refuses a sum with any one bit flipped', () => {
    const bytes = EllipticSum.ofRecord(Uint8Array.of(1), Uint8Array.of(2)).toUncompressed();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => EllipticSum.fromUncompressed(flipped))).toBe('ELLIPTICSUM_INVALID_POINT');
    }
  });

  test('fromUncompressed refuses random coordinates', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 128, maxLength: 128 }), (bytes) => {
        expect(codeOf(() => EllipticSum.fromUncompressed(bytes))).toBe('ELLIPTICSUM_INVALID_POINT');
      }),
    );
  });
});

describe('record messages', () => {
  test('differ for different records', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ max: 1, maxLength: 4 }),
        fc.uint8Array({ max: 1, maxLength: 4 }),
        fc.nat(4),
        (a, b, cut) => {
          const joined = Uint8Array.of(...a, ...b);
          const at = Math.min(cut, joined.length);
          const isSame = equalBytes(encodeRecord(a, b), encodeRecord(joined.slice(0, at), joined.slice(at)));
          expect(isSame).toBe(at === a.length);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
