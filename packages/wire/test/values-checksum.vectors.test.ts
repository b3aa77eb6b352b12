import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { checksumValue, createEntryCodecs, encoderParams, statePrefixes } from '../src/index.js';
import { coinAfter, coinBefore } from './support/entry-samples.js';
import { spell, uv } from './support/go-layout.js';
import { bytes, hex, thrownBy } from './support/hex.js';

const read = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const block: { readonly outputs: readonly (readonly [string, string])[]; readonly blockHash: string } =
  read('deso-genesis-block');
const vectors: {
  readonly dst: string;
  readonly total: string;
  readonly count: number;
  readonly prefixes: readonly {
    readonly prefix: number;
    readonly count: number;
    readonly checksum: string;
    readonly firstRecord: readonly [string, string];
  }[];
} = read('deso-genesis-checksums');

const params = encoderParams.mainnet;
const u64 = (value: number | bigint) => BigInt(value).toString(16).padStart(16, '0');
const u32 = (value: number) => value.toString(16).padStart(8, '0');
/** Public keys as text begin with the number of their network. */
const networkPrefixBytes = 3;
const noHash = '00'.repeat(32);

/** The records of the genesis state as a database holds them, spelled out. */
function* storedGenesis(): Generator<readonly [string, string]> {
  for (const [index, [address, amount]] of block.outputs.entries()) {
    const publicKey = hex(createBase58check(sha256).decode(address).slice(networkPrefixBytes));
    yield [`05${noHash}${u32(index)}`, `010000${uv(BigInt(amount))}21${publicKey}0000011700${noHash}${uv(index)}`];
    yield [`07${publicKey}${noHash}${u32(index)}`, ''];
    yield [`34${publicKey}`, u64(BigInt(amount))];
    yield [`35${publicKey}${block.blockHash}`, u64(BigInt(amount))];
  }
  yield ['08', u64(block.outputs.length)];
  yield ['0a', u64(6_000_000_000_000_000n)];
  yield ['1b', u64(3_000_000)];
  yield ['28', '010f000000000000'];
}

/** `encode(key, value)` hashed to the group, with noble alone. */
function element(key: string, value: string) {
  const message = `${u64((key.length + value.length) / 2)}${u64(key.length / 2)}${key}${u64(value.length / 2)}${value}`;
  return ristretto255_hasher.hashToCurve(bytes(message), { DST: vectors.dst });
}

describe('the DeSo genesis state, from its stored values', () => {
  const records = [...storedGenesis()].map(([key, stored]) => ({
    key,
    stored,
    value: hex(checksumValue(bytes(key), bytes(stored), { height: 0, params })),
  }));

  test('has the records that an independent implementation lists', () => {
    expect(records).toHaveLength(vectors.count);
    for (const { prefix, count, firstRecord } of vectors.prefixes) {
      const found = records.filter(({ key }) => key.startsWith(u64(prefix).slice(-2)));
      expect(found).toHaveLength(count);
      expect(found.find(({ key }) => key === firstRecord[0])?.value).toBe(firstRecord[1]);
    }
  });

  test('adds up to the sums of that implementation', () => {
    let total = ristretto255.Point.ZERO;
    for (const { prefix, checksum } of vectors.prefixes) {
      const sum = records
        .filter(({ key }) => Number.parseInt(key.slice(0, 2), 16) === prefix)
        .reduce((points, { key, value }) => points.add(element(key, value)), ristretto255.Point.ZERO);
      expect([prefix, sum.toHex()]).toEqual([prefix, checksum]);
      total = total.add(sum);
    }
    expect(total.toHex()).toBe(vectors.total);
  });

  test('differs from its stored values where and only where those are entries', () => {
    const changed = new Set(records.filter(({ stored, value }) => stored !== value).map(({ key }) => key.slice(0, 2)));
    expect(changed).toEqual(new Set(['05', '28']));
    expect(records.find(({ key }) => key === '28')?.value).toBe('010000000000');
  });
});

