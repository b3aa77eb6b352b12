import type { BlockChanges } from './block-changes.js';
import { type StoreContext, sortedByPrefix } from './context.js';
import { copyBytes } from './copy-bytes.js';
import { encodedSumBytes, type HashOptions, type StateHasher, uncompressedSumBytes } from './hasher.js';
import { corrupt, type Summary } from './metadata.js';
import { joinSums } from './prefix-sums.js';

/** Uncompressed sums of the prefixes of a block, in the order of its deltas. */
type Sums = Uint8Array;

/** Reads the old values of a block, hashes old and new ones, and gives the summaries after it. */
export async function nextSummaries(
  context: StoreContext,
  current: ReadonlyMap<number, Summary>,
  block: BlockChanges,
  options: HashOptions,
): Promise<ReadonlyMap<number, Summary>> {
  if (!block.hasUnsettled) return current;
  const { hasher } = context;
  const known = addKnown(context, current, block, options);
  const parts = block.readOldValues().map(async (part) => {
    const records = await part;
    options.signal?.throwIfAborted();
    return records && hasher.sum(records, options);
  });
  const moved = (await allSettled([known, ...parts])).filter((sums) => sums !== undefined);
  const { deltas } = block;
  if (!deltas.some(({ isChanged }) => isChanged)) return current;
  const sums = await addAll(hasher, moved, options);
  const checksums = await hasher.encode(sums, options);
  const next = new Map(current);
  for (const [i, { prefix, isChanged, ...delta }] of deltas.entries()) {
    if (!isChanged) continue;
    const before = current.get(prefix) ?? { count: 0, bytes: 0 };
    const count = before.count + delta.count;
    const bytes = before.bytes + delta.bytes;
    const checksum = copyBytes(checksums.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes));
    const isEmpty = count === 0;
    if (count < 0 || bytes < count || (isEmpty && (bytes !== 0 || checksum.some((byte) => byte !== 0)))) {
      throw corrupt(`summary of prefix ${prefix}`, 'it does not fit the records');
    }
    if (isEmpty) next.delete(prefix);
    else next.set(prefix, { count, bytes, sum: copyBytes(sumAt(sums, i)), checksum });
  }
  return sortedByPrefix(next);
}

/** The sums before the block with everything added that is known before old values are read. */
async function addKnown(
  { hasher }: StoreContext,
  current: ReadonlyMap<number, Summary>,
  block: BlockChanges,
  options: HashOptions,
): Promise<Sums> {
  const { deltas } = block;
  const known = await hasher.sum(block.knownRecords(), options);
  const existing = deltas.flatMap(({ prefix }, i) => (current.has(prefix) ? [i] : []));
  if (existing.length === 0) return known;
  const left = joinSums(existing.map((i) => (current.get(deltas[i]?.prefix as number) as Summary).sum));
  const combined = await hasher.combine(left, joinSums(existing.map((i) => sumAt(known, i))), options);
  const sums = copyBytes(known);
  for (const [slot, i] of existing.entries()) sums.set(sumAt(combined, slot), i * uncompressedSumBytes);
  return sums;
}

/** All results. If one fails, its error, but only when the others are settled too, so that nothing is left running. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** The sums of several lists, which are equally long. */
async function addAll(hasher: StateHasher, lists: readonly Sums[], options: HashOptions): Promise<Sums> {
  let level = lists;
  while (level.length > 1) {
    const pairs = level.length >> 1;
    const left = joinSums(level.slice(0, pairs));
    const right = joinSums(level.slice(pairs, 2 * pairs));
    const combined = await hasher.combine(left, right, options);
    const size = combined.length / pairs;
    const added = Array.from({ length: pairs }, (_, i) => combined.subarray(i * size, (i + 1) * size));
    level = [...added, ...level.slice(2 * pairs)];
  }
  return level[0] as Sums;
}

function sumAt(sums: Sums, index: number): Uint8Array {
  return sums.subarray(index * uncompressedSumBytes, (index + 1) * uncompressedSumBytes);
}
