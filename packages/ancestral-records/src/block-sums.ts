import type { BatchDraft } from './batch-draft.js';
import type { BlockChanges } from './block-changes.js';
import type { PrefixDelta } from './change-table.js';
import { type StoreContext, sortedByPrefix } from './context.js';
import { copyBytes } from './copy-bytes.js';
import { encodedSumBytes, type HashOptions, uncompressedSumBytes } from './hasher.js';
import type { Summary } from './metadata.js';
import { combineGroups, joinSums } from './prefix-sums.js';
import { corrupt } from './stored-bytes.js';

/** Reads the old values of a block, hashes old and new ones, drafts the writes meanwhile, and gives the summaries after it. */
export async function nextSummaries(
  context: StoreContext,
  block: BlockChanges,
  { draft, ...options }: HashOptions & { readonly draft: BatchDraft | undefined },
): Promise<ReadonlyMap<number, Summary>> {
  const { hasher } = context;
  const current = context.standing.summaries;
  if (!block.hasUnsettled) return current;
  const known = hasher.sum(block.knownRecords(), options);
  const parts = block.readOldValues().map(async (reading, i) => {
    const records = await reading;
    options.signal?.throwIfAborted();
    const hashing = records && hasher.sum(records, options);
    if (draft !== undefined) block.writePart(i, draft);
    return hashing;
  });
  const moved = (await allSettled([known, ...parts])).filter((sums) => sums !== undefined);
  const { deltas } = block;
  if (!deltas.some(({ isChanged }) => isChanged)) return current;
  const sums = await addAll(context, deltas, moved, options);
  const checksums = await hasher.encode(joinSums(sums), options);
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
    else next.set(prefix, { count, bytes, sum: sums[i] as Uint8Array, checksum });
  }
  return sortedByPrefix(next);
}

/** All results. If one fails, its error, but only when the others are settled too, so that nothing is left running. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** The sums of the prefixes after the block, in the order of its deltas. */
async function addAll(
  { hasher, standing }: StoreContext,
  deltas: readonly PrefixDelta[],
  moves: readonly Uint8Array[],
  options: HashOptions,
): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  const groups: number[] = [];
  for (const [group, { prefix }] of deltas.entries()) {
    const before = standing.summaries.get(prefix)?.sum;
    const moved = moves.map((sums) => sumAt(sums, group));
    for (const sum of before === undefined ? moved : [before, ...moved]) {
      parts.push(sum);
      groups.push(group);
    }
  }
  const added = await combineGroups(hasher, joinSums(parts), groups, options);
  return Array.from(deltas, (_, group) => added.get(group) as Uint8Array);
}

function sumAt(sums: Uint8Array, index: number): Uint8Array {
  return sums.subarray(index * uncompressedSumBytes, (index + 1) * uncompressedSumBytes);
}
