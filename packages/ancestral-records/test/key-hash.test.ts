import { expect, test } from '@jest/globals';
import { KeyHash } from '../src/key-hash.js';

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
const text = Buffer.from(bytes).toString('latin1');

test('the hash of the bytes of a key is that of its text', () => {
  const hash = new KeyHash();
  expect(hash.ofBytes(bytes, 0, bytes.length)).toBe(hash.of(text));
  expect(hash.ofBytes(bytes, 5, 9)).toBe(hash.of(text.slice(5, 9)));
});

test('each instance hashes differently', () => {
  expect(new Set(Array.from({ length: 20 }, () => new KeyHash().of(text))).size).toBeGreaterThan(15);
});

test('keys that differ little have different hashes', () => {
  const hash = new KeyHash();
  const keys = Array.from({ length: 20_000 }, (_, i) => `\x05${String.fromCharCode(i >> 8, i & 255)}`);
  expect(new Set(keys.map((key) => hash.of(key))).size).toBeGreaterThan(19_990);
});
