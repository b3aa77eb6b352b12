/**
 * Compliance suite of hashing backends: what every `HashBackend` must do, checked against `EllipticSum`.
 *
 * Independent of any test runner: each check throws if the backend fails it.
 */
import { equalBytes, fromHex, toHex, u64be } from '@hs/bytes';
import type { DomainOptions } from './domain.js';
import { EllipticSum } from './elliptic-sum.js';
import type { EllipticSumErrorCode } from './errors.js';
import type { HashBackend, HashBatch } from './hash-backend.js';
import { encodedSumBytes, uncompressedSumBytes } from './internal/curve.js';
import { packRecords } from './packed-records.js';

/** One rule that a backend must keep. */
export interface HashBackendCheck {
  readonly name: string;
  /** Opens a backend, checks the rule, closes the backend. Rejects if the rule is broken. */
  run(): Promise<void>;
}

/** Opens a fresh backend; each check closes the one it opened. */
export type OpenHashBackend = (options: DomainOptions) => HashBackend | Promise<HashBackend>;

type Rule = (backend: HashBackend, open: OpenHashBackend) => Promise<void>;

/** 32 bytes each that RFC 9496, section 4.3.1 rejects: not below p, negative, no square root, negative product. */
const invalidEncodings: readonly string[] = [
  '00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20',
  '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
  '3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e',
];

const identity: string = '00'.repeat(encodedSumBytes);

