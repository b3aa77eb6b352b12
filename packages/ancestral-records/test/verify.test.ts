import { describe, expect, test } from '@jest/globals';
import { type Manifest, type StateStore, verifyState } from '../src/index.js';
import { verifyPaced } from '../src/verify/verify-state.js';
import {
  ancestralAt,
  changesAt,
  damage,
  dump,
  grow,
  keyOf,
  longStore,
  smallRanges,
  stateAt,
  withReads,
} from './support/long-store.js';
import { bytes, fromHex, hex } from './support/plain-state.js';
import { classicDatabase, memoryDatabase, openStore } from './support/stores.js';

const failure = (code: string): object => ({ code: `ANCESTRAL_RECORDS_${code}` });

function rangeOf(manifest: Manifest, key: Uint8Array): number {
  return manifest.entries.findIndex((_, index) => {
    const { startKey, endKey } = manifest.range(index);
    const isBefore = endKey === undefined || Buffer.compare(key, endKey) < 0;
    return isBefore && Buffer.compare(key, startKey) >= 0;
  });
}

/** Keys of the state that no block changed since a height, and keys that one did. */
async function keysSince(
  database: Parameters<typeof dump>[0],
  epoch: number,
): Promise<{ readonly kept: Uint8Array[]; readonly changed: Uint8Array[] }> {
  const state = [...(await dump(database, 2, 2)).keys()].map((key) => fromHex(key.slice(2)));
  const marked = [...(await dump(database, 3, 3)).keys()].map(fromHex).filter((key) => (key[8] as number) >= epoch);
  const changed = new Set(marked.map((key) => hex(key.subarray(9))));
  return {
    kept: state.filter((key) => !changed.has(hex(key))),
    changed: state.filter((key) => changed.has(hex(key))),
  };
}

describe.each([memoryDatabase, classicDatabase])('over %p', (make) => {
  test('an intact state is clean at every snapshot and at the tip, and stays so while blocks go on', async () => {
    const kind = await make();
    const database = await kind.open();
    const store = await longStore(database);
    const [older, newer] = store.snapshots();
    expect(await verifyState(store)).toMatchObject({
      height: 8,
      tipHeight: 10,
      isClean: true,
      records: newer?.records,
    });
    const report = await verifyState(store, { height: 4, hasLookups: true });
    expect(report).toMatchObject({ height: 4, tipHeight: undefined, isClean: true, records: older?.records });
    expect(report.ranges).toBeGreaterThan(10);
    expect(await verifyState(store, { height: 4, hasTip: true })).toMatchObject({ tipHeight: 10, isClean: true });
    const [during] = await Promise.all([verifyState(store), grow(store, 11)]);
    expect(during).toMatchObject({ height: 8, isClean: true });
    await store.close();
    await database.close();
    await kind.remove();
  });

  test('an altered, a missing and an added record are each named by their range', async () => {
    const kind = await make();
    const database = await kind.open();
    const store = await longStore(database);
    const manifest = await store.manifest(8);
    const { kept } = await keysSince(database, 8);
    const [altered, missing, near] = [kept[1], kept[15], kept[28]] as [Uint8Array, Uint8Array, Uint8Array];
    await damage(database, stateAt(altered), bytes(9, 9, 9));
    await damage(database, stateAt(missing), undefined);
    await damage(database, stateAt(new Uint8Array([...near, 0])), bytes(1));
    const report = await verifyState(store);
    expect(report.isClean).toBe(false);
    expect(report.damagedRanges.map(({ index, reason }) => [index, reason])).toEqual(
      [
        [rangeOf(manifest, altered), 'sum'],
        [rangeOf(manifest, missing), 'count'],
        [rangeOf(manifest, near), 'count'],
      ].sort(([a], [b]) => (a as number) - (b as number)),
    );
    const [first] = report.damagedRanges;
    const entry = manifest.entries[first?.index as number];
    expect([first?.start, first?.depth]).toEqual([entry?.start, entry?.depth]);
    await store.close();
    await database.close();
    await kind.remove();
  });
});

