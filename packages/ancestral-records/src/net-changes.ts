import { compareBytes, equalBytes } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import type { StoreContext } from './context.js';
import type { PackedRecords } from './hasher.js';
import { ancestralKeyOffset, epochInterval, stateKey } from './layout.js';
import { RecordPacker } from './packed-records.js';
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

/**
 * The net changes of the epoch that ends at the snapshot height `to`, ascending by key from `startKey` on, in bounded groups: its
 * ancestral records hold the old values, and the new ones are the state at `to`, which later blocks may have moved
 * into the ancestral records of the next epoch. Each group is read through a database snapshot of its own.
 */
export async function* netChanges(
  context: StoreContext,
  epoch: {
    readonly from: number;
    readonly to: number;
    readonly startKey: Uint8Array;
    /** Awaited before each group is read. */
    readonly pace: () => Promise<void>;
  },
): AsyncGenerator<NetChange[]> {
  const { from, to, pace } = epoch;
  const read = async (startKey: Uint8Array): ReturnType<typeof readGroup> => {
    await pace();
    return readGroup(context, from, to, startKey);
  };
  let reading = read(epoch.startKey);
  try {
    for (;;) {
      const group = await reading;
      if (group === undefined) return;
      // The next group is read while this one is worked on.
      reading = read(group.nextKey);
      reading.catch(() => undefined);
      yield group.changes;
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

async function readGroup(
  context: StoreContext,
  from: number,
  to: number,
  startKey: Uint8Array,
): Promise<{ readonly changes: NetChange[]; readonly nextKey: Uint8Array } | undefined> {
  const snapshot = context.disk.snapshot();
  try {
    const old: OldValue[] = [];
    const interval = epochInterval(from, startKey, undefined);
    const iterator = context.disk.iterator(interval, { snapshot, highWaterMarkBytes: groupBytes });
    try {
      for (const [databaseKey, mark] of await iterator.nextv(groupKeys)) {
        const key = databaseKey.subarray(ancestralKeyOffset);
        old.push({ key, value: decodeMark(mark) });
      }
    } finally {
      await iterator.close();
    }
    const last = old[old.length - 1];
    if (last === undefined) return undefined;
    return { changes: await compare(context, old, to, snapshot), nextKey: Uint8Array.of(...last.key, 0) };
  } finally {
    await snapshot.close();
  }
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
      packer.reference(keyStart, keyStart + key.length, valueStart, packer.length);
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
