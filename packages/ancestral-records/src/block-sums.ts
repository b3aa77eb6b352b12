import type { BatchDraft } from './batch-draft.js';
import type { BlockChanges, GroupedBatch, PrefixDelta } from './block-changes.js';
import { type StoreContext, sortedByPrefix } from './context.js';
import { copyBytes } from './copy-bytes.js';
import { encodedSumBytes, type HashOptions, uncompressedSumBytes } from './hasher.js';
import type { Summary } from './metadata.js';
import { addUp, joinSums } from './prefix-sums.js';
import type { LedgerMoves } from './range-ledger.js';
import { corrupt } from './stored-bytes.js';

/** What a block makes of the sums. */
export interface BlockSums {
  readonly summaries: ReadonlyMap<number, Summary>;
  readonly moves: LedgerMoves | undefined;
}

/** Reads the old values of a block, hashes old and new ones, drafts the writes meanwhile, and gives the summaries after it. */
export async function nextSummaries(
  context: StoreContext,
  block: BlockChanges,
  {
    draft,
    requireCurrent,
    ...options
  }: HashOptions & {
    readonly draft: BatchDraft | undefined;
    /** Throws if what was read is of no use any more. */
    readonly requireCurrent: () => void;
  },
): Promise<BlockSums> {
  const current = context.standing.summaries;
  const hash = async (grouped: GroupedBatch | undefined): Promise<GroupSums | undefined> => {
    return grouped && { sums: await context.hasher.sum(grouped.batch, options), groups: grouped.groups };
  };
  const workOn = async (part: number): Promise<(GroupSums | undefined)[]> => {
    const goOn = async (): Promise<GroupSums | undefined> => {
      const records = await block.read(part);
      requireCurrent();
      const hashing = hash(records);
      const drafting = (async () => void (draft && block.writePart(part, draft)))();
      await allSettled<unknown>([hashing, drafting]);
      return hashing;
    };
    return allSettled([hash(block.begin(part)), goOn()]);
  };
  const parts = await allSettled(Array.from({ length: block.partCount }, (_, part) => workOn(part)));
  const sumsOf = byGroup(parts.flat().filter((sums) => sums !== undefined));
  const deltas = block.prefixDeltas();
  const moves = block.ledgerMoves(sumsOf);
  if (deltas.length === 0) return { summaries: current, moves };
  return { summaries: await addDeltas(context, current, { deltas, sumsOf }, options), moves };
}

/** Uncompressed sums, and which group of the block each is of. */
interface GroupSums {
  readonly sums: Uint8Array;
  readonly groups: readonly number[];
}

function byGroup(hashed: readonly GroupSums[]): Map<number, Uint8Array[]> {
  const sumsOf = new Map<number, Uint8Array[]>();
  for (const { sums, groups } of hashed) {
    for (const [i, group] of groups.entries()) {
      const sum = sums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes);
      const list = sumsOf.get(group);
      if (list === undefined) sumsOf.set(group, [sum]);
      else list.push(sum);
    }
  }
  return sumsOf;
}

async function addDeltas(
  { hasher }: StoreContext,
  current: ReadonlyMap<number, Summary>,
  {
    deltas,
    sumsOf,
  }: { readonly deltas: readonly PrefixDelta[]; readonly sumsOf: ReadonlyMap<number, readonly Uint8Array[]> },
  options: HashOptions,
): Promise<ReadonlyMap<number, Summary>> {
  const lists = deltas.map(({ prefix, groups }) => {
    const before = current.get(prefix)?.sum;
    return [...(before === undefined ? [] : [before]), ...groups.flatMap((group) => sumsOf.get(group) ?? [])];
  });
  const sums = await addUp(
    hasher,
    joinSums(lists.flat()),
    Uint32Array.from(lists, (list) => list.length),
    options,
  );
  const checksums = await hasher.encode(sums, options);
  const next = new Map(current);
  for (const [i, { prefix, ...delta }] of deltas.entries()) {
    const before = current.get(prefix) ?? { count: 0, bytes: 0 };
    const count = before.count + delta.count;
    const bytes = before.bytes + delta.bytes;
    const sum = copyBytes(sums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes));
    const checksum = copyBytes(checksums.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes));
    const isEmpty = count === 0;
    if (count < 0 || bytes < count || (isEmpty && (bytes !== 0 || checksum.some((byte) => byte !== 0)))) {
      throw corrupt(`summary of prefix ${prefix}`, 'it does not fit the records');
    }
    if (isEmpty) next.delete(prefix);
    else next.set(prefix, { count, bytes, sum, checksum });
  }
  return sortedByPrefix(next);
}

/** All results. If one fails, its error, but only when the others are settled too, so that nothing is left running. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
