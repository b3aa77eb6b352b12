import { concatBytes } from '@hs/bytes';
import { recordAtom } from './compute-manifest.js';
import { copyBytes } from './copy-bytes.js';
import { GatheredRecords, type SignedRecord } from './gathered-records.js';
import { encodedSumBytes, type PackedRecords, type StateHasher, uncompressedSumBytes } from './hasher.js';
import { recordBytes } from './packed-records.js';
import { type AtomGroup, fitsRange, Partition, type RangeLimits } from './partition.js';
import { combineGroups } from './prefix-sums.js';
import { type KeyInterval, type RangeEntry, rangeInterval } from './range.js';
import type { SummedAtom } from './range-assembler.js';

/** What splitting needs. */
export interface SplitContext {
  readonly hasher: StateHasher;
  readonly limits: RangeLimits;
}

/** A range that has outgrown its limits. */
export interface OverfullRange {
  /** As it was before the changes. */
  readonly entry: RangeEntry;
  /** Records that it has now, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** What moves its sum to that of these records: records to hash, and uncompressed sums. */
  readonly records: readonly SignedRecord[];
  readonly moved: readonly Uint8Array[];
}

/** Records of a range that is split, ascending, and what is known of its upper half if that was not read. */
export interface SplitRecords {
  readonly packs: readonly PackedRecords[];
  readonly unread: AtomGroup<SummedAtom> | undefined;
}

/** How much larger than the upper half the lower one may be, so that hashing it costs less than reading both. */
const mostLowerShare = 1.25;

/**
 * Reads what is needed to split a range. Its lower half is enough if the upper one, which is what the range has besides, fits
 * its limits and is about as large: its sum then is what remains of the whole.
 */
export async function readToSplit(
  { hasher, limits }: SplitContext,
  { entry, count, bytes, records }: OverfullRange,
  readRecords: (interval: KeyInterval) => AsyncIterable<PackedRecords>,
): Promise<SplitRecords> {
  const [lower, upper] = halvesOf(entry);
  const packs: PackedRecords[] = [];
  for await (const packed of readRecords(rangeInterval(lower))) packs.push(packed);
  const unread = { ...upper, count, bytes, atoms: [] };
  for (const packed of packs) {
    const read = packed.offsets.length / 4;
    unread.count -= read;
    for (let i = 0; i < read; i++) unread.bytes -= recordBytes(packed, i);
  }
  const isEnough =
    hasher.negate !== undefined &&
    count - unread.count <= mostLowerShare * unread.count &&
    records.length < unread.count &&
    unread.bytes >= unread.count &&
    fitsRange(limits, unread);
  if (isEnough) return { packs, unread };
  for await (const packed of readRecords(rangeInterval(upper))) packs.push(packed);
  return { packs, unread: undefined };
}

/**
 * Divides a range into atoms whose sums are known: the records of all parts but the largest are hashed, and the sum of the
 * largest, or of the one that was not read, is what remains of the whole. Undefined if hashing all of them is cheaper.
 */
export async function splitRange(
  context: SplitContext,
  { entry, ...changes }: OverfullRange,
  { packs, unread }: SplitRecords,
  signal?: AbortSignal,
): Promise<SummedAtom[] | undefined> {
  const { hasher, limits } = context;
  if (hasher.negate === undefined) return undefined;
  const options = signal === undefined ? {} : { signal };
  const groups = groupsOf(limits, entry.depth, packs);
  if (unread !== undefined) groups.push(unread);
  if (groups.length === 0) return [];
  const largest = unread ?? groups.reduce((best, group) => (group.count > best.count ? group : best));
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

/** The bit prefixes that are one bit longer. */
function halvesOf({
  start,
  depth,
}: RangeEntry): [Pick<RangeEntry, 'start' | 'depth'>, Pick<RangeEntry, 'start' | 'depth'>] {
  const lower = new Uint8Array((depth >> 3) + 1);
  lower.set(start);
  const upper = copyBytes(lower);
  upper[depth >> 3] = (upper[depth >> 3] as number) | (0x80 >> (depth & 7));
  return [
    { start: lower, depth: depth + 1 },
    { start: upper, depth: depth + 1 },
  ];
}
