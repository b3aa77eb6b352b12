/**
 * The group, on noble's public interface only.
 *
 * A ristretto255 element is held as noble's point, which wraps one Edwards point that stands for it. Out of the wrapper
 * leads `toAffine()` (one inversion, a tenth of a hash), into it the constructor. Nothing here compresses.
 */
import { FpLegendre } from '@noble/curves/abstract/modular.js';
import { ed25519, ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { encodeRecord } from '../record.js';

/** A ristretto255 element. */
export type Element = InstanceType<typeof ristretto255.Point>;
type Edwards = InstanceType<typeof ed25519.Point>;

/** Bytes of a canonical encoding. */
export const encodedSumBytes = 32;
/** Bytes of extended coordinates X, Y, Z, T. */
export const uncompressedSumBytes = 128;

const field = ed25519.Point.Fp;
const curveD = ed25519.Point.CURVE().d;

/** The neutral element. */
export const zeroElement: Element = ristretto255.Point.ZERO;

/** So many uncompressed sums of nothing: (0, 1, 1, 0). */
export function zeroSums(count: number): Uint8Array {
  const sums = new Uint8Array(count * uncompressedSumBytes);
  for (let at = 0; at < sums.length; at += uncompressedSumBytes) {
    sums[at + 32] = 1;
    sums[at + 64] = 1;
  }
  return sums;
}

/** The element of a message: RFC 9380, appendix B, `ristretto255_XMD:SHA-512_R255MAP_RO_`. */
export function hashMessage(message: Uint8Array, domain: Uint8Array): Element {
  return ristretto255_hasher.hashToCurve(message, { DST: domain });
}

/** The element of a record. */
export function hashRecord(key: Uint8Array, value: Uint8Array, domain: Uint8Array): Element {
  return hashMessage(encodeRecord(key, value), domain);
}

/** The element with this canonical encoding, or undefined (RFC 9496, section 4.3.1). */
export function decodeElement(encoded: Uint8Array): Element | undefined {
  try {
    return ristretto255.Point.fromBytes(encoded);
  } catch {
    return undefined;
  }
}

/** The element that an Edwards point stands for. */
export function elementOf(point: Edwards): Element {
  return new ristretto255.Point(point);
}

/** Writes extended coordinates of the element at `offset`. */
export function writeElement(target: Uint8Array, offset: number, element: Element): void {
  const { x, y } = element.toAffine();
  writeCoordinates(target, offset, [x, y, field.ONE, field.mul(x, y)]);
}

/** Writes the extended coordinates of the point at `offset`. */
export function writePoint(target: Uint8Array, offset: number, point: Edwards): void {
  writeCoordinates(target, offset, [point.X, point.Y, point.Z, point.T]);
}

/**
 * The Edwards point at `offset`, or undefined unless all four coordinates are canonical, Z is not zero and the point lies on
 * the curve: Y² - X² = Z² + d·T² and X·Y = Z·T.
 */
export function readPoint(source: Uint8Array, offset: number): Edwards | undefined {
  const x = readCoordinate(source, offset);
  const y = readCoordinate(source, offset + 32);
  const z = readCoordinate(source, offset + 64);
  const t = readCoordinate(source, offset + 96);
  if (![x, y, z, t].every((coordinate) => field.isValid(coordinate)) || field.is0(z)) return undefined;
  const left = field.sub(field.sqr(y), field.sqr(x));
  const right = field.add(field.sqr(z), field.mul(curveD, field.sqr(t)));
  if (!field.eql(left, right) || !field.eql(field.mul(x, y), field.mul(z, t))) return undefined;
  return new ed25519.Point(x, y, z, t);
}

/**
 * True if the point stands for an element, that is, if it is twice some point (RFC 9496, section 4.1).
 *
 * On a curve with one point of order two, doubles are the points whose Montgomery coordinate u = (Z + Y)/(Z - Y)
 * is a square or infinite, and u·(Z - Y)² = Z² - Y².
 */
export function standsForElement(point: Edwards): boolean {
  return FpLegendre(field, field.sub(field.sqr(point.Z), field.sqr(point.Y))) !== -1;
}

function readCoordinate(source: Uint8Array, offset: number): bigint {
  return bytesToNumberLE(source.subarray(offset, offset + 32));
}

function writeCoordinates(target: Uint8Array, offset: number, coordinates: readonly bigint[]): void {
  let at = offset;
  for (const coordinate of coordinates) {
    target.set(numberToBytesLE(coordinate, 32), at);
    at += 32;
  }
}
