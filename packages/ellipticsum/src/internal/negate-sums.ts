import { countOf, invalidPoint } from './backend-arguments.js';
import { readPoint, uncompressedSumBytes, writePoint } from './curve.js';

/**
 * The inverse of each uncompressed sum. Cheap beside hashing, so that all backends share it.
 *
 * @throws ELLIPTICSUM_INVALID_LENGTH, ELLIPTICSUM_INVALID_POINT with `details.index`
 */
export function negateSums(sums: Uint8Array): Uint8Array {
  const count = countOf(sums, uncompressedSumBytes, 'sums');
  const result = new Uint8Array(sums.length);
  for (let index = 0; index < count; index++) {
    const point = readPoint(sums, index * uncompressedSumBytes);
    if (point === undefined) throw invalidPoint(index);
    writePoint(result, index * uncompressedSumBytes, point.negate());
  }
  return result;
}
