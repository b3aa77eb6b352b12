import { fromHex, toHex, u64be } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import {
  createNobleBackend,
  defaultDomain,
  EllipticSum,
  encodedSumBytes,
  encodeRecord,
  packRecords,
  StateChecksum,
  uncompressedSumBytes,
} from '../src/index.js';
import { hashMessage } from '../src/internal/curve.js';
import { type EllipticSumVectors, type GenesisVectors, readVectors } from './vectors.js';

const vectors = readVectors<EllipticSumVectors>('ellipticsum.json');
const genesis = readVectors<GenesisVectors>('deso-genesis-state.json');
const domainBytes = new TextEncoder().encode(defaultDomain);

describe('vectors of an independent implementation', () => {
  test('the default domain and the identity are those of the vectors', () => {
    expect(defaultDomain).toBe(vectors.dst);
    expect(defaultDomain).toBe(genesis.dst);
    expect(toHex(EllipticSum.zero.encode())).toBe(vectors.identity);
  });

  test('every record encodes to its message', () => {
    const withMessage = vectors.records.filter(({ encoded }) => encoded !== undefined);
    const wrong = withMessage.filter(
      ({ key, value, encoded }) => toHex(encodeRecord(fromHex(key), fromHex(value))) !== encoded,
    );
    expect(withMessage.length).toBe(164);
    expect(wrong.map(({ key, value }) => [key, value])).toEqual([]);
  });

  test('the coins that are sold, as DeSo counts them at genesis: message and sum', () => {
    const [key, value] = [fromHex('0a'), fromHex('001550f7dca70000')];
    expect(toHex(encodeRecord(key, value))).toBe('000000000000000900000000000000010a0000000000000008001550f7dca70000');
    expect(toHex(EllipticSum.ofRecord(key, value).encode())).toBe(
      'eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013',
    );
  });

  test('every record hashes to its point', () => {
    expect(
      vectors.records.map(({ key, value }) => toHex(EllipticSum.ofRecord(fromHex(key), fromHex(value)).encode())),
    ).toEqual(vectors.records.map(({ point }) => point));
  });

  test('every record hashes to its point in the noble backend', async () => {
    await using backend = createNobleBackend();
    const batch = packRecords(vectors.records.map(({ key, value }) => [fromHex(key), fromHex(value)]));
    const groups = Uint32Array.from(vectors.records.keys());
    const sums = await backend.encode(await backend.sum({ ...batch, groups, groupCount: groups.length }));
    expect(toHex(sums)).toBe(vectors.records.map(({ point }) => point).join(''));
  });

  test('every step of a history of added and removed records has its checksum', () => {
    const state = new StateChecksum();
    const sums = vectors.steps.map(({ op, key, value }) => {
      if (op === 'add') state.addRecord(fromHex(key), fromHex(value));
      else state.removeRecord(fromHex(key), fromHex(value));
      return toHex(state.total().encode());
    });
    expect(sums).toEqual(vectors.steps.map(({ checksum }) => checksum));
  });

  test('bulk sums up to 20,000 records have their checksums', async () => {
    await using backend = createNobleBackend();
    const total = Math.max(...vectors.bulk.map(({ count }) => count));
    const records = Array.from({ length: total }, (_, i): [Uint8Array, Uint8Array] => {
      const value = new Uint8Array(8 * (i % 13));
      for (let at = 0; at < value.length; at += 8) value.set(u64be(i * 17 + 1), at);
      return [Uint8Array.of((i % 7) + 1, ...u64be(i)), value];
    });
    const counts = vectors.bulk.map(({ count }) => count);
    const groups = Uint32Array.from(records, (_, i) => counts.findIndex((count) => i < count));
    const spans = await backend.sum({ ...packRecords(records), groups, groupCount: counts.length });
    let sum = EllipticSum.zero;
    const sums = counts.map((_, group) => {
      const at = group * uncompressedSumBytes;
      sum = sum.add(EllipticSum.fromUncompressed(spans.slice(at, at + uncompressedSumBytes)));
      return toHex(sum.encode());
    });
    expect(sums).toEqual(vectors.bulk.map(({ checksum }) => checksum));
  });

  test.each([
    ['', 'be7134ff124d8567c85636dc8a7c60f525d7ad3741a8fc58b5861f146022f443'],
    ['abc', '46e5e1d4bc8b80228edfa97954f6acecfb08f60ecc4f21f5ef69e8072bf57a33'],
    ['\0'.repeat(150), '328a2a538519e9bf1a70b62ab02dd6954532ef0ba582d8057f7508f0101ea749'],
    ['This is a test data', 'aa8ea886a2075c549be6f0bd36ad0949a8bf7de1e51b9350f919d23ce906d96b'],
    ['This is another test', '4a350dbcdeeef06ea11d9fe6534268d83b6b041986c720beb4424cdd17532d62'],
    ['This is yet another test', '4cdfb4e33afd4860f0b7ffc345f6c4bb1e907b5ebf65f7b24af6cedd0adfb548'],
  ])('message %j hashes to its point', (message, point) => {
    expect(toHex(hashMessage(new TextEncoder().encode(message), domainBytes).toBytes())).toBe(point);
  });

  test('points of messages add up', () => {
    const [a, b, c] = ['This is a test data', 'This is another test', 'This is yet another test'].map((message) =>
      EllipticSum.decode(hashMessage(new TextEncoder().encode(message), domainBytes).toBytes()),
    ) as [EllipticSum, EllipticSum, EllipticSum];
    expect(toHex(a.add(b).encode())).toBe('4ab547ea7295ab884c7f46d2fb0fa1a6115930d937d44294ad1e4de623420837');
    expect(toHex(a.add(b).add(c).encode())).toBe('4af90ae1d0c2c5653da2d3c4fed59806c75ff1d3d000af617f27ec9f20229d0d');
  });

  test('messages of 150 bytes, alone and in a sum, hash to their points', () => {
    const counting = Uint8Array.from({ length: 150 }, (_, index) => index);
    expect(toHex(hashMessage(counting, domainBytes).toBytes())).toBe(
      'c42ba04167025252356fb250bb27dc3aecc36a579045cce9a729f26fe708352c',
    );
    const messages = [new Uint8Array(0), new TextEncoder().encode('abc'), new Uint8Array(150), counting];
    const [first, ...rest] = messages.map((message) => hashMessage(message, domainBytes));
    expect(toHex(rest.reduce((sum, element) => sum.add(element), first as NonNullable<typeof first>).toBytes())).toBe(
      'c64d139696d3b2dd22499a2a0c0dcb7d442a67545415f95a04a5c9bbff368f27',
    );
  });
});

