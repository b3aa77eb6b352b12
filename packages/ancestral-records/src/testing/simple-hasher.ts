import { concatBytes, fromHex, toHex, u32be } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  encodedSumBytes,
  type HashBatch,
  type StateHasher,
  type StateRootFunction,
  uncompressedSumBytes,
} from '../hasher.js';

const modulus = 1n << 256n;

/**
 * A multiset hash for tests alone: the sum of SHA-256 values modulo 2^256, which anybody can forge. Fast, and with the
 * traits of a real one: equal sums have many uncompressed forms, and encoded sums are canonical.
 */
export const simpleHasher: StateHasher = {
  async sum({ bytes, offsets, signs, groups, groupCount = 1 }: HashBatch) {
    const sums = new Array<bigint>(groupCount).fill(0n);
    for (let i = 0; i < offsets.length / 4; i++) {
      const [a, b, c, d] = offsets.subarray(4 * i, 4 * i + 4);
      const one = element(bytes.subarray(a, b), bytes.subarray(c, d));
      const group = groups?.[i] ?? 0;
      sums[group] = (sums[group] as bigint) + BigInt(signs?.[i] ?? 1) * one;
    }
    return concatBytes(...sums.map(uncompressed));
  },
  async combine(left, right) {
    const others = split(right, uncompressedSumBytes).map(numberOf);
    const sums = split(left, uncompressedSumBytes).map((sum, i) => numberOf(sum) + (others[i] as bigint));
    return concatBytes(...sums.map(uncompressed));
  },
  async encode(sums) {
    return concatBytes(...split(sums, uncompressedSumBytes).map((sum) => encoded(numberOf(sum))));
  },
  async decode(sums) {
    return concatBytes(...split(sums, encodedSumBytes).map((sum) => uncompressed(numberFrom(sum))));
  },
};

/** The state root that goes with {@link simpleHasher}: SHA-256 over the checksums that are not the identity. */
export const simpleStateRoot: StateRootFunction = (checksums) => {
  const hash = sha256.create();
  for (const [prefix, checksum] of [...checksums].sort(([a], [b]) => a - b)) {
    if (checksum.some((byte) => byte !== 0)) hash.update(Uint8Array.of(prefix)).update(checksum);
  }
  return hash.digest();
};

function element(key: Uint8Array, value: Uint8Array): bigint {
  const lengths = concatBytes(u32be(key.length), u32be(value.length));
  return numberFrom(sha256.create().update(lengths).update(key).update(value).digest());
}

let uncompressedForms = 0n;

/** Two numbers whose difference is the sum, the second one another each time. */
function uncompressed(sum: bigint): Uint8Array {
  uncompressedForms += 0x9e37_79b9_7f4a_7c15n;
  return concatBytes(encoded(sum + uncompressedForms), encoded(uncompressedForms), new Uint8Array(64));
}

function numberOf(sum: Uint8Array): bigint {
  return numberFrom(sum.subarray(0, 32)) - numberFrom(sum.subarray(32, 64));
}

function numberFrom(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function encoded(sum: bigint): Uint8Array {
  return fromHex((((sum % modulus) + modulus) % modulus).toString(16).padStart(64, '0'));
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
