import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyHash } from '../src/key-hash.js';
import { noEntry } from '../src/key-index.js';
import { type CachedRecord, PackedCache } from '../src/packed-cache.js';
import { keyText } from '../src/value-cache.js';

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

const hash = new KeyHash();

/** What is known of a key, as a copy. */
function knownOf(cache: PackedCache, key: string): CachedRecord | undefined {
  const entry = cache.find(key, hash.of(key));
  if (entry === noEntry) return undefined;
  return { value: cache.value(entry)?.slice(), recordedIn: cache.recordedIn(entry) };
}

describe('a packed cache', () => {
  test('keeps every byte, and a copy', () => {
    const cache = new PackedCache(1 << 20, hash);
    const value = allBytes.slice();
    cache.set(keyText(allBytes), hash.of(keyText(allBytes)), { value, recordedIn: 3 });
    value.fill(0);
    expect(knownOf(cache, keyText(allBytes))).toEqual({ value: allBytes, recordedIn: 3 });
  });

  test('tells a known absence from an empty value', () => {
    const cache = new PackedCache(1 << 20, hash);
    cache.set('a', hash.of('a'), { value: undefined, recordedIn: -1 });
    cache.set('b', hash.of('b'), { value: new Uint8Array(0), recordedIn: -1 });
    expect(knownOf(cache, 'a')).toEqual({ value: undefined, recordedIn: -1 });
    expect(knownOf(cache, 'b')).toEqual({ value: new Uint8Array(0), recordedIn: -1 });
    expect(knownOf(cache, 'c')).toBeUndefined();
  });

  test.each([-1, 0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48 + 2 ** 31 + 5, Number.MAX_SAFE_INTEGER])(
    'keeps epoch %d',
    (recordedIn) => {
      const cache = new PackedCache(1 << 20, hash);
      cache.set('a', hash.of('a'), { value: undefined, recordedIn });
      expect(knownOf(cache, 'a')?.recordedIn).toBe(recordedIn);
    },
  );

  test.each([600, 20_000, 1 << 18])('of %d bytes keeps within them, and what is used stays', (maxBytes) => {
    const cache = new PackedCache(maxBytes, hash);
    const count = Math.ceil(maxBytes / 20);
    let used = 0;
    let mostBytes = 0;
    for (let i = 0; i < count; i++) {
      cache.set(`key ${i}`, hash.of(`key ${i}`), { value: new Uint8Array(i % 30), recordedIn: i });
      mostBytes = Math.max(mostBytes, cache.bytes);
      if (cache.find('key 0', hash.of('key 0')) !== noEntry) used++;
    }
    expect(mostBytes).toBeLessThanOrEqual(maxBytes);
    expect(used).toBe(count);
    expect(cache.find('key 1', hash.of('key 1'))).toBe(noEntry);
    expect(knownOf(cache, `key ${count - 1}`)?.recordedIn).toBe(count - 1);
  });

  test('needs a quarter more than records of 150 bytes have, and keeps within its bound when there are more small ones than places', () => {
    const maxBytes = 1 << 19;
    const countOf = (keyLength: number, valueLength: number): number => {
      const cache = new PackedCache(maxBytes, hash);
      const keys = Array.from({ length: 20_000 }, (_, i) => String(i).padStart(keyLength, 'k'));
      for (const key of keys) cache.set(key, hash.of(key), { value: new Uint8Array(valueLength), recordedIn: -1 });
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
      return keys.filter((key) => cache.find(key, hash.of(key)) !== noEntry).length;
    };
    expect(countOf(33, 117) * 150).toBeGreaterThan(maxBytes / 1.25);
    expect(countOf(5, 0)).toBeGreaterThan(2500);
  });

  test('knows nothing of a record that is larger than half a segment, though it knew a smaller one', () => {
    const cache = new PackedCache(64 * 1024, hash);
    cache.set('a', hash.of('a'), { value: new Uint8Array(8 * 1024 - 20), recordedIn: 1 });
    expect(knownOf(cache, 'a')?.recordedIn).toBe(1);
    cache.set('a', hash.of('a'), { value: new Uint8Array(8 * 1024), recordedIn: 2 });
    expect(knownOf(cache, 'a')).toBeUndefined();
  });

  test('loses at most a segment to a large record', () => {
    const cache = new PackedCache(1 << 20, hash);
    const keys = Array.from({ length: 4000 }, (_, i) => `key ${i}`);
    for (const key of keys) cache.set(key, hash.of(key), { value: new Uint8Array(100), recordedIn: 1 });
    for (const key of keys) cache.find(key, hash.of(key));
    cache.set('large', hash.of('large'), { value: new Uint8Array(15_000), recordedIn: 1 });
    cache.set('as large', hash.of('as large'), { value: new Uint8Array(15_000), recordedIn: 1 });
    expect(cache.find('as large', hash.of('as large'))).not.toBe(noEntry);
    expect(keys.filter((key) => cache.find(key, hash.of(key)) !== noEntry).length).toBeGreaterThan(3500);
  });

  test('of more bytes than it can number uses fewer', () => {
    const cache = new PackedCache(2 ** 40, hash);
    expect(cache.bytes).toBe(0);
    expect(cache.find('a', hash.of('a'))).toBe(noEntry);
  });

  test.each([0, 1, 100, 190])('of %d bytes keeps nothing', (maxBytes) => {
    const cache = new PackedCache(maxBytes, hash);
    cache.set('a', hash.of('a'), { value: Uint8Array.of(1), recordedIn: 1 });
    expect(knownOf(cache, 'a')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  test('never knows anything wrong, whatever comes and goes', () => {
    const keyOf = fc
      .integer({ min: 0, max: 40 })
      .map((i) => keyText(Uint8Array.of(255 - i, i).subarray(0, 1 + (i % 2))));
    const lengthOf = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 400 }), fc.constant(-1));
    const step = fc.oneof(
      { weight: 200, arbitrary: fc.record({ kind: fc.constant('set' as const), key: keyOf, length: lengthOf }) },
      { weight: 200, arbitrary: fc.record({ kind: fc.constant('find' as const), key: keyOf }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
    );
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(300, 700, 2000, 5000, 40_000),
        fc.array(step, { minLength: 50, maxLength: 400 }),
        (maxBytes, steps) => {
          const cache = new PackedCache(maxBytes, hash);
          const model = new Map<string, CachedRecord>();
          for (const [time, action] of steps.entries()) {
            if (action.kind === 'clear') {
              cache.clear();
              model.clear();
            } else if (action.kind === 'find') {
              const known = knownOf(cache, action.key);
              if (known === undefined) misses++;
              else {
                hits++;
                expect(known).toEqual(model.get(action.key));
              }
            } else {
              const value = action.length < 0 ? undefined : new Uint8Array(action.length).fill(time);
              model.set(action.key, { value, recordedIn: time });
              cache.set(action.key, hash.of(action.key), { value, recordedIn: time });
            }
            expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(hits).toBeGreaterThan(1000);
    expect(misses).toBeGreaterThan(1000);
  });
});
