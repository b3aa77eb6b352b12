import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entriesPerPage, Manifest, pageHash, type RangeEntry, rangeInterval, snapshotRoot } from '../src/index.js';
import { bytes, hex } from './support/plain-state.js';
import { element, encodeElement, toyHasher } from './support/toy-hasher.js';

const invalid = { code: 'ANCESTRAL_RECORDS_INVALID_MANIFEST' };
const entry = (start: Uint8Array, depth: number, chosen: Partial<RangeEntry> = {}): RangeEntry => {
  return { start, depth, count: 1, bytes: 1, sum: encodeElement(element(start, bytes())), ...chosen };
};
const many = (size: number): RangeEntry[] => {
  return Array.from({ length: size }, (_, i) => entry(bytes(5, i >> 8, i & 255), 24));
};
const sha = (...parts: Uint8Array[]): string => createHash('sha256').update(Buffer.concat(parts)).digest('hex');

describe('a manifest', () => {
  test('has pages of 1024 entries, decodes to the same entries, and hashes as specified', () => {
    for (const size of [0, 1, 1023, 1024, 1025, 3000]) {
      const manifest = Manifest.fromEntries({ height: 8, entries: many(size) });
      expect(manifest.pages.length).toBe(Math.max(1, Math.ceil(size / entriesPerPage)));
      const decoded = Manifest.fromPages({ height: 8, pages: manifest.pages });
      expect(decoded.entries).toEqual(manifest.entries);
      expect(decoded.totals).toEqual({ records: size, bytes: size });
      const identity = new Uint8Array(32).fill(3);
      const hashes = manifest.pages.map((page) => sha(Buffer.from('HS:page:v1'), page));
      expect(manifest.pageHashes.map(hex)).toEqual(hashes);
      const head = Buffer.concat([Buffer.from('HS:snapshot-root:v1'), identity, bytes(0, 0, 0, 0, 0, 0, 0, 8)]);
      const count = bytes(0, 0, 0, hashes.length);
      const root = sha(head, count, Buffer.from(hashes.join(''), 'hex'));
      expect(hex(decoded.root(identity))).toBe(root);
      expect(hex(snapshotRoot({ identity, height: 8, pageHashes: manifest.pages.map(pageHash) }))).toBe(root);
    }
  });

  test('refuses entries that are not ascending, disjoint, canonical and non-empty', () => {
    const make = (...entries: RangeEntry[]): Manifest => Manifest.fromEntries({ height: 0, entries });
    const wrong: RangeEntry[][] = [
      [entry(bytes(6), 8), entry(bytes(5), 8)],
      [entry(bytes(5), 8), entry(bytes(5), 8)],
      [entry(bytes(5), 8), entry(bytes(5, 1), 16)],
      [entry(bytes(5, 0), 16), entry(bytes(5), 8)],
      [entry(bytes(255), 8), entry(bytes(255, 1), 16)],
      [entry(bytes(5), 7)],
      [entry(bytes(5), 9)],
      [entry(bytes(5, 1), 9)],
      [entry(bytes(5, 64), 9)],
      [entry(bytes(5), 8.5)],
      [entry(bytes(5), 8, { count: 0 })],
      [entry(bytes(5), 8, { count: 2, bytes: 1 })],
      [entry(bytes(5), 8, { bytes: 2 ** 60 })],
      [entry(bytes(5), 8, { sum: bytes(1) })],
    ];
    for (const entries of wrong) expect(() => make(...entries)).toThrow(expect.objectContaining(invalid));
    expect(make(entry(bytes(5, 0), 9), entry(bytes(5, 128), 9), entry(bytes(6), 8)).entries.length).toBe(3);
    expect(() => Manifest.fromEntries({ height: -1, entries: [] })).toThrow(RangeError);
  });

  test('refuses pages that are short, long, cut, of another version, or not full in the middle', () => {
    const { pages } = Manifest.fromEntries({ height: 0, entries: many(1500) });
    const [first, second] = pages as [Uint8Array, Uint8Array];
    const small = Manifest.fromEntries({ height: 0, entries: many(3) }).pages[0] as Uint8Array;
    const none = Manifest.fromEntries({ height: 0, entries: [] }).pages[0] as Uint8Array;
    const wrong: Uint8Array[][] = [
      [],
      [second, first],
      [small, second],
      [first, none],
      [first.subarray(0, -1)],
      [Uint8Array.of(...small, 0)],
      [Uint8Array.of(2, ...small.subarray(1))],
      [Uint8Array.of(1, 255, 255, 255, 255)],
      [new Uint8Array(0)],
    ];
    for (const each of wrong) {
      expect(() => Manifest.fromPages({ height: 0, pages: each })).toThrow(expect.objectContaining(invalid));
    }
  });

  test('decodes no bytes but those that encode to the same bytes', () => {
    const { pages } = Manifest.fromEntries({ height: 0, entries: many(3) });
    const page = pages[0] as Uint8Array;
    fc.assert(
      fc.property(fc.nat(page.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
        const bad = isCut ? page.slice(0, at) : page.with(at, byte);
        try {
          const decoded = Manifest.fromPages({ height: 0, pages: [bad] });
          expect(hex(Manifest.fromEntries({ height: 0, entries: decoded.entries }).pages[0] as Uint8Array)).toBe(
            hex(bad),
          );
        } catch (error) {
          expect(error).toMatchObject(invalid);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('adds its sums up per prefix, however many ranges a prefix has', async () => {
    const five = many(7);
    const six = [entry(bytes(6), 8)];
    const checksums = await Manifest.fromEntries({ height: 0, entries: [...five, ...six] }).prefixChecksums(toyHasher);
    const total = five.reduce((sum, { start }) => sum + element(start, bytes()), 0n);
    expect([...checksums].map(([prefix, sum]) => [prefix, hex(sum)])).toEqual([
      [5, hex(encodeElement(total))],
      [6, hex(encodeElement(element(bytes(6), bytes())))],
    ]);
    expect(await Manifest.fromEntries({ height: 0, entries: [] }).prefixChecksums(toyHasher)).toEqual(new Map());
  });
});

describe('the interval of a range', () => {
  test('holds exactly the keys whose bits, padded with zeros, begin with its prefix', () => {
    const small = fc.constantFrom(0, 1, 127, 128, 255);
    fc.assert(
      fc.property(
        fc.array(small, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 8, max: 32 }),
        fc.array(small, { minLength: 1, maxLength: 5 }),
        (from, depth, keyBytes) => {
          const bits = (value: readonly number[], length: number): string =>
            value
              .map((byte) => byte.toString(2).padStart(8, '0'))
              .join('')
              .padEnd(length, '0')
              .slice(0, length);
          const prefix = bits(from, depth);
          const padded = prefix.padEnd(8 * Math.ceil(depth / 8), '0');
          const start = Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
          const { startKey, endKey } = rangeInterval({ start, depth });
          const key = Uint8Array.from(keyBytes);
          const isInside =
            Buffer.compare(key, startKey) >= 0 && (endKey === undefined || Buffer.compare(key, endKey) < 0);
          expect(isInside).toBe(bits(keyBytes, depth) === prefix);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
