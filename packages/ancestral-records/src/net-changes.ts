import { compareBytes, equalBytes } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import type { StoreContext } from './context.js';
import type { PackedRecords } from './hasher.js';
import { ancestralKeyOffset, epochInterval, stateKey } from './layout.js';
import { RecordPacker } from './packed-records.js';
import type { KeyInterval } from './range.js';
import { corrupt } from './stored-bytes.js';

/** A key whose value at the end of an epoch is not what it was at its start. */
export interface NetChange {
  readonly key: Uint8Array;
  readonly packed: PackedRecords;
  /** Index into `packed` of the record before and after; -1 where there was none. */
  readonly before: number;
  readonly after: number;
}

interface OldValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Keys that are looked up together, and bytes of old values that are read ahead. */
const groupKeys = 1024;
const groupBytes = 1024 * 1024;
/** Intervals that are looked at for one group. */
const groupIntervals = 256;

/** Where reading goes on: in an interval, from a key on. */
interface Place {
  readonly interval: number;
  readonly startKey: Uint8Array;
}

/**
 * The net changes in some intervals of the epoch that ends at the snapshot height `to`, ascending by key, in bounded groups: its
 * ancestral records hold the old values, and the new ones are the state at `to`, which later blocks may have moved
 * into the ancestral records of the next epoch. Each group is read through a database snapshot of its own.
 */
export async function* netChanges(
  context: StoreContext,
  epoch: {
    readonly from: number;
    readonly to: number;
    /** Ascending and disjoint. */
    readonly intervals: readonly KeyInterval[];
    /** Awaited before each group is read. */
    readonly pace: () => Promise<void>;
  },
): AsyncGenerator<NetChange[]> {
  const { from, to, intervals, pace } = epoch;
  const read = async (place: Place): ReturnType<typeof readGroup> => {
    await pace();
    return readGroup(context, { from, to, intervals }, place);
  };
  const first = intervals[0];
  if (first === undefined) return;
  let reading = read({ interval: 0, startKey: first.startKey });
  try {
    for (;;) {
      const { changes, next } = await reading;
      if (next !== undefined) {
        // The next group is read while this one is worked on.
        reading = read(next);
        reading.catch(() => undefined);
      }
      yield changes;
      if (next === undefined) return;
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

async function readGroup(
  context: StoreContext,
  epoch: { readonly from: number; readonly to: number; readonly intervals: readonly KeyInterval[] },
  place: Place,
): Promise<{ readonly changes: NetChange[]; readonly next: Place | undefined }> {
  const { from, to, intervals } = epoch;
  const snapshot = context.disk.snapshot();
  try {
    const old: OldValue[] = [];
    let next: Place | undefined = place;
    for (let read = 0; next !== undefined && old.length < groupKeys && read < groupIntervals; read++) {
      next = await readOld(context, from, intervals, { place: next, snapshot, old });
    }
    return { changes: await compare(context, old, to, snapshot), next };
  } finally {
    await snapshot.close();
  }
}

/** Reads old values of an interval until the group is full. */
async function readOld(
  context: StoreContext,
  from: number,
  intervals: readonly KeyInterval[],
  { place, snapshot, old }: { readonly place: Place; readonly snapshot: AbstractSnapshot; readonly old: OldValue[] },
): Promise<Place | undefined> {
  const wanted = groupKeys - old.length;
  const interval = epochInterval(from, place.startKey, intervals[place.interval]?.endKey);
  const iterator = context.disk.iterator(interval, { snapshot, highWaterMarkBytes: groupBytes });
  try {
    const entries = await iterator.nextv(wanted);
    for (const [databaseKey, mark] of entries) {
      old.push({ key: databaseKey.subarray(ancestralKeyOffset), value: decodeMark(mark) });
    }
    const last = entries[entries.length - 1];
    if (last !== undefined) {
      return { interval: place.interval, startKey: Uint8Array.of(...last[0].subarray(ancestralKeyOffset), 0) };
    }
  } finally {
    await iterator.close();
  }
  const following = intervals[place.interval + 1];
  return following && { interval: place.interval + 1, startKey: following.startKey };
}

/** The value that an ancestral record holds; undefined if the key had none. */
function decodeMark(record: Uint8Array): Uint8Array | undefined {
  if (record[0] === 1) return record.subarray(1);
  if (record[0] === 0 && record.length === 1) return undefined;
  throw corrupt('ancestral record', 'unknown mark');
}

async function compare(
  context: StoreContext,
  old: readonly OldValue[],
  to: number,
  snapshot: AbstractSnapshot,
): Promise<NetChange[]> {
  const { disk } = context;
  const moved = await movedSince(context, old, to, snapshot);
  const untouched = old.filter((_, i) => !moved.has(i));
  const half = untouched.length >> 1;
  // Two calls, because a database works on each of them in a thread of its own.
  const current = await Promise.all(
    [untouched.slice(0, half), untouched.slice(half)].map((part) =>
      disk.getMany(
        part.map(({ key }) => stateKey(key)),
        snapshot,
      ),
    ),
  ).then((parts) => parts.flat());
  let next = 0;
  const packer = new RecordPacker();
  const found: { key: Uint8Array; before: number; after: number }[] = [];
  for (const [i, { key, value: before }] of old.entries()) {
    const mark = moved.get(i);
    const after = mark === undefined ? current[next++] : decodeMark(mark);
    const isSame = before === undefined ? after === undefined : after !== undefined && equalBytes(before, after);
    if (isSame) continue;
    const keyStart = packer.bytes(key);
    const add = (value: Uint8Array | undefined): number => {
      if (value === undefined) return -1;
      const valueStart = packer.bytes(value);
      packer.reference(keyStart, keyStart + key.length, valueStart, valueStart + value.length);
      return packer.count - 1;
    };
    found.push({ key, before: add(before), after: add(after) });
  }
  const packed = packer.finish();
  return found.map(({ key, before, after }) => ({ key, packed, before, after }));
}

/** The ancestral records that blocks after the epoch have made of its keys, by the index of the key: few, so they are scanned. */
async function movedSince(
  context: StoreContext,
  old: readonly OldValue[],
  to: number,
  snapshot: AbstractSnapshot,
): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  const first = old[0];
  const last = old[old.length - 1];
  if (first === undefined || last === undefined) return found;
  const interval = epochInterval(to, first.key, Uint8Array.of(...last.key, 0));
  let at = 0;
  for await (const entries of context.disk.scan(interval, { snapshot, highWaterMarkBytes: groupBytes })) {
    for (const [databaseKey, mark] of entries) {
      const key = databaseKey.subarray(ancestralKeyOffset);
      while (at < old.length && compareBytes((old[at] as OldValue).key, key) < 0) at++;
      if (at < old.length && equalBytes((old[at] as OldValue).key, key)) found.set(at, mark);
    }
  }
  return found;
}