describe('genesis state of DeSo main net', () => {
  const records = genesis.prefixes.flatMap((prefix) =>
    prefix.records.map(([key, value]) => [fromHex(key), fromHex(value)] as const),
  );

  test('has as many records as it says, each under its prefix', () => {
    expect(records.length).toBe(genesis.count);
    for (const { prefix, count, records } of genesis.prefixes) {
      expect(records.length).toBe(count);
      expect(new Set(records.map(([key]) => fromHex(key)[0]))).toEqual(new Set([prefix]));
    }
  });

  test('has its checksum for each prefix and in total, record by record', () => {
    const state = new StateChecksum();
    for (const [key, value] of records) state.addRecord(key, value);
    expect(state.entries().map(([prefix, sum]) => [prefix, toHex(sum.encode())])).toEqual(
      genesis.prefixes.map(({ prefix, checksum }) => [prefix, checksum]),
    );
    expect(toHex(state.total().encode())).toBe(genesis.total);
  });

  test('has its checksum for each prefix and in total, in one batch grouped by prefix', async () => {
    await using backend = createNobleBackend();
    const groups = Uint32Array.from(records, ([key]) => key[0] as number);
    const encoded = await backend.encode(await backend.sum({ ...packRecords(records), groups, groupCount: 256 }));
    const state = new StateChecksum();
    for (let prefix = 0; prefix < 256; prefix++) {
      const at = prefix * encodedSumBytes;
      state.addSum(prefix, EllipticSum.decode(encoded.slice(at, at + encodedSumBytes)));
    }
    expect(state.entries().map(([prefix, sum]) => [prefix, toHex(sum.encode())])).toEqual(
      genesis.prefixes.map(({ prefix, checksum }) => [prefix, checksum]),
    );
    expect(toHex(state.total().encode())).toBe(genesis.total);
  });
});
