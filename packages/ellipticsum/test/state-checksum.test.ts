import { createHash } from 'node:crypto';
import { toHex } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import { EllipticSum, StateChecksum, stateRoot } from '../src/index.js';

const a = new Uint8Array(32).fill(0xaa);
const b = new Uint8Array(32).fill(0xbb);
const zero = new Uint8Array(32);
const tag = new TextEncoder().encode('HS:state-root:v1');

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

describe('stateRoot', () => {
  test('is SHA-256 of the tag and of prefix bytes and checksums in ascending order', () => {
    const expected = sha256(tag, Uint8Array.of(9), b, Uint8Array.of(10), a, Uint8Array.of(200), b);
    expect(
      toHex(
        stateRoot([
          [10, a],
          [200, b],
          [9, b],
        ]),
      ),
    ).toBe(expected);
    expect(
      toHex(
        stateRoot(
          new Map([
            [200, b],
            [9, b],
            [10, a],
          ]),
        ),
      ),
    ).toBe(expected);
  });

  test('of no records is SHA-256 of the tag', () => {
    expect(toHex(stateRoot([]))).toBe(sha256(tag));
    expect(toHex(stateRoot([[5, zero]]))).toBe(sha256(tag));
  });

  test('skips prefixes whose checksum is zero, and only those', () => {
    const nearlyZero = zero.slice();
    nearlyZero[31] = 1;
    expect(
      toHex(
        stateRoot([
          [1, zero],
          [2, a],
          [3, zero],
        ]),
      ),
    ).toBe(toHex(stateRoot([[2, a]])));
    expect(toHex(stateRoot([[1, nearlyZero]]))).toBe(sha256(tag, Uint8Array.of(1), nearlyZero));
  });

  test('takes prefixes 0 and 255', () => {
    expect(
      toHex(
        stateRoot([
          [255, b],
          [0, a],
        ]),
      ),
    ).toBe(sha256(tag, Uint8Array.of(0), a, Uint8Array.of(255), b));
  });

  test.each([-1, 256, 1.5, Number.NaN, '5' as never])('refuses prefix %p', (prefix) => {
    expect(() => stateRoot([[prefix, a]])).toThrow(expect.objectContaining({ code: 'ELLIPTICSUM_INVALID_PREFIX' }));
  });

  test('refuses a prefix listed twice, even with zeros', () => {
    const code = 'ELLIPTICSUM_DUPLICATE_PREFIX';
    expect(() =>
      stateRoot([
        [5, a],
        [5, b],
      ]),
    ).toThrow(expect.objectContaining({ code, details: { prefix: 5 } }));
    expect(() =>
      stateRoot([
        [5, zero],
        [5, a],
      ]),
    ).toThrow(expect.objectContaining({ code }));
  });

  test.each([0, 31, 33, 128])('refuses a checksum of %i bytes', (length) => {
    const code = 'ELLIPTICSUM_INVALID_LENGTH';
    expect(() => stateRoot([[5, new Uint8Array(length)]])).toThrow(expect.objectContaining({ code }));
  });

  test('takes checksums that are Buffers', () => {
    expect(toHex(stateRoot([[5, Buffer.from(a)]]))).toBe(sha256(tag, Uint8Array.of(5), a));
  });
});

describe('StateChecksum', () => {
  const first = [Uint8Array.of(7, 1), Uint8Array.of(1)] as const;
  const second = [Uint8Array.of(7, 2), Uint8Array.of(2)] as const;
  const third = [Uint8Array.of(3, 1), Uint8Array.of(3)] as const;

  test('keeps a sum for each prefix, listed in ascending order', () => {
    const state = new StateChecksum();
    for (const [key, value] of [first, second, third]) state.addRecord(key, value);
    expect(state.entries().map(([prefix]) => prefix)).toEqual([3, 7]);
    const expected = EllipticSum.ofRecord(...first).add(EllipticSum.ofRecord(...second));
    expect(state.checksum(7).equals(expected)).toBe(true);
    expect(state.checksum(3).equals(EllipticSum.ofRecord(...third))).toBe(true);
    expect(state.checksum(8).isZero()).toBe(true);
    expect(state.total().equals(expected.add(EllipticSum.ofRecord(...third)))).toBe(true);
  });

  test('its root is the state root of its entries', () => {
    const state = new StateChecksum();
    for (const [key, value] of [first, second, third]) state.addRecord(key, value);
    const expected = sha256(
      tag,
      Uint8Array.of(3),
      state.checksum(3).encode(),
      Uint8Array.of(7),
      state.checksum(7).encode(),
    );
    expect(toHex(state.root())).toBe(expected);
  });

  test('lists no prefix whose records are all gone, and returns to the root of nothing', () => {
    const state = new StateChecksum();
    state.addRecord(...first);
    state.removeRecord(...first);
    expect(state.entries()).toEqual([]);
    expect(toHex(state.root())).toBe(sha256(tag));
  });

  test('adds and subtracts sums computed elsewhere', () => {
    const state = new StateChecksum();
    state.addSum(7, EllipticSum.ofRecord(...first));
    state.addRecord(...second);
    state.subtractSum(7, EllipticSum.ofRecord(...first));
    expect(state.checksum(7).equals(EllipticSum.ofRecord(...second))).toBe(true);
  });

  test('hashes records in its own domain', () => {
    const domain = 'OTHER';
    const state = new StateChecksum({ domain });
    state.addRecord(...first);
    expect(state.domain).toBe(domain);
    expect(state.checksum(7).equals(EllipticSum.ofRecord(...first, { domain }))).toBe(true);
    expect(state.checksum(7).equals(EllipticSum.ofRecord(...first))).toBe(false);
  });

  test('refuses keys without a first byte, wrong prefixes and bad domains, and stays as it was', () => {
    const state = new StateChecksum();
    const empty = new Uint8Array(0);
    expect(() => state.addRecord(empty, empty)).toThrow(expect.objectContaining({ code: 'ELLIPTICSUM_EMPTY_KEY' }));
    expect(() => state.removeRecord(empty, empty)).toThrow(expect.objectContaining({ code: 'ELLIPTICSUM_EMPTY_KEY' }));
    const code = 'ELLIPTICSUM_INVALID_PREFIX';
    expect(() => state.addSum(256, EllipticSum.zero)).toThrow(expect.objectContaining({ code }));
    expect(() => state.subtractSum(-1, EllipticSum.zero)).toThrow(expect.objectContaining({ code }));
    expect(() => state.checksum(0.5)).toThrow(expect.objectContaining({ code }));
    expect(() => new StateChecksum({ domain: '' })).toThrow('printable ASCII');
    expect(state.entries()).toEqual([]);
  });
});
