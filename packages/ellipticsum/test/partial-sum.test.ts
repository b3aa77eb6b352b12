import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createNobleBackend,
  EllipticSum,
  type HashBackend,
  packRecords,
  StateChecksum,
  stateRoot,
} from '../src/index.js';
import {
  decodePartialSum,
  encodePartialSum,
  mergePartialSums,
  type PartialSum,
  readRecordFile,
  type SumProgress,
  type SumRecordsOptions,
  sumRecords,
} from '../src/record-file/index.js';
import { binaryFile, fromHex, type KeyValue, toHex } from './record-files.js';
import { type GenesisVectors, readVectors } from './vectors.js';

const genesis = readVectors<GenesisVectors>('deso-genesis-state.json');
const genesisRecords: readonly KeyValue[] = genesis.prefixes.flatMap(({ records }) =>
  records.map(([key, value]) => [fromHex(key), fromHex(value)] as const),
);
const backend = createNobleBackend();

function sum(records: readonly KeyValue[], options: Partial<SumRecordsOptions> = {}): Promise<PartialSum> {
  return sumRecords(readRecordFile([binaryFile(records)], { maxBatchRecords: 13 }), { backend, ...options });
}

const sample = (count: number): KeyValue[] =>
  Array.from({ length: count }, (_, index) => [Uint8Array.of(index % 5, index), Uint8Array.of(index, 7)]);

function failure(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the sum of records', () => {
  test('of the genesis state is the known one, by prefix and in total', async () => {
    const { prefixes, total, records, bytes, stateRoot: root } = await sum(genesisRecords);
    expect(toHex(total)).toBe(genesis.total);
    expect(records).toBe(genesis.count);
    expect(bytes).toBe(genesisRecords.reduce((size, [key, value]) => size + key.length + value.length, 0));
    expect(prefixes.map((entry) => [entry.prefix, entry.records, toHex(entry.sum)])).toEqual(
      genesis.prefixes.map(({ prefix, count, checksum }) => [prefix, count, checksum]),
    );
    expect(toHex(root)).toBe(
      toHex(stateRoot(genesis.prefixes.map((entry) => [entry.prefix, fromHex(entry.checksum)]))),
    );
  });

  test('is that of StateChecksum whatever the records, the batches and the number of them in flight', async () => {
    const record = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.uint8Array({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), async (records, limit) => {
        const checksum = new StateChecksum();
        for (const [key, value] of records) checksum.addRecord(key, value);
        const batches = readRecordFile([binaryFile(records)], { maxBatchRecords: limit });
        const partial = await sumRecords(batches, { backend, maxBatchesInFlight: 1 + (limit % 3) });
        expect(toHex(partial.total)).toBe(toHex(checksum.total().encode()));
        expect(toHex(partial.stateRoot)).toBe(toHex(checksum.root()));
      }),
      { numRuns: 40 },
    );
  });

  test('of no records is zero', async () => {
    const { prefixes, total, records } = await sum([]);
    expect([prefixes, toHex(total), records]).toEqual([[], '00'.repeat(32), 0]);
  });

  test('reports progress that ends with everything', async () => {
    const seen: SumProgress[] = [];
    const records = sample(40);
    await sum(records, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map((progress) => progress.records)).toEqual([13, 26, 39, 40]);
    expect(seen.at(-1)).toEqual({ records: 40, bytes: 160, inputBytes: binaryFile(records).length });
  });

  test('keeps as many batches in flight as it may, and no more', async () => {
    let running = 0;
    let most = 0;
    const watched = Object.create(backend) as HashBackend;
    watched.sum = async (...args: Parameters<HashBackend['sum']>) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return backend.sum(...args);
    };
    Object.defineProperty(watched, 'domain', { value: backend.domain });
    await sum(sample(100), { backend: watched, maxBatchesInFlight: 3 });
    expect(most).toBe(3);
  });

  test('fails with the error of the backend, of the input or of the signal, once nothing is borrowed any more', async () => {
    let isBorrowed = false;
    const slow: HashBackend = {
      name: 'slow',
      domain: backend.domain,
      sum: async () => {
        isBorrowed = true;
        await new Promise((resolve) => setTimeout(resolve, 20));
        isBorrowed = false;
        throw new Error('the backend failed');
      },
      combine: backend.combine,
      negate: backend.negate,
      addUp: backend.addUp,
      encode: backend.encode,
      decode: backend.decode,
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
    await expect(sum(sample(100), { backend: slow, maxBatchesInFlight: 3 })).rejects.toThrow('the backend failed');
    expect(isBorrowed).toBe(false);
    const broken = readRecordFile([binaryFile(sample(20)), Uint8Array.of(9)], { maxBatchRecords: 4 });
    const rejection = sumRecords(broken, { backend: slow, maxBatchesInFlight: 99 });
    await expect(rejection).rejects.toMatchObject({ code: 'ELLIPTICSUM_TRUNCATED_INPUT' });
    expect(isBorrowed).toBe(false);
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(sum(sample(10), { signal: aborted })).rejects.toThrow('enough');
  });

  test('refuses a key without bytes in a batch of another source', async () => {
    const packed = packRecords([
      [Uint8Array.of(1), Uint8Array.of()],
      [Uint8Array.of(), Uint8Array.of(1)],
    ]);
    const rejection = sumRecords([{ ...packed, firstRecordNumber: 5, inputBytes: 0 }], { backend });
    await expect(rejection).rejects.toMatchObject({ code: 'ELLIPTICSUM_EMPTY_KEY', details: { recordNumber: 6 } });
  });
});

