import { concatBytes } from '@hs/bytes';
import { recordAtom } from './compute-manifest.js';
import { copyBytes } from './copy-bytes.js';
import { GatheredRecords, type SignedRecord } from './gathered-records.js';
import { encodedSumBytes, type PackedRecords, type StateHasher, uncompressedSumBytes } from './hasher.js';
import { type AtomGroup, Partition, type RangeLimits } from './partition.js';
import { combineGroups } from './prefix-sums.js';
import type { RangeEntry } from './range.js';
import type { SummedAtom } from './range-assembler.js';

/**
 * Divides a range that has outgrown its limits into atoms whose sums are known: the records of all parts but the largest are
 * hashed, and the sum of the largest is what remains of the whole. Undefined if hashing all of them is cheaper.
 *
 * @param entry the range before the changes
 * @param changes what moves its sum to that of the records it has now: records to hash, and uncompressed sums
 * @param packs the records that it has now, ascending
 */
export async function splitRange(
  context: { readonly hasher: StateHasher; readonly limits: RangeLimits },
  entry: RangeEntry,
  changes: { readonly records: readonly SignedRecord[]; readonly moved: readonly Uint8Array[] },
  packs: readonly PackedRecords[],
  signal?: AbortSignal,
): Promise<SummedAtom[] | undefined> {
  const { hasher, limits } = context;
  if (hasher.negate === undefined) return undefined;
  const options = signal === undefined ? {} : { signal };
  const groups = groupsOf(limits, entry.depth, packs);
  const largest = groups.reduce((best, group) => (group.count > best.count ? group : best));
  if (changes.records.length >= largest.count) return undefined;
  const others = groups.filter((group) => group !== largest);

  const batch = new GatheredRecords();
  for (const change of changes.records) batch.add(change, others.length);
  for (const [group, { atoms }] of others.entries()) {
    for (const { records } of atoms) for (const record of records) batch.add(record, group);
  }
  const [sums, whole] = await Promise.all([
    hasher.sum(batch.finish(others.length + 1), options),
    hasher.decode(entry.sum, options),
  ]);
  const othersEnd = others.length * uncompressedSumBytes;
  const known = sums.subarray(0, othersEnd);
  const terms = concatBytes(whole, ...changes.moved, sums.subarray(othersEnd), await hasher.negate(known, options));
  const rest = await combineGroups(
    hasher,
    terms,
    new Array<number>(terms.length / uncompressedSumBytes).fill(0),
    options,
  );
  const encoded = await hasher.encode(concatBytes(known, rest.get(0) as Uint8Array), options);
  const sumOf = new Map(
    [...others, largest].map((group, i) => {
      return [group, copyBytes(encoded.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes))];
    }),
  );
  return groups.map((group) => {
    const { start, count, bytes } = group;
    return { start, count, bytes, sums: [sumOf.get(group) as Uint8Array], moved: [], records: [] };
  });
}

function groupsOf(limits: RangeLimits, parentDepth: number, packs: readonly PackedRecords[]): AtomGroup<SummedAtom>[] {
  const partition = new Partition<SummedAtom>(limits, { parentDepth });
  const groups: AtomGroup<SummedAtom>[] = [];
  for (const packed of packs) {
    for (let i = 0; i < packed.offsets.length / 4; i++) groups.push(...partition.push(recordAtom(packed, i)));
  }
  groups.push(...partition.finish());
  return groups;
}