async function memory(options: { height?: number } = {}): Promise<{
  database: Awaited<ReturnType<ReturnType<typeof memoryDatabase>['open']>>;
  store: StateStore;
}> {
  const database = await memoryDatabase().open();
  return { database, store: await longStore(database, options) };
}

test('a record where the manifest has no range is found in its gap', async () => {
  const { database, store } = await memory();
  await damage(database, stateAt(bytes(4, 1)), bytes(1));
  await damage(database, stateAt(bytes(255, 255)), bytes(1));
  const report = await verifyState(store);
  expect(report.damagedRanges).toEqual([]);
  expect(report.damagedGaps.map(({ firstKey, reason, actual }) => [firstKey, reason, actual])).toEqual([
    [bytes(4, 1), 'count', 1],
    [bytes(255, 255), 'count', 1],
  ]);
});

test('an altered ancestral record is found at the snapshots that read it, and at no other', async () => {
  const { database, store } = await memory();
  const [text, value] = [...(await dump(database, 3, 3))].find(([key, stored]) => {
    return fromHex(key)[8] === 8 && stored.startsWith('01');
  }) as [string, string];
  const key = fromHex(text).subarray(9);
  await damage(database, fromHex(text), fromHex(`${value}00`));
  const report = await verifyState(store);
  const index = rangeOf(await store.manifest(8), key);
  expect(report.damagedRanges).toMatchObject([{ index, reason: 'bytes' }]);
  expect(report).toMatchObject({ damagedPrefixes: [], unverifiedPrefixes: [] });
  await damage(database, fromHex(text), bytes(7));
  expect(await verifyState(store)).toMatchObject({
    damagedRanges: [{ index, reason: 'invalid-mark' }],
    unverifiedPrefixes: [key[0]],
  });
  await damage(database, fromHex(text), fromHex(value));
  expect((await verifyState(store)).isClean).toBe(true);
});

test('a damaged record that was written since the snapshot is told by the sum of its prefix, with the ranges to suspect', async () => {
  const { database, store } = await memory();
  const { changed } = await keysSince(database, 8);
  const key = changed[3] as Uint8Array;
  await damage(database, stateAt(key), bytes(99, 99, 99));
  const report = await verifyState(store);
  expect(report).toMatchObject({ isClean: false, damagedRanges: [], damagedGaps: [], bookkeeping: [] });
  expect(report.damagedPrefixes).toMatchObject([{ prefix: key[0], reason: 'sum' }]);
  const suspects = report.damagedPrefixes[0]?.suspects ?? [];
  expect(suspects).toContain(rangeOf(await store.manifest(8), key));
  expect(suspects.length).toBeLessThan(report.ranges);
  expect(await verifyState(store, { height: 8 })).toMatchObject({ isClean: true });
});

test('a range that the database cannot read is named with what it threw, and the others are verified', async () => {
  const { database, store } = await memory();
  const { kept } = await keysSince(database, 8);
  const [broken, altered] = [kept[5], kept[25]] as [Uint8Array, Uint8Array];
  const manifest = await store.manifest(8);
  await damage(database, stateAt(altered), bytes(9, 9, 9));
  await store.close();
  const cause = new Error('corrupted compressed block contents');
  const failing = withReads(database, {
    entries(entries) {
      if (entries.some(([key]) => hex(key) === hex(stateAt(broken)))) throw cause;
      return entries;
    },
  });
  const report = await verifyState(await openStore(failing, { parameters: smallRanges }));
  const found = report.damagedRanges.map(({ index, reason, cause: thrown }) => [index, reason, thrown]);
  const expected = [
    [rangeOf(manifest, broken), 'unreadable', cause],
    [rangeOf(manifest, altered), 'sum', undefined],
  ];
  expect(found.sort()).toEqual(expected.sort());
});