describe('partial sums', () => {
  test('of parts merge to the sum of the whole, down to the text, however the records are dealt out', async () => {
    const records = sample(60);
    const whole = encodePartialSum(await sum(records));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { minLength: 60, maxLength: 60 }), async (deal) => {
        const parts = [0, 1, 2, 3].map((part) => sum(records.filter((_, index) => deal[index] === part)));
        const texts = (await Promise.all(parts)).map(encodePartialSum);
        expect(encodePartialSum(mergePartialSums(texts.map(decodePartialSum)))).toBe(whole);
      }),
      { numRuns: 8 },
    );
  });

  test('of different domains do not merge', async () => {
    const other = createNobleBackend({ domain: 'other' });
    const parts = [await sum(sample(2)), await sum(sample(2), { backend: other })];
    expect(failure(() => mergePartialSums(parts))).toMatchObject({
      code: 'ELLIPTICSUM_DOMAIN_MISMATCH',
      details: { expected: backend.domain, actual: 'other' },
    });
  });

  test('need to be there to merge, and to stay countable', async () => {
    expect(() => mergePartialSums([])).toThrow(RangeError);
    const one = await sum(sample(1));
    const many = {
      ...one,
      prefixes: one.prefixes.map((entry) => ({ ...entry, records: 2 ** 53 - 1, bytes: 2 ** 53 - 1 })),
    };
    expect(failure(() => mergePartialSums([many, one]))).toMatchObject({ code: 'ELLIPTICSUM_INVALID_PARTIAL_SUM' });
  });

  test('keep their text', async () => {
    const text = encodePartialSum(await sum([[Uint8Array.of(0x0a), fromHex('001550f7dca70000')]]));
    expect(text).toBe(`{
  "format": "ellipticsum-partial-sum",
  "version": 1,
  "domain": "DESO-ELLIPTIC-SUM:Ristretto255",
  "prefixes": [
    {
      "prefix": 10,
      "records": 1,
      "bytes": 9,
      "sum": "eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013"
    }
  ],
  "records": 1,
  "bytes": 9,
  "total": "eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013",
  "stateRoot": "${toHex(stateRoot([[10, fromHex('eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013')]]))}"
}
`);
    expect(encodePartialSum(decodePartialSum(text))).toBe(text);
  });

  type Json = Record<string, unknown> & { prefixes: Record<string, unknown>[] };
  const damages: readonly [name: string, change: (json: Json) => unknown][] = [
    ['not an object', () => []],
    ['another format', (json) => ({ ...json, format: 'sum' })],
    ['a later version', (json) => ({ ...json, version: 2 })],
    ['a member too many', (json) => ({ ...json, note: '' })],
    ['a member too few', ({ stateRoot: _, ...json }) => json],
    ['a domain that is none', (json) => ({ ...json, domain: '' })],
    ['a domain of another type', (json) => ({ ...json, domain: 7 })],
    ['prefixes that are no array', (json) => ({ ...json, prefixes: {} })],
    ['a wrong total', (json) => ({ ...json, total: json['stateRoot'] })],
    ['a wrong root', (json) => ({ ...json, stateRoot: json['total'] })],
    ['a wrong number of records', (json) => ({ ...json, records: 11 })],
    ['a wrong number of bytes', (json) => ({ ...json, bytes: 41 })],
    ['descending prefixes', (json) => ({ ...json, prefixes: json.prefixes.toReversed() })],
    ['a prefix twice', (json) => ({ ...json, prefixes: [json.prefixes[0], ...json.prefixes] })],
    ['a prefix over 255', (json) => entry(json, { prefix: 256 })],
    ['a prefix that is text', (json) => entry(json, { prefix: '4' })],
    ['no records in a prefix', (json) => entry(json, { records: 0 })],
    ['half a record', (json) => entry(json, { records: 1.5 })],
    ['fewer bytes than records', (json) => entry(json, { bytes: 1 })],
    ['an entry member too many', (json) => entry(json, { name: '' })],
    ['a sum in upper case', (json) => entry(json, { sum: String(json.prefixes.at(-1)?.['sum']).toUpperCase() })],
    ['a sum that is too short', (json) => entry(json, { sum: 'aa' })],
    ['a sum that encodes nothing', (json) => entry(json, { sum: 'ff'.repeat(32) })],
    ['a sum of zero', (json) => entry(json, { sum: '00'.repeat(32) })],
    ['the sum of other records', (json) => entry(json, { sum: json.prefixes[0]?.['sum'] })],
  ];
  const entry = (json: Json, change: object) => ({
    ...json,
    prefixes: [...json.prefixes.slice(0, -1), { ...json.prefixes.at(-1), ...change }],
  });

  test.each(damages)('with %s are refused', async (_, change) => {
    const text = encodePartialSum(await sum(sample(10)));
    expect(failure(() => decodePartialSum(text))).toBeUndefined();
    const damaged = JSON.stringify(change(JSON.parse(text)));
    expect(failure(() => decodePartialSum(damaged))).toMatchObject({ code: 'ELLIPTICSUM_INVALID_PARTIAL_SUM' });
  });

  test('that are no JSON, or endless, are refused', () => {
    for (const text of ['', '{', 'null', '7', ' '.repeat(2 ** 20 + 1)]) {
      expect(failure(() => decodePartialSum(text))).toMatchObject({ code: 'ELLIPTICSUM_INVALID_PARTIAL_SUM' });
    }
  });

  test('give themselves back or a typed error for any change of their text', async () => {
    const text = encodePartialSum(await sum(sample(3)));
    const valid = decodePartialSum(text);
    expect(valid.prefixes.every((prefix) => !EllipticSum.decode(prefix.sum).isZero())).toBe(true);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.constantFrom(...'0a9"{}[],:- \n'), (at, character) => {
        const error = failure(() => {
          const partial = decodePartialSum(text.slice(0, at) + character + text.slice(at + 1));
          expect(toHex(partial.total)).toBe(toHex(valid.total));
        }) as { code?: string } | undefined;
        if (error !== undefined) expect(error).toMatchObject({ code: 'ELLIPTICSUM_INVALID_PARTIAL_SUM' });
      }),
      { numRuns: 300 },
    );
  });
});
