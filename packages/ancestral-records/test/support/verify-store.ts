import { expect } from '@jest/globals';
import type { SnapshotInfo, StateDatabase, StateStore } from '../../src/index.js';
import { plainEntries, rangesOf } from './plain-ranges.js';
import {
  apply,
  believed,
  bytes,
  fromHex,
  hex,
  type PlainState,
  readAll,
  rootOfState,
  summarize,
} from './plain-state.js';

/** Ranges of states that were met before, since the same ones come up again and again. */
const rangesByRoot = new Map<string, string>();

/** Every state record that is physically in the database, and the marks of a download. */
export async function rawState(database: StateDatabase): Promise<PlainState> {
  const iterator = database.iterator({ gte: bytes(2), lt: bytes(3), keyEncoding: 'view', valueEncoding: 'view' });
  const state = new Map<string, Uint8Array>();
  for (let entries = await iterator.nextv(10_000); entries.length > 0; entries = await iterator.nextv(10_000)) {
    for (const [key, value] of entries) state.set(hex(key.subarray(1)), new Uint8Array(value));
  }
  await iterator.close();
  return state;
}

/** Recomputes from the records alone whatever the store says about them. */
export async function verifyStore(store: StateStore, database: StateDatabase): Promise<void> {
  const raw = await rawState(database);
  if (store.phase === 'empty') expect(raw.size).toBe(0);
  if (store.phase === 'downloading') {
    const { manifest, proved } = store.download() as NonNullable<ReturnType<StateStore['download']>>;
    const isMark = (key: string): boolean => key.length / 2 > store.parameters.maxKeyBytes;
    expect([...raw.keys()].filter(isMark)).toHaveLength(proved.size);
    for (const index of proved) {
      const entry = manifest.entries[index] as (typeof manifest.entries)[number];
      const { startKey, endKey } = manifest.range(index);
      const inside = [...raw].filter(([key]) => {
        const isBefore = endKey === undefined || Buffer.compare(fromHex(key), endKey) < 0;
        return !isMark(key) && isBefore && Buffer.compare(fromHex(key), startKey) >= 0;
      });
      const [summary] = summarize(new Map(inside)).values();
      expect(summary).toEqual({ count: entry.count, bytes: entry.bytes, checksum: hex(entry.sum) });
    }
  }
  if (store.phase === 'unproved') verifyUnproved(store, raw);
  if (store.phase !== 'ready') return;
  const { height } = store;
  if (height === undefined) throw new Error('ready without a height');
  expect(believed(store)).toEqual(summarize(raw));
  expect(hex(store.stateRoot())).toBe(rootOfState(raw));
  for (const snapshot of store.snapshots()) {
    try {
      await verifySnapshot(store, snapshot);
    } catch (error) {
      // A manifest that is completed in the background may retire it meanwhile.
      const isRetired = store.snapshots().every(({ height: retained }) => retained !== snapshot.height);
      if ((error as { code?: unknown }).code !== 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE' || !isRetired) throw error;
    }
  }
}

/** What is written into each interval is what it says it holds, and nothing lies beyond the place where it goes on. */
function verifyUnproved(store: StateStore, raw: PlainState): void {
  const summaries = summarize(raw);
  const { statePrefixes } = store.parameters;
  const intervals = store.unprovedDownload()?.intervals ?? [];
  expect(intervals.map(({ prefix }) => prefix)).toEqual(statePrefixes);
  expect([...summaries.keys()].filter((prefix) => !statePrefixes.includes(prefix))).toEqual([]);
  for (const { prefix, state, nextKey, records, bytes: size } of intervals) {
    expect(['dirty', 'whole']).toContain(state);
    const { count = 0, bytes: found = 0 } = summaries.get(prefix) ?? {};
    expect([prefix, records, size]).toEqual([prefix, count, found]);
    const isBehind = ([key]: readonly [string, unknown]): boolean =>
      key.startsWith(hex(bytes(prefix))) && key >= hex(nextKey);
    if (state === 'dirty') expect([...raw].filter(isBehind)).toEqual([]);
  }
}

async function verifySnapshot(store: StateStore, snapshot: SnapshotInfo): Promise<void> {
  const records = await readAll(store, snapshot.height);
  const copy: PlainState = new Map(records.map(([key, value]) => [key, fromHex(value)]));
  const root = rootOfState(copy);
  expect(root).toBe(hex(snapshot.stateRoot));
  const manifest = await store.manifest(snapshot.height);
  const { maxRangeRecords, maxRangeBytes, maxKeyBytes } = store.parameters;
  const name = [root, maxRangeRecords, maxRangeBytes, maxKeyBytes].join();
  const ranges = rangesByRoot.get(name) ?? JSON.stringify(rangesOf(copy, store.parameters));
  rangesByRoot.set(name, ranges);
  expect(JSON.stringify(plainEntries(manifest.entries)) === ranges).toBe(true);
  expect(hex(manifest.root(store.parameters.identity))).toBe(hex(snapshot.root));
}

/** The state after a height of a chain whose blocks are known. */
export function replay(
  height: number,
  changesOf: (height: number) => readonly { key: Uint8Array; value: Uint8Array | undefined }[],
): PlainState {
  let state: PlainState = new Map();
  for (let at = 1; at <= height; at++) state = apply(state, changesOf(at));
  return state;
}