const rules: Readonly<Record<string, Rule>> = {
  'a known record gives its known element': async (backend) => {
    const batch = packRecords([[Uint8Array.of(0x0a), u64be(6_000_000_000_000_000n)]]);
    await expectSums(backend, batch, ['eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013']);
  },

  'records of every length up to 520 bytes, and long ones, give the elements of EllipticSum': async (backend) => {
    const lengths = [...Array.from({ length: 521 }, (_, length) => length), 1023, 4096, 65_536, 1_048_576];
    const records = lengths.map((length, seed) => sampleRecord(length, seed));
    const groups = Uint32Array.from(records.keys());
    const expected = records.map(([key, value]) => toHex(EllipticSum.ofRecord(key, value).encode()));
    await expectSums(backend, { ...packRecords(records), groups, groupCount: records.length }, expected);
  },

  'no records sum to zero': async (backend) => {
    await expectSums(backend, packRecords([]), [identity]);
    await expectSums(backend, { ...packRecords([]), groupCount: 3 }, [identity, identity, identity]);
  },

  'signs and groups are honoured, in any order of records, at every batch size up to 40': async (backend) => {
    for (let count = 1; count <= 40; count++) {
      const groupCount = 1 + (count % 5);
      const records = Array.from({ length: count }, (_, index) => sampleRecord(20 + index, count));
      const signs = Int8Array.from(records, (_, index) => ((index * 7 + count) % 3 === 0 ? -1 : 1));
      const groups = Uint32Array.from(records, (_, index) => (index * 3) % groupCount);
      const expected = Array<EllipticSum>(groupCount).fill(EllipticSum.zero);
      for (const [index, [key, value]] of records.entries()) {
        const group = groups[index] as number;
        const element = EllipticSum.ofRecord(key, value);
        const sum = expected[group] as EllipticSum;
        expected[group] = signs[index] === 1 ? sum.add(element) : sum.subtract(element);
      }
      const encoded = expected.map((sum) => toHex(sum.encode()));
      await expectSums(backend, { ...packRecords(records), signs, groups, groupCount }, encoded);
      const backwards = {
        ...packRecords(records.reverse()),
        signs: signs.reverse(),
        groups: groups.reverse(),
        groupCount,
      };
      await expectSums(backend, backwards, encoded);
    }
  },

  'a record added twice counts twice, and one added and subtracted not at all': async (backend) => {
    const [key, value] = sampleRecord(150, 1);
    const element = EllipticSum.ofRecord(key, value);
    const batch = packRecords([sampleRecord(150, 1), sampleRecord(150, 1)]);
    await expectSums(backend, batch, [toHex(element.add(element).encode())]);
    await expectSums(backend, { ...batch, signs: Int8Array.of(1, -1) }, [identity]);
    await expectSums(backend, { ...batch, signs: Int8Array.of(-1, 1) }, [identity]);
  },

  'keys and values may lie anywhere in the bytes, in views too': async (backend) => {
    const memory = Uint8Array.from({ length: 64 }, (_, index) => index);
    const bytes = memory.subarray(5, 55);
    const offsets = Uint32Array.of(20, 30, 0, 10, 25, 35, 25, 35, 50, 50, 0, 50);
    const expected = [
      EllipticSum.ofRecord(bytes.slice(20, 30), bytes.slice(0, 10)),
      EllipticSum.ofRecord(bytes.slice(25, 35), bytes.slice(25, 35)),
      EllipticSum.ofRecord(new Uint8Array(0), bytes.slice()),
    ].map((sum) => toHex(sum.encode()));
    await expectSums(backend, { bytes, offsets, groups: Uint32Array.of(0, 1, 2), groupCount: 3 }, expected);
  },

  'inputs stay as they were': async (backend) => {
    const batch = { ...packRecords([sampleRecord(80, 1), sampleRecord(90, 2)]), signs: Int8Array.of(1, -1) };
    const before = [batch.bytes.slice(), Uint8Array.from(batch.offsets), Uint8Array.from(batch.signs)];
    const sums = await backend.sum(batch);
    const sumsBefore = sums.slice();
    await backend.combine(sums, sums);
    await backend.encode(sums);
    const after = [batch.bytes, Uint8Array.from(batch.offsets), Uint8Array.from(batch.signs)];
    const isSame = before.every((bytes, index) => equalBytes(bytes, after[index] as Uint8Array));
    expectTrue(isSame && equalBytes(sums, sumsBefore), 'an input was changed');
  },

  'calls may overlap': async (backend) => {
    const batches = Array.from({ length: 8 }, (_, seed) =>
      packRecords([sampleRecord(60, seed), sampleRecord(70, seed)]),
    );
    const apart: string[] = [];
    for (const batch of batches) apart.push(toHex(await backend.encode(await backend.sum(batch))));
    const together = await Promise.all(
      batches.map(async (batch) => toHex(await backend.encode(await backend.sum(batch)))),
    );
    expectTrue(together.join() === apart.join(), 'overlapping calls gave other sums');
  },

  'another domain gives the elements of that domain': async (backend, open) => {
    const domain = 'COMPLIANCE-SUITE:Ristretto255';
    const [key, value] = sampleRecord(100, 3);
    const other = await open({ domain });
    try {
      expectTrue(other.domain === domain, 'the backend names another domain');
      await expectSums(other, packRecords([[key, value]]), [
        toHex(EllipticSum.ofRecord(key, value, { domain }).encode()),
      ]);
    } finally {
      await other.close();
    }
    await expectSums(backend, packRecords([[key, value]]), [toHex(EllipticSum.ofRecord(key, value).encode())]);
  },

  'combine adds pair by pair, also equal, opposite and zero sums': async (backend) => {
    const [a, b] = [EllipticSum.ofRecord(...sampleRecord(30, 1)), EllipticSum.ofRecord(...sampleRecord(30, 2))];
    const left = [a, a, a, EllipticSum.zero, EllipticSum.zero];
    const right = [b, a, a.negate(), b, EllipticSum.zero];
    const combined = await backend.combine(joinUncompressed(left), joinUncompressed(right));
    const expected = left.map((sum, index) => toHex(sum.add(right[index] as EllipticSum).encode()));
    expectEqual(splitHex(await backend.encode(combined)), expected);
    expectTrue(
      (await backend.combine(new Uint8Array(0), new Uint8Array(0))).length === 0,
      'nothing must combine to nothing',
    );
  },

  'decode is the inverse of encode, and its sums are those of EllipticSum': async (backend) => {
    const sums = Array.from({ length: 20 }, (_, seed) => EllipticSum.ofRecord(...sampleRecord(40, seed)));
    sums.push(EllipticSum.zero);
    const encoded = sums.map((sum) => toHex(sum.encode()));
    const decoded = await backend.decode(fromHex(encoded.join('')));
    expectEqual(splitHex(await backend.encode(decoded)), encoded);
    for (const [index, sum] of sums.entries()) {
      const at = index * uncompressedSumBytes;
      const same = EllipticSum.fromUncompressed(decoded.slice(at, at + uncompressedSumBytes)).equals(sum);
      expectTrue(same, `decoded sum ${index} is another sum`);
    }
  },

  'decode refuses everything that is not canonical, and names its index': async (backend) => {
    for (const invalid of invalidEncodings) {
      const rejection = backend.decode(fromHex(identity + identity + invalid));
      await expectRejection(rejection, 'ELLIPTICSUM_INVALID_ENCODING', { index: 2 });
    }
  },

  'negate gives the inverse of each sum': async (backend) => {
    const sums = [EllipticSum.zero, ...[1, 2].map((seed) => EllipticSum.ofRecord(...sampleRecord(30, seed)))];
    const given = joinUncompressed(sums);
    const negated = await backend.negate(given);
    expectEqual(
      splitHex(await backend.encode(negated)),
      sums.map((sum) => toHex(sum.negate().encode())),
    );
    expectEqual(
      splitHex(await backend.encode(await backend.combine(given, negated))),
      sums.map(() => identity),
    );
    expectTrue((await backend.negate(new Uint8Array(0))).length === 0, 'the inverse of nothing must be nothing');
  },

  'addUp gives the sum of each list, whatever their lengths': async (backend) => {
    const sizes = Uint32Array.of(0, 1, 2, 3, 0, 0, 1, 37, 4, 8, 5, 0);
    const lists = Array.from(sizes, (size, list) => {
      return Array.from({ length: size }, (_, at) => EllipticSum.ofRecord(...sampleRecord(20 + at, list)));
    });
    const third = lists[3] as EllipticSum[];
    third[1] = EllipticSum.zero;
    third[2] = (third[0] as EllipticSum).negate();
    const added = await backend.addUp(joinUncompressed(lists.flat()), sizes);
    expectEqual(
      splitHex(await backend.encode(added)),
      lists.map((list) => toHex(list.reduce((sum, one) => sum.add(one), EllipticSum.zero).encode())),
    );
    expectTrue(
      (await backend.addUp(new Uint8Array(0), new Uint32Array(0))).length === 0,
      'no lists must add up to nothing',
    );
  },

  'combine, addUp, encode and negate refuse what is not on the curve, and name its index': async (backend) => {
    const good = EllipticSum.ofRecord(...sampleRecord(30, 1)).toUncompressed();
    for (const [offset, what] of [
      [0, 'X'],
      [32, 'Y'],
      [64, 'Z'],
      [96, 'T'],
    ] as const) {
      const sums = joinUncompressed([EllipticSum.zero, EllipticSum.zero]);
      sums.set(good, uncompressedSumBytes);
      const at = uncompressedSumBytes + offset;
      sums[at] = (sums[at] as number) ^ 1;
      const zeros = joinUncompressed([EllipticSum.zero, EllipticSum.zero]);
      await expectRejection(backend.encode(sums), 'ELLIPTICSUM_INVALID_POINT', { index: 1 }, what);
      await expectRejection(backend.negate(sums), 'ELLIPTICSUM_INVALID_POINT', { index: 1 }, what);
      await expectRejection(backend.combine(sums, zeros), 'ELLIPTICSUM_INVALID_POINT', { index: 1 }, what);
      for (const sizes of [Uint32Array.of(2), Uint32Array.of(1, 0, 1)]) {
        await expectRejection(backend.addUp(sums, sizes), 'ELLIPTICSUM_INVALID_POINT', { index: 1 }, what);
      }
      await expectRejection(backend.combine(zeros, sums), 'ELLIPTICSUM_INVALID_POINT', { index: 1 }, what);
    }
    await expectRejection(backend.encode(new Uint8Array(uncompressedSumBytes)), 'ELLIPTICSUM_INVALID_POINT', {
      index: 0,
    });
  },

  'wrong lengths are refused': async (backend) => {
    const one = EllipticSum.zero.toUncompressed();
    const code = 'ELLIPTICSUM_INVALID_LENGTH';
    await expectRejection(backend.encode(new Uint8Array(127)), code);
    await expectRejection(backend.negate(new Uint8Array(127)), code);
    await expectRejection(backend.encode(new Uint8Array(129)), code);
    await expectRejection(backend.decode(new Uint8Array(31)), code);
    await expectRejection(backend.decode(new Uint8Array(33)), code);
    await expectRejection(backend.combine(one, joinUncompressed([EllipticSum.zero, EllipticSum.zero])), code);
    await expectRejection(backend.combine(new Uint8Array(64), new Uint8Array(64)), code);
    await expectRejection(backend.addUp(one, Uint32Array.of(2)), code);
    await expectRejection(backend.addUp(one, Uint32Array.of(0)), code);
    await expectRejection(backend.addUp(new Uint8Array(127), Uint32Array.of(1)), code);
  },

  'inconsistent batches are refused': async (backend) => {
    const good = packRecords([sampleRecord(30, 1), sampleRecord(30, 2)]);
    const { length } = good.bytes;
    const bad: readonly HashBatch[] = [
      { ...good, offsets: good.offsets.slice(0, 7) },
      { ...good, offsets: Uint32Array.of(0, 1, 1, length + 1) },
      { ...good, offsets: Uint32Array.of(0, length + 1, 0, 1) },
      { ...good, offsets: Uint32Array.of(2, 1, 2, 3) },
      { ...good, offsets: Uint32Array.of(0, 1, 3, 2) },
      { ...good, signs: Int8Array.of(1) },
      { ...good, signs: Int8Array.of(1, 0) },
      { ...good, signs: Int8Array.of(1, 2) },
      { ...good, groups: Uint32Array.of(0) },
      { ...good, groups: Uint32Array.of(0, 1) },
      { ...good, groups: Uint32Array.of(0, 2), groupCount: 2 },
      { ...good, groupCount: 0 },
      { ...good, groupCount: 1.5 },
      { ...good, groupCount: 2 ** 24 + 1 },
    ];
    for (const [index, batch] of bad.entries()) {
      await expectRejection(backend.sum(batch), 'ELLIPTICSUM_INVALID_BATCH', {}, `batch ${index}`);
    }
  },

  'an aborted signal rejects every call with its reason': async (backend) => {
    const reason = new Error('changed my mind');
    const options = { signal: AbortSignal.abort(reason) };
    const one = EllipticSum.zero.toUncompressed();
    const calls = [
      backend.sum(packRecords([]), options),
      backend.combine(one, one, options),
      backend.encode(one, options),
      backend.negate(one, options),
      backend.addUp(one, Uint32Array.of(1), options),
      backend.decode(fromHex(identity), options),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expectTrue(call.status === 'rejected' && call.reason === reason, 'a call ignored its signal');
    }
  },

  'a closed backend refuses calls, and closing again is harmless': async (backend) => {
    const one = EllipticSum.zero.toUncompressed();
    await backend.close();
    await backend.close();
    await backend[Symbol.asyncDispose]();
    const code = 'ELLIPTICSUM_BACKEND_CLOSED';
    await expectRejection(backend.sum(packRecords([])), code);
    await expectRejection(backend.combine(one, one), code);
    await expectRejection(backend.negate(one), code);
    await expectRejection(backend.addUp(one, Uint32Array.of(1)), code);
    await expectRejection(backend.encode(one), code);
    await expectRejection(backend.decode(fromHex(identity)), code);
  },
};