test('an iterator that goes in circles ends the reading of its range, not the verification', async () => {
  const { database, store } = await memory();
  await store.close();
  let circling: [Uint8Array, Uint8Array][] = [];
  const endless = withReads(database, {
    entries(entries, gte) {
      if (gte[0] !== 2) return entries;
      if (entries.length > 0) circling = entries;
      return circling;
    },
  });
  const report = await verifyState(await openStore(endless, { parameters: smallRanges }));
  expect(report.damagedRanges.length).toBeGreaterThan(0);
  for (const { reason } of report.damagedRanges) expect(reason).toBe('out-of-order');
});

test('records that only a longer reading loses are named as inconsistent', async () => {
  const { database, store } = await memory();
  const { kept } = await keysSince(database, 8);
  const lost = hex(stateAt(kept[20] as Uint8Array));
  await store.close();
  const jumping = withReads(database, {
    entries: (entries) => (entries.length > 20 ? entries.filter(([key]) => hex(key) !== lost) : entries),
  });
  const opened = await openStore(jumping, { parameters: smallRanges });
  const report = await verifyState(opened);
  const index = rangeOf(await opened.manifest(8), kept[20] as Uint8Array);
  expect(report.damagedRanges).toMatchObject([{ index, reason: 'inconsistent' }]);
});

test('a record that an iterator shows and a lookup does not is found when records are looked up', async () => {
  const { database, store } = await memory();
  const { kept, changed } = await keysSince(database, 8);
  await store.close();
  const hidden = [stateAt(kept[7] as Uint8Array), ancestralAt(8, changed[2] as Uint8Array)].map(hex);
  const forgetful = withReads(database, {
    values: (values, keys) =>
      values.map((value, i) => (hidden.includes(hex(keys[i] as Uint8Array)) ? undefined : value)),
  });
  const opened = await openStore(forgetful, { parameters: smallRanges });
  const manifest = await opened.manifest(8);
  expect((await verifyState(opened)).isClean).toBe(true);
  const report = await verifyState(opened, { hasLookups: true });
  const expected = [kept[7], changed[2]].map((key) => rangeOf(manifest, key as Uint8Array)).sort((a, b) => a - b);
  expect(report.damagedRanges.map(({ index, reason }) => [index, reason])).toEqual(
    expected.map((index) => [index, 'lookup']),
  );
});

test('a lookup that misses a record only once is named as such: neighbours have nothing to do with it', async () => {
  const { database, store } = await memory();
  const { kept } = await keysSince(database, 8);
  await store.close();
  const key = kept[7] as Uint8Array;
  let misses = 1;
  const mended = withReads(database, {
    values: (values, keys) =>
      values.map((found, i) => (hex(keys[i] as Uint8Array) === hex(stateAt(key)) && misses-- > 0 ? undefined : found)),
  });
  const opened = await openStore(mended, { parameters: smallRanges });
  const index = rangeOf(await opened.manifest(8), key);
  const report = await verifyState(opened, { hasLookups: true });
  expect(report.damagedRanges).toMatchObject([{ index, reason: 'lookup' }]);
  expect(report.damagedPrefixes).toEqual([]);
  expect((await verifyState(opened, { hasLookups: true })).isClean).toBe(true);
});

