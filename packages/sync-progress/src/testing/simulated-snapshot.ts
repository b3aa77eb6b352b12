import type { PackedRecords, RangeSummary } from '../range.js';
import type { Random } from './random.js';

/** A record of a simulated state. */
export type SimulatedRecord = readonly [key: Uint8Array, value: Uint8Array];

/** Keys are a prefix byte and a slot number of four bytes; a range is an interval of slots. */
export interface SimulatedRange {
  readonly prefix: number;
  readonly fromSlot: number;
  /** Exclusive. */
  readonly toSlot: number;
  /** Ascending. Ranges of two snapshots are equal if this is the same array. */
  readonly records: readonly SimulatedRecord[];
}

/** A state cut into ranges, with the manifest that an honest chain would commit to. */
export interface SimulatedSnapshot {
  readonly height: number;
  readonly manifestId: string;
  readonly parts: readonly SimulatedRange[];
  readonly ranges: readonly RangeSummary[];
  readonly bytes: number;
}

/** How large a simulated state is and how it is cut. */
export interface SimulatedShape {
  /** Records of each range. */
  readonly recordsPerRange: readonly number[];
  /** Each value has 1 to this many bytes. */
  readonly maxValueBytes: number;
  /** This many ranges share a prefix. Default 50. */
  readonly rangesPerPrefix?: number;
  /** Part of the ranges that are followed by a gap. Default 0. */
  readonly gapPart?: number;
}

/** What an epoch changes. */
export interface SimulatedChange {
  /** Part of the ranges. */
  readonly changedPart: number;
  /** The changed ranges lie side by side. */
  readonly isClustered?: boolean;
}

const slotsPerRange = 4096;

/** Makes a snapshot of random values at height 0. */
export function createSnapshot(random: Random, shape: SimulatedShape): SimulatedSnapshot {
  const rangesPerPrefix = shape.rangesPerPrefix ?? 50;
  const parts = shape.recordsPerRange.map((count, index): SimulatedRange => {
    const fromSlot = (index % rangesPerPrefix) * slotsPerRange;
    const width = random.chance(shape.gapPart ?? 0) ? slotsPerRange - 512 : slotsPerRange;
    const prefix = 1 + Math.floor(index / rangesPerPrefix);
    const step = Math.max(1, Math.floor(width / count));
    const records = Array.from({ length: count }, (_, at) =>
      record(random, prefix, fromSlot + at * step + random.below(step), shape.maxValueBytes),
    );
    return { prefix, fromSlot, toSlot: fromSlot + width, records };
  });
  return summarize(0, parts);
}

/** The snapshot one epoch later: values, keys and the cut of some ranges differ. */
export function nextSnapshot(random: Random, snapshot: SimulatedSnapshot, change: SimulatedChange): SimulatedSnapshot {
  const { parts } = snapshot;
  const clusterAt = random.below(parts.length);
  const clusterEnd = clusterAt + Math.ceil(parts.length * change.changedPart);
  const isChanged = (index: number): boolean =>
    change.isClustered === true
      ? (index >= clusterAt && index < clusterEnd) || index < clusterEnd - parts.length
      : random.chance(change.changedPart);
  const next = parts.flatMap((part, index): SimulatedRange[] =>
    isChanged(index) ? changeRange(random, part) : [part],
  );
  return summarize(snapshot.height + 1, next.length > 0 ? next : parts);
}

/** Ranges of `snapshot` that are not equal in `before`, in bytes. */
export function changedBytes(before: SimulatedSnapshot, snapshot: SimulatedSnapshot): number {
  const known = new Set(before.parts.map((part) => part.records));
  let bytes = 0;
  for (const [index, part] of snapshot.parts.entries()) {
    if (!known.has(part.records)) bytes += snapshot.ranges[index]?.bytes ?? 0;
  }
  return bytes;
}

/** Packs records as a decoder would. */
export function packSimulatedRecords(records: readonly SimulatedRecord[]): PackedRecords {
  const offsets = new Uint32Array(records.length * 4);
  const bytes = new Uint8Array(recordBytes(records));
  let end = 0;
  for (const [index, [key, value]] of records.entries()) {
    bytes.set(key, end);
    bytes.set(value, end + key.length);
    offsets[4 * index] = end;
    offsets[4 * index + 1] = end + key.length;
    offsets[4 * index + 2] = end + key.length;
    end += key.length + value.length;
    offsets[4 * index + 3] = end;
  }
  return { bytes, offsets };
}

/** Key and value bytes. */
export function recordBytes(records: readonly SimulatedRecord[]): number {
  let bytes = 0;
  for (const [key, value] of records) bytes += key.length + value.length;
  return bytes;
}

/** The key of a slot. */
export function slotKey(prefix: number, slot: number): Uint8Array {
  return Uint8Array.of(prefix, slot >>> 24, (slot >>> 16) & 255, (slot >>> 8) & 255, slot & 255);
}

function changeRange(random: Random, part: SimulatedRange): SimulatedRange[] {
  const { prefix, fromSlot, toSlot } = part;
  const maxValueBytes = Math.max(...part.records.map(([, value]) => value.length));
  const kept = part.records.filter(() => !random.chance(0.1));
  const records = kept.map(
    ([key, value]): SimulatedRecord => (random.chance(0.5) ? [key, randomBytes(random, value.length)] : [key, value]),
  );
  const lastSlot = Math.max(fromSlot, ...part.records.map(([key]) => slotOf(key)));
  if (lastSlot + 1 < toSlot && random.chance(0.5)) {
    records.push(record(random, prefix, lastSlot + 1 + random.below(toSlot - lastSlot - 1), maxValueBytes));
  }
  if (records.length === 0) return [];
  const middle = Math.floor((fromSlot + toSlot) / 2);
  const left = records.filter(([key]) => slotOf(key) < middle);
  if (left.length === 0 || left.length === records.length || !random.chance(0.2)) return [{ ...part, records }];
  return [
    { prefix, fromSlot, toSlot: middle, records: left },
    { prefix, fromSlot: middle, toSlot, records: records.slice(left.length) },
  ];
}

function slotOf(key: Uint8Array): number {
  const [, a = 0, b = 0, c = 0, d = 0] = key;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function record(random: Random, prefix: number, slot: number, maxValueBytes: number): SimulatedRecord {
  return [slotKey(prefix, slot), randomBytes(random, 1 + random.below(maxValueBytes))];
}

function summarize(height: number, parts: readonly SimulatedRange[]): SimulatedSnapshot {
  const ranges = parts.map(
    ({ prefix, fromSlot, toSlot, records }): RangeSummary => ({
      startKey: slotKey(prefix, fromSlot),
      endKey: slotKey(prefix, toSlot),
      records: records.length,
      bytes: recordBytes(records),
    }),
  );
  const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0);
  return { height, manifestId: `snapshot ${height}`, parts, ranges, bytes };
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = random.below(256);
  return bytes;
}
