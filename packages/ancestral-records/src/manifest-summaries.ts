import type { StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { HashOptions } from './hasher.js';
import type { Manifest } from './manifest.js';
import { noRoot, type Summary } from './metadata.js';
import { joinSums } from './prefix-sums.js';

/** Counts, bytes and sums of a state, per prefix, from its ranges. */
export async function summariesOf(
  context: StoreContext,
  manifest: Manifest,
  options: HashOptions = {},
): Promise<Map<number, Summary>> {
  const sums = await manifest.prefixSums(context.hasher, options);
  const encoded = sums.size === 0 ? noRoot : await context.hasher.encode(joinSums([...sums.values()]), options);
  const checksums = new Map(
    [...sums.keys()].map((prefix, i) => [prefix, copyBytes(encoded.subarray(32 * i, 32 * i + 32))]),
  );
  const summaries = new Map<number, Summary>();
  for (const { start, count, bytes } of manifest.entries) {
    const prefix = start[0] as number;
    const before = summaries.get(prefix) ?? { count: 0, bytes: 0 };
    summaries.set(prefix, {
      count: before.count + count,
      bytes: before.bytes + bytes,
      sum: sums.get(prefix) as Uint8Array,
      checksum: checksums.get(prefix) as Uint8Array,
    });
  }
  return summaries;
}