describe('what the store keeps about itself', () => {
  const keys = {
    format: bytes(0, 0),
    tip: bytes(0, 1),
    summaries: bytes(0, 2, 5),
    snapshot: bytes(0, 3, 0, 0, 0, 0, 0, 0, 0, 8),
    manifest: bytes(0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0),
  };
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

  test.each(Object.entries(keys))('is compared with itself and with memory: %s', async (what, key) => {
    const { database, store } = await memory();
    const stored = (await database.get(key, encodings)) as Uint8Array;
    for (let at = 0; at < stored.length; at += 29) {
      await damage(
        database,
        key,
        stored.map((byte, i) => (i === at ? byte ^ 1 : byte)),
      );
      const report = await verifyState(store);
      expect(report.isClean).toBe(false);
      expect(report.bookkeeping.map((each) => each.what)).toContain(what);
    }
    await damage(database, key, undefined);
    expect((await verifyState(store)).bookkeeping.map((each) => each.what)).toContain(what);
    await damage(database, key, stored);
    expect((await verifyState(store)).isClean).toBe(true);
  });

  test('ancestral records of an epoch that does not exist are found', async () => {
    const { database, store } = await memory();
    for (const epoch of [5, 7, 9, 12, 200]) {
      await damage(database, ancestralAt(epoch, keyOf(1)), bytes(0));
      expect((await verifyState(store)).bookkeeping).toMatchObject([{ what: 'ancestral-records' }]);
      await damage(database, ancestralAt(epoch, keyOf(1)), undefined);
    }
    await damage(database, ancestralAt(0, keyOf(1)), bytes(0));
    expect((await verifyState(store)).isClean).toBe(true);
  });

  test('a manifest that cannot be used verifies nothing, unless another is given', async () => {
    const { database, store } = await memory();
    const manifest = await store.manifest(8);
    await damage(database, keys.manifest, bytes(1));
    expect(await verifyState(store)).toMatchObject({ ranges: 0, isClean: false, unverifiedPrefixes: [5, 6, 9, 255] });
    const report = await verifyState(store, { manifest });
    expect(report).toMatchObject({ ranges: manifest.entries.length, isClean: false, damagedRanges: [] });
    await expect(verifyState(store, { manifest, height: 4 })).rejects.toThrow(/not 4/);
  });
});

describe('a verification', () => {
  test('of a snapshot that is retired meanwhile ends with a typed error', async () => {
    const { store } = await memory();
    let steps = 0;
    const pace = async (): Promise<void> => {
      if (steps++ === 3) await grow(store, 12);
    };
    const pacing = { stepRecords: 4, stepBytes: 1024, hashing: 2, pace };
    await expect(verifyPaced(store, { height: 4 }, pacing)).rejects.toMatchObject(failure('HEIGHT_UNAVAILABLE'));
    expect(store.snapshots().map(({ height }) => height)).toEqual([8, 12]);
    steps = -1000;
    expect(await verifyPaced(store, {}, pacing)).toMatchObject({ height: 12, isClean: true });
  });

  test('in small steps, with a block before each of them, is clean at the height it ends at', async () => {
    const { store } = await memory({ height: 8 });
    const pace = async (): Promise<void> => {
      if ((store.height as number) < 11) await grow(store, (store.height as number) + 1);
    };
    const report = await verifyPaced(store, {}, { stepRecords: 4, stepBytes: 1024, hashing: 3, pace });
    expect(report).toMatchObject({ height: 8, tipHeight: 11, isClean: true });
  });

  test('tells how far it is, can be given up, and ends with its store', async () => {
    const { store } = await memory();
    const seen: number[] = [];
    const report = await verifyState(store, {
      onProgress: ({ records, totalRecords, damagedRanges }) => {
        seen.push(records);
        expect([totalRecords, damagedRanges]).toEqual([store.snapshots()[1]?.records, 0]);
      },
    });
    expect(seen.at(-1)).toBe(report.records);
    await expect(verifyState(store, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await expect(verifyState(store, { height: 7 })).rejects.toMatchObject(failure('HEIGHT_UNAVAILABLE'));
    await store.close();
    await expect(verifyState(store)).rejects.toMatchObject(failure('CLOSED'));
  });

  test('of an empty state is clean, and one of a store without a state is refused', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database, { parameters: smallRanges });
    await expect(verifyState(store)).rejects.toMatchObject(failure('NOT_READY'));
    await store.initialize({ records: [] });
    expect(await verifyState(store)).toMatchObject({ isClean: true, ranges: 0, records: 0, tipHeight: 0 });
    await store.commitBlock(await store.prepareBlock(1, changesAt(1, 60)));
    expect(await verifyState(store)).toMatchObject({ isClean: true, ranges: 0, tipHeight: 1 });
  });
});
