import { fromHex, toHex } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { EllipticSum, EllipticSumError } from '../src/index.js';

const field = ed25519.Point.Fp;
const sample = EllipticSum.ofRecord(Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5));
type Coordinates = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint];

function coordinatesOf(uncompressed: Uint8Array): Coordinates {
  const at = (index: number) => bytesToNumberLE(uncompressed.subarray(32 * index, 32 * index + 32));
  return [at(0), at(1), at(2), at(3)];
}

function uncompressed(coordinates: Coordinates): Uint8Array {
  return Uint8Array.from(coordinates.flatMap((coordinate) => [...numberToBytesLE(coordinate, 32)]));
}

/** The sample's Edwards point plus a point of small order. */
function sampleShiftedBy(torsion: InstanceType<typeof ed25519.Point>): Uint8Array {
  const { X, Y, Z, T } = new ed25519.Point(...coordinatesOf(sample.toUncompressed())).add(torsion);
  return uncompressed([X, Y, Z, T]);
}

const torsion = ED25519_TORSION_SUBGROUP.map((hex) => ed25519.Point.fromHex(hex, true));

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
  return 'accepted';
}

describe('values', () => {
  test('adding, subtracting and negating leave their operands as they were', () => {
    const before = toHex(sample.encode());
    sample.add(sample);
    sample.subtract(EllipticSum.zero);
    sample.negate();
    expect(toHex(sample.encode())).toBe(before);
    expect(EllipticSum.zero.isZero()).toBe(true);
  });

  test('zero is the only zero, neutral and its own negative', () => {
    expect(sample.isZero()).toBe(false);
    expect(sample.add(EllipticSum.zero).equals(sample)).toBe(true);
    expect(EllipticSum.zero.negate().isZero()).toBe(true);
    expect(sample.subtract(sample).isZero()).toBe(true);
    expect(toHex(EllipticSum.zero.encode())).toBe('00'.repeat(32));
  });

  test('a sum differs from its negative and its double', () => {
    expect(sample.equals(sample.negate())).toBe(false);
    expect(sample.equals(sample.add(sample))).toBe(false);
    expect(sample.add(sample).subtract(sample).equals(sample)).toBe(true);
  });

  test('moving a byte from key to value gives another element', () => {
    const moved = EllipticSum.ofRecord(Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5));
    expect(moved.equals(sample)).toBe(false);
  });

  test('another domain gives another element', () => {
    const other = EllipticSum.ofRecord(Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), { domain: 'OTHER' });
    expect(other.equals(sample)).toBe(false);
  });

  test.each(['', 'ä', 'line\nbreak', 'x'.repeat(256)])('domain %j is refused', (domain) => {
    expect(() => EllipticSum.ofRecord(new Uint8Array(1), new Uint8Array(0), { domain })).toThrow('printable ASCII');
  });

  test('arguments of other types are refused', () => {
    expect(() => EllipticSum.ofRecord('key' as never, new Uint8Array(0))).toThrow('key must be a Uint8Array');
    expect(() => EllipticSum.ofRecord(new Uint8Array(1), [1] as never)).toThrow('value must be a Uint8Array');
    expect(() => EllipticSum.ofRecord(new Uint8Array(1), new Uint8Array(0), { domain: 5 as never })).toThrow('domain');
    expect(() => sample.add({} as never)).toThrow('expected an EllipticSum');
    expect(() => sample.equals(null as never)).toThrow('expected an EllipticSum');
    expect(() => EllipticSum.decode('00'.repeat(32) as never)).toThrow('Uint8Array');
  });

  test('results are new arrays that the caller may change', () => {
    EllipticSum.zero.encode().fill(1);
    EllipticSum.zero.toUncompressed().fill(1);
    expect(toHex(EllipticSum.zero.encode())).toBe('00'.repeat(32));
    expect(EllipticSum.fromUncompressed(EllipticSum.zero.toUncompressed()).isZero()).toBe(true);
  });
});

