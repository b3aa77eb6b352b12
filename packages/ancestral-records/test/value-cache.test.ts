import { expect, test } from '@jest/globals';
import { keyText, ValueCache } from '../src/value-cache.js';

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

test('keys that differ in any byte or length have different texts', () => {
  const keys = [...allBytes].flatMap((byte) => [Uint8Array.of(byte), Uint8Array.of(byte, 0), Uint8Array.of(0, byte)]);
  const distinct = new Set(keys.map((key) => Buffer.from(key).toString('hex')));
  expect(new Set(keys.map(keyText)).size).toBe(distinct.size);
});

test('a key that was changed in the epoch is never said to have no ancestral record there', () => {
  const cache = new ValueCache(1 << 20);
  const keyOf = (i: number): string => keyText(Uint8Array.of(5, i >> 16, i >> 8, i));
  expect(cache.isUnrecorded(cache.hashOf(keyOf(0)), 8)).toBe(false);
  cache.beginEpoch(8);
  for (let i = 0; i < 20_000; i++) {
    cache.remember(keyOf(i), cache.hashOf(keyOf(i)), { value: undefined, recordedIn: 8 });
  }
  for (let i = 20_000; i < 40_000; i++)
    cache.set(keyOf(i), cache.hashOf(keyOf(i)), { value: undefined, recordedIn: -1 });
  const unrecorded = Array.from({ length: 60_000 }, (_, i) => cache.isUnrecorded(cache.hashOf(keyOf(i)), 8));
  expect(unrecorded.slice(0, 20_000)).not.toContain(true);
  // Of the others it knows nearly all.
  expect(unrecorded.slice(20_000).filter((isSure) => !isSure).length).toBeLessThan(2000);
  expect(cache.isUnrecorded(cache.hashOf(keyOf(50_000)), 4)).toBe(false);
  cache.clear();
  expect(cache.isUnrecorded(cache.hashOf(keyOf(50_000)), 8)).toBe(false);
  cache.beginEpoch(12);
  expect(cache.isUnrecorded(cache.hashOf(keyOf(0)), 12)).toBe(true);
});

test('what a block made of a key is known, its value and that it has an ancestral record', () => {
  const cache = new ValueCache(1 << 20);
  cache.beginEpoch(8);
  cache.set('key', cache.hashOf('key'), { value: Uint8Array.of(1), recordedIn: -1 });
  cache.remember('key', cache.hashOf('key'), { value: Uint8Array.of(2), recordedIn: 8 });
  expect(cache.lookUp('key', cache.hashOf('key'))).toEqual({ value: Uint8Array.of(2), recordedIn: 8 });
  expect(cache.isUnrecorded(cache.hashOf('key'), 8)).toBe(false);
  cache.remember('key', cache.hashOf('key'), { value: undefined, recordedIn: 8 });
  expect(cache.lookUp('key', cache.hashOf('key'))).toEqual({ value: undefined, recordedIn: 8 });
});

test('while a block is written its keys are what they were, and afterwards what it made of them', () => {
  const cache = new ValueCache(1 << 20);
  cache.set('known', cache.hashOf('known'), { value: Uint8Array.of(1), recordedIn: -1 });
  const before = new Map([
    ['known', Uint8Array.of(1)],
    ['unknown', Uint8Array.of(2)],
    ['new', undefined],
  ]);
  cache.beginBlock({
    before: (key) => (before.has(key) ? { value: before.get(key), recordedIn: -1 } : undefined),
    remember: () => {
      for (const key of before.keys())
        cache.remember(key, cache.hashOf(key), { value: Uint8Array.of(9), recordedIn: 8 });
    },
  });
  for (const [key, value] of before) expect(cache.lookUp(key, cache.hashOf(key))).toEqual({ value, recordedIn: -1 });
  expect(cache.lookUp('other', cache.hashOf('other'))).toBeUndefined();
  cache.endBlock();
  for (const key of before.keys())
    expect(cache.lookUp(key, cache.hashOf(key))).toEqual({ value: Uint8Array.of(9), recordedIn: 8 });
});

test('where there is no memory for a block, nothing is known any more, but for what was before it until it is written', () => {
  const cache = new ValueCache(1 << 20);
  cache.set('key', cache.hashOf('key'), { value: undefined, recordedIn: -1 });
  const before = { value: Uint8Array.of(1), recordedIn: -1 };
  cache.beginBlock({
    before: (key) => (key === 'other' ? before : undefined),
    remember: () => {
      cache.remember('other', cache.hashOf('other'), { value: undefined, recordedIn: 8 });
      throw new RangeError('Array buffer allocation failed');
    },
  });
  expect(cache.lookUp('key', cache.hashOf('key'))).toBeUndefined();
  expect(cache.lookUp('other', cache.hashOf('other'))).toBe(before);
  cache.endBlock();
  expect(cache.lookUp('other', cache.hashOf('other'))).toBeUndefined();
  cache.set('key', cache.hashOf('key'), { value: undefined, recordedIn: -1 });
  expect(cache.lookUp('key', cache.hashOf('key'))).toBeDefined();
});
