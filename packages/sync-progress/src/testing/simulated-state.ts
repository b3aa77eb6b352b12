import { concatBytes, u32be } from '@hs/bytes';
import type { PackedRecords, RangeSummary } from '../range.js';
import type { Random } from './random.js';

/** A record of a simulated state. */
export type SimulatedRecord = readonly [key: Uint8Array, value: Uint8Array];

/** A state cut into ranges, with the manifest that an honest chain would commit to. */
export interface SimulatedState {
  readonly manifestId: string;
  readonly ranges: readonly RangeSummary[];
  /** The records of each range, ascending. */
  readonly records: readonly (readonly SimulatedRecord[])[];
  readonly bytes: number;
}

/** How large a simulated state is and how it is cut. */
export interface SimulatedStateShape {
  /** Records of each range. */
  readonly recordsPerRange: readonly number[];
  /** Each value has 1 to this many bytes. */
  readonly maxValueBytes: number;
  /** This many ranges share a prefix. Default 1: whole prefixes. */
  readonly rangesPerPrefix?: number;
}

/** Makes a state of random values. */
export function createSimulatedState(random: Random, shape: SimulatedStateShape): SimulatedState {
  const rangesPerPrefix = shape.rangesPerPrefix ?? 1;
  const startOf = (range: number): Uint8Array =>
    concatBytes(Uint8Array.of(1 + Math.floor(range / rangesPerPrefix)), u32be(range % rangesPerPrefix));
  const records = shape.recordsPerRange.map((count, range) =>
    Array.from({ length: count }, (_, index): SimulatedRecord => {
      const key = concatBytes(startOf(range), u32be(index * 3 + random.below(3)));
      return [key, randomBytes(random, 1 + random.below(shape.maxValueBytes))];
    }),
  );
  const starts = records.map((_, range) => startOf(range));
  return summarize('manifest-0', records, starts);
}

/** The state some blocks later: new values in this part of the ranges. */
export function changeSimulatedState(random: Random, state: SimulatedState, part: number): SimulatedState {
  const records = state.records.map((range) =>
    random.chance(part)
      ? range.map(([key, value]): SimulatedRecord => [key, randomBytes(random, value.length)])
      : range,
  );
  const number = Number(state.manifestId.split('-')[1]) + 1;
  return summarize(
    `manifest-${number}`,
    records,
    state.ranges.map((range) => range.startKey),
  );
}

/** Packs records as a decoder would. */
export function packSimulatedRecords(records: readonly SimulatedRecord[]): PackedRecords {
  const offsets = new Uint32Array(records.length * 4);
  let end = 0;
  for (const [index, [key, value]] of records.entries()) {
    offsets.set([end, end + key.length, end + key.length, end + key.length + value.length], index * 4);
    end += key.length + value.length;
  }
  return { bytes: concatBytes(...records.flat()), offsets };
}

function summarize(
  manifestId: string,
  records: readonly (readonly SimulatedRecord[])[],
  starts: readonly Uint8Array[],
): SimulatedState {
  const ranges = records.map((range, index): RangeSummary => {
    const bytes = range.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
    return { startKey: starts[index] ?? new Uint8Array(), endKey: starts[index + 1], records: range.length, bytes };
  });
  return { manifestId, ranges, records, bytes: ranges.reduce((sum, range) => sum + range.bytes, 0) };
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}
