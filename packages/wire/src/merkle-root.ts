import { doubleSha256, type Sha256 } from './double-sha256.js';

/**
 * Merkle root of 32-byte hashes with double SHA-256, as the Go node computes it for the transactions of a block: an odd row repeats its
 * last node, and a single hash is paired with itself, so the root of one hash is not that hash.
 *
 * @throws RangeError without hashes, or if one is not 32 bytes
 */
export function merkleRoot(hashes: readonly Uint8Array[], sha256?: Sha256): Uint8Array {
  if (hashes.length === 0) throw new RangeError('a merkle root needs at least one hash');
  if (hashes.some((hash) => hash.length !== 32)) throw new RangeError('a hash has 32 bytes');
  const pair = new Uint8Array(64);
  let row = hashes;
  do {
    const parents: Uint8Array[] = [];
    for (let left = 0; left < row.length; left += 2) {
      pair.set(row[left] as Uint8Array, 0);
      pair.set(row[Math.min(left + 1, row.length - 1)] as Uint8Array, 32);
      parents.push(doubleSha256(pair, sha256));
    }
    row = parents;
  } while (row.length > 1);
  return row[0] as Uint8Array;
}
