import { EllipticSumError } from '../errors.js';
import { requireBytes } from './arguments.js';

/** How many items of `size` bytes there are. @throws TypeError, ELLIPTICSUM_INVALID_LENGTH */
export function countOf(bytes: Uint8Array, size: number, name: string): number {
  requireBytes(bytes, name);
  if (bytes.length % size === 0) return bytes.length / size;
  throw new EllipticSumError('ELLIPTICSUM_INVALID_LENGTH', `${name} must have a multiple of ${size} bytes`, {
    details: { multipleOf: size, actual: bytes.length },
  });
}

/** Checks that two lists have the same length. @throws ELLIPTICSUM_INVALID_LENGTH */
export function requireSameLength(left: Uint8Array, right: Uint8Array): void {
  if (left.length === right.length) return;
  throw new EllipticSumError('ELLIPTICSUM_INVALID_LENGTH', 'left and right must have the same length', {
    details: { expected: left.length, actual: right.length },
  });
}

/** The error for uncompressed coordinates that are not on the curve. */
export function invalidPoint(index: number): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_INVALID_POINT', `sum ${index} is not a point on the curve`, {
    details: { index },
  });
}

/** The error for 32 bytes that encode nothing. */
export function invalidEncoding(index: number): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_INVALID_ENCODING', `sum ${index} is not the encoding of a sum`, {
    details: { index },
  });
}

/** Checks the option `yieldEveryMs`. @throws RangeError */
export function requireInterval(yieldEveryMs: number): void {
  if (!(Number.isFinite(yieldEveryMs) && yieldEveryMs >= 0)) throw new RangeError('yieldEveryMs must be 0 or more');
}

/** Longest time in milliseconds that a backend keeps its thread, unless it is told otherwise. */
export const defaultYieldEveryMs = 8;
