import { expect, test } from '@jest/globals';
import { keyText, ValueCache } from '../src/value-cache.js';

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

test('every byte survives the cache, and nobody can change what it keeps', () => {
  const cache = new ValueCache(1 << 20);
  const value = allBytes.slice();
  cache.set(keyText(allBytes), { value, recordedIn: 3 });
  value.fill(0);
  const first = cache.get(keyText(allBytes));
  expect(first).toEqual({ value: allBytes, recordedIn: 3 });
  first?.value?.fill(0);
  expect(cache.get(keyText(allBytes))?.value).toEqual(allBytes);
});

test('a known absence is not the same as an empty value', () => {
  const cache = new ValueCache(1 << 20);
  cache.set('a', { value: undefined, recordedIn: -1 });
  cache.set('b', { value: new Uint8Array(0), recordedIn: -1 });
  expect(cache.get('a')).toEqual({ value: undefined, recordedIn: -1 });
  expect(cache.get('b')).toEqual({ value: new Uint8Array(0), recordedIn: -1 });
  expect(cache.get('c')).toBeUndefined();
});

test('keys that differ in any byte or length have different texts', () => {
  const keys = [...allBytes].flatMap((byte) => [Uint8Array.of(byte), Uint8Array.of(byte, 0), Uint8Array.of(0, byte)]);
  const distinct = new Set(keys.map((key) => Buffer.from(key).toString('hex')));
  expect(new Set(keys.map(keyText)).size).toBe(distinct.size);
});

test('the cache keeps its bytes within the bound, dropping what was not used for longest', () => {
  const cache = new ValueCache(20_000);
  for (let i = 0; i < 1000; i++) {
    cache.set(`key ${i}`, { value: new Uint8Array(i % 300), recordedIn: i });
    cache.get('key 0');
    expect(cache.bytes).toBeLessThanOrEqual(20_000);
  }
  expect(cache.get('key 0')).toBeDefined();
  expect(cache.get('key 1')).toBeUndefined();
  expect(cache.get('key 999')).toBeDefined();
});

test('a key that was changed in the epoch is never said to have no ancestral record there', () => {
  const cache = new ValueCache(1 << 20);
  const keyOf = (i: number): string => keyText(Uint8Array.of(5, i >> 16, i >> 8, i));
  expect(cache.isUnrecorded(keyOf(0), 8)).toBe(false);
  cache.beginEpoch(8);
  for (let i = 0; i < 20_000; i++) {
    cache.remember(keyOf(i), { recordedIn: 8, isFirst: true, valueText: () => undefined });
  }
  for (let i = 20_000; i < 40_000; i++) cache.set(keyOf(i), { value: undefined, recordedIn: -1 });
  const unrecorded = Array.from({ length: 60_000 }, (_, i) => cache.isUnrecorded(keyOf(i), 8));
  expect(unrecorded.slice(0, 20_000)).not.toContain(true);
  // Of the others it knows nearly all.
  expect(unrecorded.slice(20_000).filter((isSure) => !isSure).length).toBeLessThan(2000);
  expect(cache.isUnrecorded(keyOf(50_000), 4)).toBe(false);
  cache.clear();
  expect(cache.isUnrecorded(keyOf(50_000), 8)).toBe(false);
  cache.beginEpoch(12);
  expect(cache.isUnrecorded(keyOf(0), 12)).toBe(true);
});

test('a key that is changed once an epoch does not push out others, but what is known of it stays right', () => {
  const cache = new ValueCache(1 << 20);
  const remember = (key: string, text: string, isFirst: boolean): void => {
    cache.remember(key, { recordedIn: 8, isFirst, valueText: () => text });
  };
  cache.beginEpoch(8);
  remember('once', 'a', true);
  expect(cache.lookUp('once')).toBeUndefined();
  expect(cache.isUnrecorded('once', 8)).toBe(false);
  remember('once', 'b', false);
  expect(cache.lookUp('once')).toEqual({ valueText: 'b', recordedIn: 8 });
  remember('once', 'c', true);
  expect(cache.lookUp('once')).toEqual({ valueText: 'c', recordedIn: 8 });
});
