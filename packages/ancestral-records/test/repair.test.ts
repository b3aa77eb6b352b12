import { describe, expect, test } from '@jest/globals';
import {
  type AncestralRecordsError,
  Manifest,
  type RangeSource,
  rawDatabaseSource,
  rebuildState,
  repairState,
  type StateStore,
  storeSource,
  verifyState,
} from '../src/index.js';
import {
  ancestralAt,
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
import { memoryDatabase, memoryStore, type OpenDatabase, openStore } from './support/stores.js';

const failure = (code: string, details: object = {}): object => ({
  code: `ANCESTRAL_RECORDS_${code}`,
  details: expect.objectContaining(details),
});

/** A store, its database, and a source with the same snapshot that stays intact. */
async function twins(height = 10): Promise<{ database: OpenDatabase; store: StateStore; source: RangeSource }> {
  const database = await memoryDatabase().open();
  const store = await longStore(database, { height });
  const intact = await longStore(await memoryDatabase().open(), { height });
  const newest = store.snapshots().at(-1)?.height as number;
  return { database, store, source: storeSource(intact, await intact.manifest(newest)) };
}

/** The key of some state record that no block changed since height 8, and one that one did. */
async function twoKeys(database: OpenDatabase): Promise<{ kept: Uint8Array; changed: Uint8Array }> {
  const marked = [...(await dump(database, 3, 3))].filter(([key]) => fromHex(key)[8] === 8);
  const changed = marked.filter(([, value]) => value.startsWith('01')).map(([key]) => key.slice(18));
  const all = [...(await dump(database, 2, 2)).keys()].map((key) => key.slice(2));
  const kept = all.filter((key) => !marked.some(([other]) => other.slice(18) === key));
  return {
    kept: fromHex(kept[9] as string),
    changed: fromHex(changed.find((key) => all.includes(key)) as string),
  };
}

test('a state without damage is left alone', async () => {
  const { database, store, source } = await twins();
  const before = await dump(database, 0);
  expect(await repairState(store, { source })).toMatchObject({ outcome: 'clean', ranges: [], corrected: 0 });
  expect(await dump(database, 0)).toEqual(before);
});

describe('repair puts back exactly what was there', () => {
  const cases: Record<string, (database: OpenDatabase) => Promise<number>> = {
    'an altered record': async (database) => {
      await damage(database, stateAt((await twoKeys(database)).kept), bytes(1, 2, 3));
      return 1;
    },
    'a missing record': async (database) => {
      await damage(database, stateAt((await twoKeys(database)).kept), undefined);
      return 1;
    },
    'a record too many, in a range': async (database) => {
      await damage(database, stateAt(bytes(...(await twoKeys(database)).kept, 7)), bytes(1));
      return 1;
    },
    'records too many, in gaps': async (database) => {
      await damage(database, stateAt(bytes(4, 1)), bytes(1));
      await damage(database, stateAt(bytes(9, 1)), bytes(1));
      return 2;
    },
    'an altered ancestral record': async (database) => {
      await damage(database, ancestralAt(8, (await twoKeys(database)).changed), bytes(1, 200));
      return 1;
    },
    'an ancestral record that is neither a value nor an absence': async (database) => {
      await damage(database, ancestralAt(8, (await twoKeys(database)).changed), bytes(2, 200));
      return 1;
    },
    'an ancestral record that hides a record': async (database) => {
      await damage(database, ancestralAt(8, (await twoKeys(database)).changed), bytes(0));
      return 1;
    },
  };

  test.each(Object.entries(cases))('%s', async (_, breakIt) => {
    const { database, store, source } = await twins();
    const before = await dump(database, 1, 3);
    const wrong = await breakIt(database);
    const report = await repairState(store, { source });
    expect(report).toMatchObject({
      outcome: 'repaired',
      height: 8,
      corrected: wrong,
      after: [{ isClean: true, tipHeight: 10 }],
    });
    expect(report.before.isClean).toBe(false);
    expect(report.ranges).toEqual(report.before.damagedRanges.map(({ index }) => index));
    expect(await dump(database, 1, 3)).toEqual(before);
    await grow(store, 13);
    expect((await verifyState(store)).isClean).toBe(true);
  });

  test('at an older snapshot, and says so of the later ones', async () => {
    const { database, store } = await twins();
    const intact = await longStore(await memoryDatabase().open());
    const before = await dump(database, 1, 3);
    const [text] = [...(await dump(database, 3, 3))].find(
      ([key, value]) => fromHex(key)[8] === 4 && value.length > 2,
    ) as [string, string];
    await damage(database, fromHex(text), bytes(1, 1));
    const source = storeSource(intact, await intact.manifest(4));
    expect((await verifyState(store)).isClean).toBe(true);
    const report = await repairState(store, { source, height: 4 });
    expect(report.after.map(({ height, isClean }) => [height, isClean])).toEqual([
      [4, true],
      [8, true],
    ]);
    expect(await dump(database, 1, 3)).toEqual(before);
  });
});

test('a phantom ancestral record that is right about the snapshot may stay, and the state is right at both heights', async () => {
  const { database, store, source } = await twins();
  const { kept } = await twoKeys(database);
  await damage(database, ancestralAt(8, kept), bytes(1, 77));
  const report = await repairState(store, { source });
  expect(report).toMatchObject({ outcome: 'repaired', corrected: 1 });
  expect(report.after.every(({ isClean }) => isClean)).toBe(true);
  await grow(store, 13);
  for (const { height } of store.snapshots()) expect((await verifyState(store, { height })).isClean).toBe(true);
});

test('a value at the tip that nobody else has takes the store back to the snapshot', async () => {
  const { database, store, source } = await twins();
  const { changed } = await twoKeys(database);
  await damage(database, stateAt(changed), bytes(1, 2, 3, 4));
  const report = await repairState(store, { source });
  expect(report).toMatchObject({ outcome: 'rewound', height: 8, after: [{ isClean: true, tipHeight: 8 }] });
  expect(store.height).toBe(8);
  const intact = await longStore(await memoryDatabase().open());
  await grow(store, 10);
  expect(store.stateRoot()).toEqual(intact.stateRoot());
  expect((await verifyState(store)).isClean).toBe(true);
});

test('a lost ancestral record is told from an altered record by the sums of the tip', async () => {
  const { database, store, source } = await twins();
  const { changed } = await twoKeys(database);
  await damage(database, ancestralAt(8, changed), undefined);
  const report = await repairState(store, { source });
  expect(report).toMatchObject({ outcome: 'rewound', after: [{ isClean: true }] });
});

test('values that were remembered while they were damaged are forgotten, and blocks prepared on them are void', async () => {
  const { database, store, source } = await twins();
  const { kept } = await twoKeys(database);
  const right = (await database.get(stateAt(kept), { keyEncoding: 'view', valueEncoding: 'view' })) as Uint8Array;
  await store.close();
  await damage(database, stateAt(kept), bytes(66));
  const opened = await openStore(database, { parameters: smallRanges });
  expect(await opened.get(kept)).toEqual(bytes(66));
  const prepared = await opened.prepareBlock(11, [{ key: kept, value: bytes(5) }]);
  await repairState(opened, { source });
  expect(await opened.get(kept)).toEqual(right);
  await expect(opened.commitBlock(prepared)).rejects.toMatchObject(failure('STALE_BLOCK'));
});

test('a source that lies or fails is passed over, and what no source can prove is named', async () => {
  const { database, store, source } = await twins();
  const { kept } = await twoKeys(database);
  const before = await dump(database, 1, 3);
  await damage(database, stateAt(kept), bytes(66));
  const lying: RangeSource = { readRange: async () => ({ bytes: bytes(5, 1), offsets: Uint32Array.of(0, 1, 1, 2) }) };
  const failing: RangeSource = { readRange: async () => Promise.reject(new Error('gone')) };
  const other: RangeSource = { ...source, manifest: Manifest.fromEntries({ height: 8, entries: [] }) };
  const named = (await verifyState(store)).damagedRanges.map(({ index }) => index);
  const all = repairState(store, { source: [lying, other, failing] });
  await expect(all).rejects.toMatchObject(failure('REPAIR_FAILED', { reason: 'source', ranges: named }));
  await expect(all.catch(({ cause }: AncestralRecordsError) => cause)).resolves.toMatchObject({ message: 'gone' });
  expect((await verifyState(store)).damagedRanges.map(({ index }) => index)).toEqual(named);
  expect(await repairState(store, { source: [lying, failing, source] })).toMatchObject({ outcome: 'repaired' });
  expect(await dump(database, 1, 3)).toEqual(before);
});

test('records that lookups lose are written again', async () => {
  const { database, store, source } = await twins();
  const { kept } = await twoKeys(database);
  await store.close();
  let isLost = true;
  const target = hex(stateAt(kept));
  const forgetful = withReads(database, {
    values: (values, keys) =>
      values.map((value, i) => (isLost && hex(keys[i] as Uint8Array) === target ? undefined : value)),
  });
  const batch = forgetful.batch.bind(forgetful);
  const healing = new Proxy(forgetful, {
    get(inner, name) {
      const found = Reflect.get(inner, name, inner);
      if (name !== 'batch') return typeof found === 'function' ? found.bind(inner) : found;
      return async (writes: Parameters<typeof batch>[0], options: Parameters<typeof batch>[1]) => {
        if (writes.some(({ key }) => hex(key) === target)) isLost = false;
        await batch(writes, options);
      };
    },
  });
  const opened = await openStore(healing, { parameters: smallRanges });
  expect(await repairState(opened, { source })).toMatchObject({ outcome: 'repaired', corrected: 0 });
});

test('records in an empty state are removed', async () => {
  const database = await memoryDatabase().open();
  const store = await openStore(database, { parameters: smallRanges });
  await store.initialize({ records: [] });
  await damage(database, stateAt(bytes(5, 1)), bytes(1));
  const source: RangeSource = { readRange: async () => Promise.reject(new Error('there is no range')) };
  expect(await repairState(store, { source })).toMatchObject({ outcome: 'repaired', ranges: [], corrected: 1 });
  expect(await dump(database, 1, 3)).toEqual(new Map());
});

describe('a database that fails', () => {
  test('while it is read is to be rebuilt, and nothing is written', async () => {
    const { database, store, source } = await twins();
    const { kept } = await twoKeys(database);
    await store.close();
    const before = await dump(database, 0);
    const failing = withReads(database, {
      entries(entries) {
        if (entries.some(([key]) => hex(key) === hex(stateAt(kept)))) throw new Error('bad block');
        return entries;
      },
    });
    const opened = await openStore(failing, { parameters: smallRanges });
    await expect(repairState(opened, { source })).rejects.toMatchObject(
      failure('REPAIR_FAILED', { reason: 'database' }),
    );
    expect(await dump(database, 0)).toEqual(before);
  });

  test('while it compacts or is written is to be rebuilt', async () => {
    for (const [name, broken] of [
      ['compactRange', async () => Promise.reject(new Error('bad block'))],
      ['batch', async () => Promise.reject(new Error('bad block'))],
    ] as const) {
      const { database, store, source } = await twins();
      const { kept } = await twoKeys(database);
      await store.close();
      await damage(database, stateAt(kept), bytes(66));
      const failing = new Proxy(database, {
        get(inner, asked) {
          const found = asked === name ? broken : Reflect.get(inner, asked, inner);
          return typeof found === 'function' ? found.bind(inner) : found;
        },
      });
      const opened = await openStore(failing, { parameters: smallRanges });
      await expect(repairState(opened, { source })).rejects.toMatchObject(
        failure('REPAIR_FAILED', { reason: 'database' }),
      );
    }
  });

  test('to keep what it is given is to be rebuilt', async () => {
    const { database, store, source } = await twins();
    const { kept } = await twoKeys(database);
    await store.close();
    const target = hex(stateAt(kept));
    const stubborn = withReads(database, {
      entries: (entries) => entries.map(([key, value]) => [key, hex(key) === target ? bytes(66) : value]),
    });
    const opened = await openStore(stubborn, { parameters: smallRanges });
    await expect(repairState(opened, { source })).rejects.toMatchObject(
      failure('REPAIR_FAILED', { reason: 'still-damaged', ranges: [expect.any(Number)] }),
    );
  });
});

describe('what the store keeps about itself is written again', () => {
  const keys = {
    format: bytes(0, 0),
    tip: bytes(0, 1),
    summaries: bytes(0, 2, 5),
    snapshot: bytes(0, 3, 0, 0, 0, 0, 0, 0, 0, 8),
    manifest: bytes(0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0),
  };

  test.each(Object.entries(keys))('after damage to the %s', async (_, key) => {
    const { database, store, source } = await twins();
    await damage(database, key, bytes(1));
    expect(await repairState(store, { source })).toMatchObject({ outcome: 'repaired', ranges: [], corrected: 0 });
    await store.close();
    const opened = await openStore(database, { parameters: smallRanges });
    expect(await verifyState(opened)).toMatchObject({ isClean: true, tipHeight: 10 });
  });

  test('but a manifest only if the source has it', async () => {
    const { database, store, source } = await twins();
    await damage(database, keys.manifest, undefined);
    const without: RangeSource = { readRange: (index) => source.readRange(index) };
    await expect(repairState(store, { source: without })).rejects.toMatchObject(
      failure('REPAIR_FAILED', { reason: 'source' }),
    );
    const manifest = source.manifest as Manifest;
    expect(await repairState(store, { source: without, manifest })).toMatchObject({ outcome: 'repaired' });
  });

  test('and ancestral records of no epoch are removed', async () => {
    const { database, store, source } = await twins();
    const before = await dump(database, 1, 3);
    await damage(database, ancestralAt(7, keyOf(1)), bytes(1, 1));
    await damage(database, ancestralAt(99, keyOf(1)), bytes(3));
    expect(await repairState(store, { source })).toMatchObject({ outcome: 'repaired' });
    expect(await dump(database, 1, 3)).toEqual(before);
  });
});

describe('rebuilding into a fresh database', () => {
  test('takes what can be salvaged and proved, and the rest from a replacement', async () => {
    const { database, store, source } = await twins();
    const { kept, changed } = await twoKeys(database);
    const manifest = source.manifest as Manifest;
    const [, snapshot] = store.snapshots();
    await damage(database, stateAt(kept), bytes(66));
    await damage(database, ancestralAt(8, changed), bytes(1, 66));
    for (const salvage of [storeSource(store, manifest), rawDatabaseSource(database, manifest, smallRanges)]) {
      const target = await memoryStore({ parameters: smallRanges });
      const stateRoot = snapshot?.stateRoot as Uint8Array;
      const seen: number[] = [];
      const done = await rebuildState({
        ...{ target, manifest, stateRoot, sources: [salvage, source] },
        onProgress: ({ ranges }) => seen.push(ranges),
      });
      expect(done).toEqual({
        ranges: manifest.entries.length,
        totalRanges: manifest.entries.length,
        bySource: [manifest.entries.length - 2, 2],
      });
      expect(seen).toEqual(Array.from({ length: manifest.entries.length + 1 }, (_, i) => i));
      expect(await verifyState(target)).toMatchObject({ isClean: true, height: 8, tipHeight: 8 });
      await grow(target, 10);
      const intact = await longStore(await memoryDatabase().open());
      expect(target.stateRoot()).toEqual(intact.stateRoot());
    }
  });

  test('names what no source could prove, keeps the rest, and goes on with more sources', async () => {
    const { database, store, source } = await twins();
    const { kept } = await twoKeys(database);
    const manifest = source.manifest as Manifest;
    await damage(database, stateAt(kept), bytes(66));
    const stateRoot = store.snapshots()[1]?.stateRoot as Uint8Array;
    const target = await memoryStore({ parameters: smallRanges });
    const broken = { target, manifest, stateRoot, sources: [rawDatabaseSource(database, manifest, smallRanges)] };
    const named = (await verifyState(store)).damagedRanges.map(({ index }) => index);
    await expect(rebuildState(broken)).rejects.toMatchObject(
      failure('REPAIR_FAILED', { reason: 'source', ranges: named }),
    );
    expect(target.download()?.proved.size).toBe(manifest.entries.length - 1);
    const done = await rebuildState({ ...broken, sources: [...broken.sources, source] });
    expect(done.bySource).toEqual([0, 1]);
    expect((await verifyState(target)).isClean).toBe(true);
  });

  test('given up, goes on with the ranges that are missing', async () => {
    const { store, source } = await twins();
    const manifest = source.manifest as Manifest;
    const stateRoot = store.snapshots()[1]?.stateRoot as Uint8Array;
    const target = await memoryStore({ parameters: smallRanges });
    const giving = new AbortController();
    const onProgress = ({ ranges }: { ranges: number }): void => {
      if (ranges === 5) giving.abort(new Error('enough'));
    };
    const options = { target, manifest, stateRoot, sources: [source] };
    await expect(rebuildState({ ...options, onProgress, signal: giving.signal })).rejects.toThrow('enough');
    const kept = target.download()?.proved.size as number;
    expect(kept).toBeGreaterThanOrEqual(5);
    const done = await rebuildState(options);
    expect(done.bySource).toEqual([manifest.entries.length - kept]);
  });

  test('reads a database in which no store can be opened', async () => {
    const { database, store, source } = await twins();
    const manifest = source.manifest as Manifest;
    const stateRoot = store.snapshots()[1]?.stateRoot as Uint8Array;
    await store.close();
    for (const [key] of await dump(database, 0, 0)) await damage(database, fromHex(key), undefined);
    await expect(openStore(database, { parameters: smallRanges })).rejects.toMatchObject(failure('FOREIGN_DATABASE'));
    const target = await memoryStore({ parameters: smallRanges });
    await rebuildState({ target, manifest, stateRoot, sources: [rawDatabaseSource(database, manifest, smallRanges)] });
    expect((await verifyState(target)).isClean).toBe(true);
  });

  test('reads the ranges that a download had committed, without its marks', async () => {
    const { store, source } = await twins();
    const manifest = source.manifest as Manifest;
    const stateRoot = store.snapshots()[1]?.stateRoot as Uint8Array;
    const database = await memoryDatabase().open();
    const newcomer = await openStore(database, { parameters: smallRanges });
    await newcomer.beginDownload(manifest);
    for (const index of [0, 2])
      await newcomer.commitRange(await newcomer.proveRange(index, await source.readRange(index)));
    await newcomer.close();
    const { bySource } = await rebuildState({
      target: await memoryStore({ parameters: smallRanges }),
      manifest,
      stateRoot,
      sources: [rawDatabaseSource(database, manifest, newcomer.parameters), source],
    });
    expect(bySource).toEqual([2, manifest.entries.length - 2]);
  });
});
