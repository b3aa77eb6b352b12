import { EllipticSumError } from '../errors.js';
import { isTypedArray } from './arguments.js';
import { countOf, invalidPoint } from './backend-arguments.js';
import { readPoint, uncompressedSumBytes, zeroSums } from './curve.js';

/** Checks the arguments of `addUp`. @throws TypeError, ELLIPTICSUM_INVALID_LENGTH */
export function validateLists(sums: Uint8Array, sizes: Uint32Array): void {
  const count = countOf(sums, uncompressedSumBytes, 'sums');
  if (!isTypedArray(sizes, 'Uint32Array')) throw new TypeError('sizes must be a Uint32Array');
  let total = 0;
  for (const size of sizes) total += size;
  if (total === count) return;
  throw new EllipticSumError('ELLIPTICSUM_INVALID_LENGTH', `the sizes are of ${total} sums, not of ${count}`, {
    details: { expected: total, actual: count },
  });
}

/**
 * Adds up lists with few, large calls of `combine`: in each round every second sum of a list is added to the one before it, or
 * zero where the list ends, so that each sum is checked at least once.
 */
export async function addUpInPairs(
  sums: Uint8Array,
  sizes: Uint32Array,
  combine: (left: Uint8Array, right: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  let level = sums;
  let lengths = sizes;
  do {
    const halves = lengths.map((length) => (length + 1) >>> 1);
    const pairs = halves.reduce((total, half) => total + half, 0);
    const left = new Uint8Array(pairs * uncompressedSumBytes);
    const right = zeroSums(pairs);
    let from = 0;
    let to = 0;
    for (const length of lengths) {
      for (let i = 0; i < length; i++, from += uncompressedSumBytes) {
        (i % 2 === 0 ? left : right).set(level.subarray(from, from + uncompressedSumBytes), to);
        if (i % 2 === 1 || i === length - 1) to += uncompressedSumBytes;
      }
    }
    level = await combine(left, right).catch((error: unknown) => {
      throw firstInvalid(sums) ?? error;
    });
    lengths = halves;
  } while (lengths.some((length) => length > 1));
  const result = zeroSums(sizes.length);
  let from = 0;
  for (const [list, length] of lengths.entries()) {
    if (length === 0) continue;
    result.set(level.subarray(from, from + uncompressedSumBytes), list * uncompressedSumBytes);
    from += uncompressedSumBytes;
  }
  return result;
}

function firstInvalid(sums: Uint8Array): Error | undefined {
  for (let at = 0; at < sums.length; at += uncompressedSumBytes) {
    if (readPoint(sums, at) === undefined) return invalidPoint(at / uncompressedSumBytes);
  }
  return undefined;
}
