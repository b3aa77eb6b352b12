import { copyBytes } from './copy-bytes.js';
import { type HashOptions, type StateHasher, uncompressedSumBytes } from './hasher.js';

/** The sum of each list of uncompressed sums, one list of at least one after the other. */
export async function addUp(
  hasher: StateHasher,
  sums: Uint8Array,
  sizes: Uint32Array,
  options: HashOptions = {},
): Promise<Uint8Array> {
  if (sizes.every((size) => size === 1)) return sums;
  return hasher.addUp === undefined ? addUpInPairs(hasher, sums, sizes, options) : hasher.addUp(sums, sizes, options);
}

/** Adds up the sums of each group. Equal group numbers must be adjacent; the result has the groups in the given order. */
export async function combineGroups(
  hasher: StateHasher,
  sums: Uint8Array,
  groups: readonly number[],
  options: HashOptions = {},
): Promise<Map<number, Uint8Array>> {
  const distinct: number[] = [];
  const sizes: number[] = [];
  for (const group of groups) {
    if (distinct[distinct.length - 1] !== group) {
      distinct.push(group);
      sizes.push(0);
    }
    sizes[sizes.length - 1] = (sizes[sizes.length - 1] as number) + 1;
  }
  const added = await addUp(hasher, sums, Uint32Array.from(sizes), options);
  return new Map(distinct.map((group, i) => [group, copyBytes(at(added, i))]));
}

/** Adds up with few, large calls of `combine`: in each round every second sum of a list is added to the one before it. */
async function addUpInPairs(
  hasher: StateHasher,
  sums: Uint8Array,
  sizes: Uint32Array,
  options: HashOptions,
): Promise<Uint8Array> {
  let level = sums;
  let lengths = sizes;
  while (lengths.some((length) => length > 1)) {
    const left: Uint8Array[] = [];
    const right: Uint8Array[] = [];
    const next: Uint8Array[] = [];
    const pairAt: number[] = [];
    let from = 0;
    for (const length of lengths) {
      for (let i = 0; i < length; i += 2) {
        if (i + 1 < length) {
          pairAt.push(next.length);
          left.push(at(level, from + i));
          right.push(at(level, from + i + 1));
        }
        next.push(at(level, from + i));
      }
      from += length;
    }
    const combined = await hasher.combine(joinSums(left), joinSums(right), options);
    for (const [i, slot] of pairAt.entries()) next[slot] = at(combined, i);
    level = joinSums(next);
    lengths = lengths.map((length) => (length + 1) >>> 1);
  }
  return level;
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