/** The checks that every backend must pass; run each as a test of its own. */
export function hashBackendChecks(open: OpenHashBackend): readonly HashBackendCheck[] {
  return Object.entries(rules).map(([name, rule]) => ({
    name,
    run: async () => {
      const backend = await open({});
      try {
        await rule(backend, open);
      } finally {
        await backend.close();
      }
    },
  }));
}

/** A record of `length` bytes, a third of them in its key, that differs for each length and seed. */
function sampleRecord(length: number, seed: number): [key: Uint8Array, value: Uint8Array] {
  const bytes = new Uint8Array(length);
  let state = (length * 31 + seed * 7919 + 1) >>> 0;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  const keyLength = Math.ceil(length / 3);
  return [bytes.slice(0, keyLength), bytes.slice(keyLength)];
}

function joinUncompressed(sums: readonly EllipticSum[]): Uint8Array {
  const joined = new Uint8Array(sums.length * uncompressedSumBytes);
  for (const [index, sum] of sums.entries()) joined.set(sum.toUncompressed(), index * uncompressedSumBytes);
  return joined;
}

function splitHex(encoded: Uint8Array): string[] {
  return toHex(encoded).match(/.{64}/g) ?? [];
}

async function expectSums(backend: HashBackend, batch: HashBatch, expected: readonly string[]): Promise<void> {
  expectEqual(splitHex(await backend.encode(await backend.sum(batch))), expected);
}

function expectEqual(actual: readonly string[], expected: readonly string[]): void {
  expectTrue(actual.length === expected.length, `${actual.length} sums instead of ${expected.length}`);
  for (const [index, hex] of expected.entries()) {
    expectTrue(actual[index] === hex, `sum ${index} is ${actual[index]} instead of ${hex}`);
  }
}

async function expectRejection(
  promise: Promise<unknown>,
  code: EllipticSumErrorCode,
  details: Readonly<Record<string, number>> = {},
  what = 'the call',
): Promise<void> {
  const [outcome] = await Promise.allSettled([promise]);
  expectTrue(outcome.status === 'rejected', `${what} was accepted instead of refused with ${code}`);
  const error: Partial<{ code: unknown; details: Readonly<Record<string, unknown>> }> = outcome.reason ?? {};
  expectTrue(error.code === code, `${what} failed with ${outcome.reason} instead of ${code}`);
  for (const [name, value] of Object.entries(details)) {
    expectTrue(error.details?.[name] === value, `${what}: details.${name} is not ${value}`);
  }
}

function expectTrue(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
