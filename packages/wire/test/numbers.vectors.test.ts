import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  createEntryCodecs,
  defaultLimits,
  encoderMigrations,
  encoderParams,
  goNodeLimits,
  messageTypes,
  networkParameters,
  serviceBits,
  statePrefixes,
} from '../src/index.js';

interface Numbers {
  readonly entryOfPrefix: Readonly<Record<string, string | null>>;
  readonly encoderTypes: Readonly<Record<string, number>>;
  readonly messageTypes: Readonly<Record<string, number>>;
  readonly migrationHeights: Readonly<Record<keyof typeof encoderParams, readonly number[]>>;
  readonly networks: typeof networkParameters;
  readonly serviceBits: Readonly<Record<string, number>>;
}
const numbers: Numbers = JSON.parse(readFileSync(new URL('./vectors/deso-numbers.json', import.meta.url), 'utf8'));

test('each kind of state has the entry that the Go node decodes its values as, or none', () => {
  const ours = [...statePrefixes].map(([prefix, { entry }]) => [String(prefix), entry ?? null]);
  expect(Object.fromEntries(ours)).toEqual(numbers.entryOfPrefix);
});

test('each entry has the encoder type of the Go node', () => {
  for (const [name, codec] of Object.entries(createEntryCodecs({ params: encoderParams.mainnet }))) {
    expect([name, codec.encoderType]).toEqual([name, numbers.encoderTypes[name]]);
  }
});

test('each message of the Go node has its number', () => {
  // The Go node runs words together, and calls a transaction Txn.
  const goName = (name: string) =>
    name
      .replaceAll(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase())
      .replace(/^Transaction$/, 'Txn');
  const ours = Object.entries(messageTypes).filter(([, type]) => type < 64);
  expect(Object.fromEntries(ours.map(([name, type]) => [goName(name), type]))).toEqual(numbers.messageTypes);
});

test('each network has the heights of its migrations, which never fall from one version to the next', () => {
  for (const [network, { migrationHeights }] of Object.entries(encoderParams)) {
    const heights = encoderMigrations.map((migration) => migrationHeights[migration]);
    expect([network, heights]).toEqual([network, numbers.migrationHeights[network as keyof typeof encoderParams]]);
    expect([...heights].sort((a, b) => a - b)).toEqual(heights);
  }
});

test('each network has its number, its port and its protocol versions', () => {
  expect(networkParameters).toEqual(numbers.networks);
});

test('service bits are those of the Go node, and one of ours that it does not know', () => {
  const { hyperSyncExtended, ...bits } = serviceBits;
  expect(Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, Number(bit)]))).toEqual(
    numbers.serviceBits,
  );
  expect(Object.values(numbers.serviceBits).filter((bit) => (BigInt(bit) & hyperSyncExtended) !== 0n)).toEqual([]);
});

test('what the Go node sends by itself is within the limits: headers by protocol version, blocks, addresses', () => {
  expect([defaultLimits.maxHeaders, goNodeLimits(1).maxHeaders, goNodeLimits(2).maxHeaders]).toEqual([
    2_000,
    undefined,
    200_000,
  ]);
  expect([defaultLimits.maxHashes, defaultLimits.maxAddresses]).toEqual([25_000, 1_000]);
});
