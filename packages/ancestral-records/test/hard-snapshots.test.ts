import { describe, expect, test } from '@jest/globals';
import type { ChunkRequest, RecordChange, StateDatabase, StateStore } from '../src/index.js';
import { apply, bytes, type PlainState, packState, sorted, unpack } from './support/plain-state.js';
import { memoryDatabase, openStore, parameters } from './support/stores.js';

const keyCount = 3000;
const recordBytes = 4 + 20;
const keyOf = (i: number): Uint8Array => bytes(5, i >> 16, (i >> 8) & 255, i & 255);
const changes = (valueAt: (i: number) => Uint8Array | undefined): RecordChange[] => {
  return Array.from({ length: keyCount }, (_, i) => ({ key: keyOf(i), value: valueAt(i) }));
};
const filled = (byte: number) => (): Uint8Array => new Uint8Array(20).fill(byte);

/** A store whose snapshot 0 is `before`, and which has changed a lot since. */
async function changedStore(before: PlainState, blocks: readonly RecordChange[][]): Promise<StateStore> {
  const store = await openStore(await memoryDatabase().open(), { parameters: parameters({ snapshotPeriod: 2 }) });
  await store.initialize({ records: [packState(before)] });
  for (const [i, block] of blocks.entries()) await store.commitBlock(await store.prepareBlock(i + 1, block));
  return store;
}

/** Reads snapshot 0, checks that every chunk makes progress, and counts. */
async function readInChunks(store: StateStore, limits: Omit<ChunkRequest, 'height' | 'startKey'>) {
  const records: [string, string][] = [];
  const sizes: number[] = [];
  for (let startKey: Uint8Array | undefined = bytes(5); startKey !== undefined; ) {
    const chunk = await store.readChunk({ height: 0, startKey, ...limits });
    if (chunk.nextKey !== undefined) expect(Buffer.compare(chunk.nextKey, startKey)).toBe(1);
    records.push(...unpack(chunk.records));
    sizes.push(chunk.recordBytes);
    startKey = chunk.nextKey;
  }
  return { records, sizes };
}

const full = apply(new Map(), changes(filled(1)));

describe('a snapshot', () => {
  test.each([
    ['every key was rewritten', [changes(filled(2))]],
    ['every key was rewritten in two epochs', [changes(filled(2)), [], changes(filled(3))]],
    ['every key was deleted', [changes(() => undefined)]],
    ['every key was deleted, and created again in the next epoch', [changes(() => undefined), [], changes(filled(4))]],
  ])('after which %s is read in chunks as large as allowed', async (_name, blocks) => {
    const store = await changedStore(full, blocks);
    const maxBytes = 10_000;
    const { records, sizes } = await readInChunks(store, { maxBytes });
    expect(records).toEqual(sorted(full));
    const perChunk = Math.floor(maxBytes / recordBytes);
    expect(sizes.slice(0, -1)).toEqual(new Array(sizes.length - 1).fill(perChunk * recordBytes));
    expect(sizes.length).toBe(Math.ceil(keyCount / perChunk));
    await store.close();
  });

  test('after which many keys were created is read in chunks that end, empty or not, when they have looked at enough', async () => {
    const before = apply(new Map(), [
      { key: keyOf(0), value: filled(1)() },
      { key: keyOf(keyCount - 1), value: filled(1)() },
    ]);
    const store = await changedStore(before, [changes(filled(2))]);
    const maxScanBytes = 5000;
    const { records, sizes } = await readInChunks(store, { maxScanBytes });
    expect(records).toEqual(sorted(before));
    // A created key is looked at twice: as a mark of 9 + 4 + 1 bytes, and as a record of 1 + 4 + 20.
    const perChunk = Math.ceil(maxScanBytes / (9 + 4 + 1 + (1 + 4 + 20)));
    expect(sizes.length).toBeGreaterThanOrEqual(Math.floor(keyCount / perChunk));
    expect(sizes.length).toBeLessThanOrEqual(Math.ceil(keyCount / perChunk) + 1);
    expect(sizes.filter((size) => size === 0).length).toBeGreaterThanOrEqual(sizes.length - 2);
    await store.close();
  });
});

describe('a chunk', () => {
  test('reads one group ahead of what it merges, and no more', async () => {
    const database = await memoryDatabase().open();
    const groups: number[] = [];
    const iterator: StateDatabase['iterator'] = (options) => {
      const inner = database.iterator(options);
      const index = groups.push(0) - 1;
      return {
        async nextv(size) {
          groups[index] = (groups[index] as number) + 1;
          return inner.nextv(size);
        },
        close: () => inner.close(),
      };
    };
    const watched = new Proxy(database, {
      get(target, name) {
        if (name === 'iterator') return iterator;
        const found = Reflect.get(target, name, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const store = await openStore(watched, { parameters: parameters({ snapshotPeriod: 10 }) });
    await store.initialize({ records: [packState(full)] });
    await store.commitBlock(await store.prepareBlock(1, changes(filled(2))));
    groups.length = 0;
    const chunk = await store.readChunk({ height: 0, startKey: bytes(5), maxBytes: 10 * recordBytes });
    expect(unpack(chunk.records)).toEqual(sorted(full).slice(0, 10));
    expect(groups).toEqual([2, 2]);
    await store.close();
  });

  test('fails with the error of the group it needs, not with that of one it read ahead in vain', async () => {
    const database = await memoryDatabase().open();
    let failsAt = 0;
    const iterator: StateDatabase['iterator'] = (options) => {
      const inner = database.iterator(options);
      let calls = 0;
      return {
        async nextv(size) {
          if (++calls === failsAt) throw new Error('unreadable');
          return inner.nextv(size);
        },
        close: () => inner.close(),
      };
    };
    const failing = new Proxy(database, {
      get(target, name) {
        if (name === 'iterator') return iterator;
        const found = Reflect.get(target, name, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const store = await openStore(failing);
    await store.initialize({ records: [packState(full)] });
    failsAt = 2;
    const chunk = await store.readChunk({ height: 0, startKey: bytes(5), maxBytes: 10 * recordBytes });
    expect(unpack(chunk.records)).toEqual(sorted(full).slice(0, 10));
    await expect(store.readChunk({ height: 0, startKey: bytes(5) })).rejects.toThrow('unreadable');
    await store.close();
  });
});
