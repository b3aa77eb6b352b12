import { copyBytes } from './copy-bytes.js';
import { type HashOptions, type StateHasher, uncompressedSumBytes } from './hasher.js';

/**
 * Adds up the sums of each group, pairing within groups so that the hasher sees few, large calls. Equal group numbers
 * must be adjacent; the result has the groups in the given order.
 */
export async function combineGroups(
  hasher: StateHasher,
  sums: Uint8Array,
  groups: readonly number[],
  options: HashOptions = {},
): Promise<Map<number, Uint8Array>> {
  let level = groups.map((group, i) => ({ group, sum: at(sums, i) }));
  for (;;) {
    const next: { group: number; sum: Uint8Array }[] = [];
    const pairs: { slot: number; left: Uint8Array; right: Uint8Array }[] = [];
    for (let i = 0; i < level.length; i++) {
      const left = level[i] as { group: number; sum: Uint8Array };
      const right = level[i + 1];
      if (right !== undefined && right.group === left.group) {
        pairs.push({ slot: next.length, left: left.sum, right: right.sum });
        i++;
      }
      next.push(left);
    }
    if (pairs.length === 0) return new Map(next.map(({ group, sum }) => [group, copyBytes(sum)]));
    const left = new Uint8Array(pairs.length * uncompressedSumBytes);
    const right = new Uint8Array(left.length);
    for (const [i, pair] of pairs.entries()) {
      left.set(pair.left, i * uncompressedSumBytes);
      right.set(pair.right, i * uncompressedSumBytes);
    }
    const combined = await hasher.combine(left, right, options);
    for (const [i, { slot }] of pairs.entries()) {
      next[slot] = { group: (next[slot] as { group: number }).group, sum: at(combined, i) };
    }
    level = next;
  }
}

/** Sums of equal length in one byte string. */
export function joinSums(sums: readonly Uint8Array[]): Uint8Array {
  const size = sums[0]?.length ?? 0;
  const bytes = new Uint8Array(sums.length * size);
  for (const [i, sum] of sums.entries()) bytes.set(sum, i * size);
  return bytes;
}

function at(sums: Uint8Array, index: number): Uint8Array {
  return sums.subarray(index * uncompressedSumBytes, (index + 1) * uncompressedSumBytes);
}
