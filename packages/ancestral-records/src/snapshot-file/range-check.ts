import { blockProblem, equalBytes } from '@hs/bytes';
import type { PackedRecords, StateHasher } from '../hasher.js';
import type { RangeEntry } from '../range.js';
import type { Abortable } from '../store-types.js';

/** What makes records whose number and length are right not the range that they should be. */
export type RangeProblem = 'duplicate' | 'out-of-order' | 'out-of-range' | 'sum';

/** Compares records of the right number and length with a manifest entry: order, bounds, then the sum. */
export async function rangeProblem(
  hasher: StateHasher,
  entry: RangeEntry,
  records: PackedRecords,
  options: Abortable = {},
): Promise<RangeProblem | undefined> {
  const problem = blockProblem(records, entry);
  if (problem !== undefined) return problem;
  const sum = await hasher.encode(await hasher.sum(records, options), options);
  options.signal?.throwIfAborted();
  return equalBytes(sum, entry.sum) ? undefined : 'sum';
}
