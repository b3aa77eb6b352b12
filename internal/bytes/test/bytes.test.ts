import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ByteReader,
  ByteWriter,
  bigintFromBytes,
  bigintToMinimalBytes,
  compareBytes,
  encodeUvarint,
  fromHex,
  hasPrefix,
  readU64be,
  toHex,
  u64be,
} from '../src/index.js';

const bytes = () => fc.uint8Array({ maxLength: 40 });
const reader = (input: Uint8Array) => new ByteReader(input, (problem) => new Error(problem));

describe('bytes', () => {
  test('order equals the order of Node buffers', () => {
    fc.assert(
      fc.property(bytes(), bytes(), (a, b) => Math.sign(compareBytes(a, b)) === Buffer.compare(a, b)),
      { numRuns: 1000 },
    );
  });

  test('hex round-trips and refuses what is not hex', () => {
    fc.assert(fc.property(bytes(), (a) => toHex(fromHex(toHex(a))) === Buffer.from(a).toString('hex')));
    expect(() => fromHex('abc')).toThrow(TypeError);
    expect(() => fromHex('zz')).toThrow(TypeError);
  });

  test('varint samples of the reference node', () => {
    const samples: [bigint, string][] = [
      [0n, '00'],
      [1n, '01'],
      [127n, '7f'],
      [128n, '8001'],
      [300n, 'ac02'],
      [1n << 32n, '8080808010'],
      [(1n << 64n) - 1n, 'ffffffffffffffffff01'],
    ];
    for (const [value, hex] of samples) {
      expect(toHex(encodeUvarint(value))).toBe(hex);
      expect(reader(fromHex(hex)).uvarint()).toBe(value);
    }
    const signed: [number, string][] = [
      [0, '00'],
      [1, '02'],
      [-1, '01'],
      [63, '7e'],
      [64, '8001'],
      [-64, '7f'],
      [-65, '8101'],
    ];
    for (const [value, hex] of signed) {
      expect(toHex(new ByteWriter().varint(value).finish())).toBe(hex);
      expect(reader(fromHex(hex)).varint()).toBe(BigInt(value));
    }
  });

  test('what was written stays as it is when more is written, and room is filled later', () => {
    const writer = new ByteWriter(2);
    writer.byte(1);
    const room = writer.space(3);
    room.set([2, 3, 4]);
    const full = writer.finish();
    expect(toHex(full)).toBe('01020304');
    expect(toHex(writer.byte(5).finish())).toBe('0102030405');
    expect(toHex(writer.byte(6).finish())).toBe('010203040506');
    expect([toHex(full), writer.length]).toEqual(['01020304', 6]);
  });

  test('a varint over 64 bits is refused', () => {
    expect(() => reader(fromHex('ffffffffffffffffff02')).uvarint()).toThrow('varint-overflow');
    expect(() => reader(fromHex('ffffffffffffffffffff01')).uvarint()).toThrow('varint-overflow');
    expect(() => encodeUvarint(1n << 64n)).toThrow(RangeError);
    expect(() => encodeUvarint(-1)).toThrow(RangeError);
  });

  test('integers round-trip', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
        expect(readU64be(u64be(value))).toBe(value);
        expect(reader(encodeUvarint(value)).uvarint()).toBe(value);
        expect(bigintFromBytes(bigintToMinimalBytes(value))).toBe(value);
      }),
    );
    expect(bigintToMinimalBytes(0n)).toHaveLength(0);
  });

  test('lengths are checked before anything is read', () => {
    expect(() => reader(fromHex('05aabb')).byteArray()).toThrow('truncated');
    expect(() => reader(fromHex('02aabb')).byteArray(1)).toThrow('over-limit');
    expect(() => reader(fromHex('00ff')).end()).toThrow('trailing-bytes');
  });

  test('prefix', () => {
    expect(hasPrefix(fromHex('0102'), fromHex('01'))).toBe(true);
    expect(hasPrefix(fromHex('01'), fromHex('0102'))).toBe(false);
  });
});