describe('checksumValue', () => {
  const key = (prefix: number) => Uint8Array.of(prefix, 1, 2, 3);
  const { proofOfStake1StateSetup: fork } = params.migrationHeights;

  test('lays a value out as of the height it is asked for, not of the height it was written at', () => {
    const profile = (coin: typeof coinBefore, form: 'stored' | 'checksum') =>
      spell({ type: 21, version: 0, parts: ['0000000000', coin.parts, coin.parts, '00'] }, form);
    const before = profile(coinBefore, 'stored');
    const valueAt = (stored: string, height: number) => hex(checksumValue(key(23), bytes(stored), { height, params }));
    expect(valueAt(before, fork - 1)).toBe(profile(coinBefore, 'checksum'));
    // Unlike an entry that was written after the fork it has no restriction, but room for one.
    const zero = { ...coinAfter, value: { ...coinAfter.value, lockupTransferRestriction: 0 } };
    const codec = createEntryCodecs({ params }).CoinEntry;
    const coin = hex(codec.encode(zero.value, { height: fork, form: 'checksum' }));
    expect(valueAt(before, fork)).toBe(`010000000000${coin}${coin}00`);
    expect(valueAt(profile(coinAfter, 'stored'), fork)).toBe(profile(coinAfter, 'checksum'));
    expect(valueAt(profile(coinAfter, 'stored'), fork - 1)).toBe(profile(coinBefore, 'checksum'));
  });

  test('leaves alone what is no entry, and the entry that is not there', () => {
    const raw = bytes('0102');
    expect(checksumValue(key(52), raw, { height: 0, params })).toBe(raw);
    const nothing = bytes('00');
    expect(checksumValue(key(55), nothing, { height: 0, params })).toBe(nothing);
  });

  test('tells of a value that is no entry of its type', () => {
    for (const [prefix, { entry }] of statePrefixes) {
      if (entry === undefined) continue;
      expect(thrownBy(() => checksumValue(key(prefix), bytes(''), { height: 0, params }))).toMatchObject({
        code: 'WIRE_TRUNCATED',
        details: { reading: entry },
      });
      expect(thrownBy(() => checksumValue(key(prefix), bytes('017f00'), { height: 0, params }))).toMatchObject({
        code: 'WIRE_INVALID_VALUE',
      });
    }
  });

  test.each([
    ['an empty key', ''],
    ['a prefix without state', '00'],
    ['the prefix of snapshots', '61'],
    ['an unused prefix', 'ff'],
  ])('tells of %s', (_what, text) => {
    const found = thrownBy(() => checksumValue(bytes(text), bytes('00'), { height: 0, params }));
    expect(found).toMatchObject({ name: 'WireError', code: 'WIRE_INVALID_VALUE' });
  });

  test('depends on the parameters that it is given, and on nothing else', () => {
    const value = createEntryCodecs({ params: encoderParams.regtest }).CoinEntry.encode(coinAfter.value, { height: 1 });
    const profile = bytes(`0115000000000000${hex(value)}${hex(value)}00`);
    const on = (network: keyof typeof encoderParams, height: number) =>
      checksumValue(key(23), profile, { height, params: encoderParams[network] }).length;
    expect(on('regtest', 1) - on('mainnet', 1)).toBe(2);
    expect(on('regtest', 1)).toBe(on('mainnet', fork));
  });
});

test('there are 80 kinds of state, 47 of them entries, and all are in order', () => {
  const prefixes = [...statePrefixes.values()];
  expect(prefixes).toHaveLength(80);
  expect(prefixes.filter(({ entry }) => entry !== undefined)).toHaveLength(47);
  expect([...statePrefixes.keys()]).toEqual(prefixes.map(({ prefix }) => prefix).sort((a, b) => a - b));
  const codecs = createEntryCodecs({ params });
  for (const { entry } of prefixes) if (entry !== undefined) expect(codecs[entry]).toBeDefined();
});
