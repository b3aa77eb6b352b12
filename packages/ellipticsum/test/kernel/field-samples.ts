import { prime } from '../../src/kernel/field-constants.js';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function below(next: () => number, limit: number): number {
  return Math.floor(next() * limit);
}

/** Five limbs within 2^50 + 256, most of them at the corners, where uniform ones never come. */
export function hardLimbs(next: () => number): bigint[] {
  const corner = 2n ** 50n;
  const sign = (): bigint => (next() < 0.5 ? -1n : 1n);
  if (next() < 1 / 3) {
    const offsets = [256n, 255n, 0n, 1n, -1n, 2n];
    return Array.from({ length: 5 }, () => sign() * (corner + (offsets[below(next, 6)] as bigint)));
  }
  return Array.from({ length: 5 }, () => {
    const kind = next();
    if (kind < 0.4) return sign() * (corner + BigInt(below(next, 512) - 256));
    if (kind < 0.5) return BigInt(below(next, 5) - 2);
    if (kind < 0.6) return sign() * 2n ** BigInt(below(next, 51));
    if (kind < 0.7) return sign() * (2n ** BigInt(below(next, 51)) - 1n);
    if (kind < 0.8) return sign() * (corner + 256n);
    const high = BigInt(below(next, 2 ** 26));
    const low = BigInt(below(next, 2 ** 26));
    return (((high << 26n) + low) % (2n * corner + 513n)) - corner - 256n;
  });
}

/** Σ limb_k·2^(51k). */
export function valueOfLimbs(limbs: readonly bigint[]): bigint {
  return limbs.reduceRight((sum, limb) => (sum << 51n) + limb, 0n);
}

/** The canonical value. */
export function modulo(value: bigint): bigint {
  return ((value % prime) + prime) % prime;
}

/** 32 bytes, little-endian. */
export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}