describe('decode', () => {
  test('is the inverse of encode', () => {
    expect(EllipticSum.decode(sample.encode()).equals(sample)).toBe(true);
    expect(EllipticSum.decode(new Uint8Array(32)).isZero()).toBe(true);
  });

  test.each([0, 31, 33, 64])('refuses %i bytes', (length) => {
    expect(codeOf(() => EllipticSum.decode(new Uint8Array(length)))).toBe('ELLIPTICSUM_INVALID_LENGTH');
  });

  test('refuses the encodings of sample numbers with p added', () => {
    const p = field.ORDER;
    const refused: string[] = [];
    for (let small = 0n; small < 19n; small++) {
      const bytes = numberToBytesLE(small + p, 32);
      expect(codeOf(() => EllipticSum.decode(bytes))).toBe('ELLIPTICSUM_INVALID_ENCODING');
      refused.push(toHex(bytes));
    }
    expect(refused.length).toBe(19);
  });

  test('refuses an encoding with its highest bit set', () => {
    const bytes = sample.encode();
    bytes[31] = (bytes[31] as number) | 0x80;
    expect(codeOf(() => EllipticSum.decode(bytes))).toBe('ELLIPTICSUM_INVALID_ENCODING');
  });

  test('refuses the negative of an encoded number', () => {
    const negative = numberToBytesLE(field.neg(bytesToNumberLE(sample.encode())), 32);
    expect(codeOf(() => EllipticSum.decode(negative))).toBe('ELLIPTICSUM_INVALID_ENCODING');
  });

  test.each([
    ['-1', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['no square root', '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371'],
    ['no square root', '4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f'],
    ['negative product', '3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e'],
    ['negative product', 'a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220'],
  ])('refuses %s of RFC 9496, appendix A.3', (_, hex) => {
    expect(codeOf(() => EllipticSum.decode(fromHex(hex)))).toBe('ELLIPTICSUM_INVALID_ENCODING');
  });
});

describe('uncompressed form', () => {
  test('is X, Y, Z, T, each 32 bytes little-endian, of a point on the curve', () => {
    const bytes = sample.toUncompressed();
    expect(bytes.length).toBe(128);
    expect(() => new ed25519.Point(...coordinatesOf(bytes)).assertValidity()).not.toThrow();
    expect(EllipticSum.fromUncompressed(bytes).equals(sample)).toBe(true);
  });

  test('is accepted with all coordinates scaled', () => {
    const [X, Y, Z, T] = coordinatesOf(sample.toUncompressed());
    const by = (factor: bigint): Coordinates => [X, Y, Z, T].map((n) => field.mul(n, factor)) as unknown as Coordinates;
    const scaled = EllipticSum.fromUncompressed(uncompressed(by(123_456_789n)));
    expect(scaled.equals(sample)).toBe(true);
    expect(toHex(scaled.encode())).toBe(toHex(sample.encode()));
    expect(toHex(scaled.add(sample).encode())).toBe(toHex(sample.add(sample).encode()));
  });

  test('is accepted for each of the four points that stand for a sum, which are all equal', () => {
    for (const index of [0, 2, 4, 6]) {
      const shifted = EllipticSum.fromUncompressed(sampleShiftedBy(torsion[index] as (typeof torsion)[number]));
      expect(shifted.equals(sample)).toBe(true);
      expect(toHex(shifted.encode())).toBe(toHex(sample.encode()));
    }
  });

  test('is refused for points of the curve that stand for no sum', () => {
    for (const index of [1, 3, 5, 7]) {
      const point = torsion[index] as (typeof torsion)[number];
      expect(codeOf(() => EllipticSum.fromUncompressed(sampleShiftedBy(point)))).toBe('ELLIPTICSUM_INVALID_POINT');
      const alone = uncompressed([point.X, point.Y, point.Z, point.T]);
      expect(codeOf(() => EllipticSum.fromUncompressed(alone))).toBe('ELLIPTICSUM_INVALID_POINT');
    }
  });

  test.each<[string, Coordinates]>([
    ['all zero', [0n, 0n, 0n, 0n]],
    ['Z zero', [0n, 5n, 0n, 0n]],
    ['T that is not X·Y/Z', [0n, 1n, 1n, 5n]],
    ['a point off the curve', [2n, 3n, 1n, 6n]],
    ['X not below p', [field.ORDER, 1n, 1n, 0n]],
    ['Y not below p', [0n, field.ORDER + 1n, 1n, 0n]],
    ['Z not below p', [0n, 1n, field.ORDER + 1n, 0n]],
    ['T not below p', [0n, 1n, 1n, field.ORDER]],
  ])('is refused with %s', (_, coordinates) => {
    expect(codeOf(() => EllipticSum.fromUncompressed(uncompressed(coordinates)))).toBe('ELLIPTICSUM_INVALID_POINT');
  });

  test.each([0, 32, 127, 129, 256])('is refused with %i bytes', (length) => {
    expect(codeOf(() => EllipticSum.fromUncompressed(new Uint8Array(length)))).toBe('ELLIPTICSUM_INVALID_LENGTH');
  });
});

describe('errors', () => {
  test('carry code, details, message and cause', () => {
    const cause = new Error('why');
    const error = new EllipticSumError('ELLIPTICSUM_INVALID_POINT', 'what', { cause, details: { index: 3 } });
    expect(error).toMatchObject({ name: 'EllipticSumError', code: 'ELLIPTICSUM_INVALID_POINT', message: 'what' });
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual({ index: 3 });
    expect('cause' in new EllipticSumError('ELLIPTICSUM_EMPTY_KEY', 'no cause')).toBe(false);
  });
});
