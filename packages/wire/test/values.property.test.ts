import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  checksumValue,
  createEntryCodecs,
  type EntryCodec,
  type EntryName,
  encoderParams,
  statePrefixes,
} from '../src/index.js';
import { entries } from './support/entry-arbitraries.js';
import { hex } from './support/hex.js';
import { mutated, random } from './support/mutations.js';
import { plain } from './support/plain.js';

const networks = Object.keys(encoderParams) as (keyof typeof encoderParams)[];
const codecsOf = Object.fromEntries(
  networks.map((name) => [name, createEntryCodecs({ params: encoderParams[name] })]),
) as Record<(typeof networks)[number], Record<EntryName, EntryCodec<unknown>>>;
const names = Object.keys(entries) as EntryName[];
const newest = 2_000_000;

/** A network, and a height at which one of its layouts begins, or the one before. */
const place = fc.constantFrom(...networks).chain((network) => {
  const heights = Object.values(encoderParams[network].migrationHeights);
  return fc.record({
    network: fc.constant(network),
    height: fc.constantFrom(0, newest, ...heights, ...heights.map((height) => Math.max(0, height - 1))),
  });
});

/** As `plain`, with the lists that are maps in the order in which they are written. */
function canonical(value: unknown): unknown {
  const order = (each: unknown): unknown => {
    if (Array.isArray(each)) {
      const items = each.map(order);
      const isMap = items.some((item) => typeof item === 'object' && item !== null && 'limit' in item);
      const isGroup = items.some((item) => typeof item === 'object' && item !== null && 'encryptedKey' in item);
      const text = (item: unknown) =>
        JSON.stringify(item, (_key, inner) => (typeof inner === 'bigint' ? `${inner}` : inner));
      return isMap || isGroup ? items.sort((a, b) => (text(a) < text(b) ? -1 : 1)) : items;
    }
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, order(inner)]));
  };
  return order(plain(value));
}

describe.each(names)('%s', (name) => {
  const arbitrary = entries[name] as fc.Arbitrary<unknown>;

  test('comes back from both forms as it was, under the newest layout', () => {
    fc.assert(
      fc.property(fc.constantFrom(...networks), arbitrary, (network, value) => {
        const codec = codecsOf[network][name];
        for (const form of ['stored', 'checksum'] as const) {
          const encoded = codec.encode(value, { height: newest, form });
          expect(canonical(codec.decode(encoded, { form, height: newest }))).toEqual(canonical(value));
        }
      }),
    );
  });

  test('is written the same after it was read, under every layout', () => {
    fc.assert(
      fc.property(place, arbitrary, ({ network, height }, value) => {
        const codec = codecsOf[network][name];
        for (const form of ['stored', 'checksum'] as const) {
          const encoded = codec.encode(value, { height, form });
          expect(hex(codec.encode(codec.decode(encoded, { form, height }), { height, form }))).toBe(hex(encoded));
        }
      }),
    );
  });

  test('is refused with a WireError, or reads as what it is written as again', () => {
    const input = fc.oneof(
      random,
      mutated(arbitrary.map((value) => codecsOf.mainnet[name].encode(value, { height: newest }))),
    );
    fc.assert(
      fc.property(input, fc.constantFrom('stored' as const, 'checksum' as const), (bytes, form) => {
        const codec = codecsOf.mainnet[name];
        let value: unknown;
        try {
          value = codec.decode(bytes, { form, height: newest });
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError', code: expect.stringMatching(/^WIRE_/) });
          return;
        }
        const again = codec.encode(value, { height: newest, form });
        expect(hex(codec.encode(codec.decode(again, { form, height: newest }), { height: newest, form }))).toBe(
          hex(again),
        );
      }),
      { numRuns: 300 },
    );
  });
});

test('the value of a checksum is that of the entry, whatever layout it was stored with', () => {
  const prefixes = [...statePrefixes.values()].filter(({ entry }) => entry !== undefined);
  const record = fc.constantFrom(...prefixes).chain(({ prefix, entry }) =>
    fc.record({
      prefix: fc.constant(prefix),
      entry: fc.constant(entry as EntryName),
      value: entries[entry as EntryName] as fc.Arbitrary<unknown>,
    }),
  );
  fc.assert(
    fc.property(place, place, record, ({ network, height }, written, { prefix, entry, value }) => {
      const params = encoderParams[network];
      const codec = codecsOf[network][entry];
      const stored = codec.encode(value, { height: written.height });
      const found = checksumValue(Uint8Array.of(prefix), stored, { height, params });
      expect(hex(found)).toBe(hex(codec.encode(codec.decode(stored), { height, form: 'checksum' })));
    }),
    { numRuns: 1_000 },
  );
});

test('the value of a checksum of any bytes is bytes or a WireError', () => {
  fc.assert(
    fc.property(random, random, place, (key, value, { network, height }) => {
      try {
        expect(ArrayBuffer.isView(checksumValue(key, value, { height, params: encoderParams[network] }))).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ name: 'WireError', code: expect.stringMatching(/^WIRE_/) });
      }
    }),
    { numRuns: 3_000 },
  );
});
