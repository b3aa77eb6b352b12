import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { computeManifest, type PackedRecords, type RecordChange, type StateParameters } from '../src/index.js';
import { plainEntries, rangesOf } from './support/plain-ranges.js';
import { apply, bytes, type PlainState, pack, packState } from './support/plain-state.js';
import { memoryDatabase, memoryStore, type OpenDatabase, openStore, parameters } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';

/** Keys in clusters: equal up to a late bit, prefixes of each other, zero-padded forms of each other. */
const deep = (length: number, last: number): Uint8Array => bytes(5, ...new Uint8Array(length).fill(170), last);
const key = fc.oneof(
  fc.tuple(fc.constantFrom(5, 6, 255), fc.array(fc.nat(255), { maxLength: 3 })).map(([p, rest]) => bytes(p, ...rest)),
  fc.tuple(fc.constantFrom(5, 255), fc.nat(12)).map(([p, zeros]) => bytes(p, ...new Uint8Array(zeros))),
  fc.tuple(fc.constantFrom(20, 38, 39), fc.nat(255)).map(([length, last]) => deep(length, last)),
  fc.tuple(fc.nat(38), fc.nat(3)).map(([length, last]) => deep(length, last)),
);
const value = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom(62, 63, 64, 65, 200).map((size) => new Uint8Array(size).fill(size)),
);
const changes = (maxLength: number): fc.Arbitrary<RecordChange[]> =>
  fc.array(fc.record({ key, value: fc.option(value, { nil: undefined, freq: 2 }) }), { maxLength });
const limits = fc.record({
  maxRangeRecords: fc.constantFrom(1, 2, 3, 8, 20),
  maxRangeBytes: fc.constantFrom(1, 64, 300, 1 << 20),
  maxKeyBytes: fc.constant(42),
});

async function fromNothing(state: PlainState, chosen: StateParameters, packs: (all: PackedRecords) => PackedRecords[]) {
  return computeManifest(packs(packState(state)), { height: 4, parameters: chosen, hasher: toyHasher });
}

describe('the partition of a state into ranges', () => {
  test('is the one of the definition, however the records come packed', async () => {
    await fc.assert(
      fc.asyncProperty(changes(60), limits, fc.nat(20), async (records, chosen, cut) => {
        const state = apply(new Map(), records);
        const manifest = await fromNothing(state, parameters(chosen), ({ bytes: all, offsets }) => [
          { bytes: all, offsets: offsets.subarray(0, 4 * cut) },
          { bytes: all, offsets: offsets.subarray(4 * cut) },
        ]);
        expect(plainEntries(manifest.entries)).toEqual(rangesOf(state, parameters(chosen)));
      }),
      { numRuns: 400 },
    );
  });

  test('is carried on from snapshot to snapshot to what it would be from nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        changes(40),
        fc.array(changes(40), { minLength: 2, maxLength: 8 }),
        limits,
        async (genesis, blocks, chosen) => {
          const store = await memoryStore({
            parameters: parameters({ ...chosen, snapshotPeriod: 2, retainedEpochs: 9 }),
          });
          let state = apply(new Map(), genesis);
          await store.initialize({ records: [packState(state)] });
          for (const [i, block] of blocks.entries()) {
            state = apply(state, block);
            await store.commitBlock(await store.prepareBlock(i + 1, block));
            if ((i + 1) % 2 !== 0) continue;
            const manifest = await store.manifest(i + 1);
            expect(plainEntries(manifest.entries)).toEqual(rangesOf(state, parameters(chosen)));
          }
          await store.close();
        },
      ),
      { numRuns: 250 },
    );
  });

  test('splits and merges at the limits, forth and back', async () => {
    const chosen = parameters({ snapshotPeriod: 1, maxRangeRecords: 4, maxRangeBytes: 100, retainedEpochs: 2 });
    const store = await memoryStore({ parameters: chosen });
    let state: PlainState = new Map();
    await store.initialize({ records: [] });
    const set = (at: number, size: number): RecordChange => ({ key: bytes(5, at), value: new Uint8Array(size) });
    const remove = (at: number): RecordChange => ({ key: bytes(5, at), value: undefined });
    const turns = [
      [0, 1, 2, 128].map((at) => set(at, 1)),
      [set(129, 1)],
      [remove(129)],
      [set(129, 2), remove(0)],
      [set(0, 5)],
      [set(0, 90), remove(129)],
      [set(0, 89), remove(1)],
      [set(0, 88)],
      [set(0, 1), set(1, 97)],
      [0, 1, 2, 128].map(remove),
      [set(255, 0)],
      [remove(255)],
    ];
    const sizes: number[] = [];
    for (const [i, turn] of turns.entries()) {
      state = apply(state, turn);
      await store.commitBlock(await store.prepareBlock(i + 1, turn));
      const { entries } = await store.manifest(i + 1);
      expect(plainEntries(entries)).toEqual(rangesOf(state, chosen));
      sizes.push(entries.length);
    }
    expect(new Set(sizes).size).toBeGreaterThan(2);
    await store.close();
  });

  test('hashes only the smaller parts of a range that is split', async () => {
    let hashed = 0;
    const counting = {
      ...toyHasher,
      sum: (batch: Parameters<typeof toyHasher.sum>[0]) => {
        hashed += batch.offsets.length / 4;
        return toyHasher.sum(batch);
      },
    };
    const set = (high: number, low: number): RecordChange => ({ key: bytes(5, high, low), value: bytes(1) });
    const state = [...Array(10).keys()].map((i) => set(1, i)).concat([...Array(90).keys()].map((i) => set(129, i)));
    const { negate: _, ...without } = counting;
    for (const [hasher, maxLedgerRanges, expected] of [
      // The smaller part, after the ledger or the change too; or all of them.
      [counting, 100, 10],
      [counting, 0, 1 + 10],
      [without, 100, 101],
      [without, 0, 101],
    ] as const) {
      const store = await memoryStore({
        hasher,
        maxLedgerRanges,
        parameters: parameters({ snapshotPeriod: 1, maxRangeRecords: 100 }),
      });
      await store.initialize({ records: [packState(apply(new Map(), state))] });
      await store.commitBlock(await store.prepareBlock(1, []));
      await store.manifest(1);
      hashed = 0;
      await store.commitBlock(await store.prepareBlock(2, [set(129, 200)]));
      const { entries } = await store.manifest(2);
      expect(entries.map(({ count }) => count)).toEqual([10, 91]);
      // One for the block.
      expect(hashed).toBe(1 + expected);
      await store.close();
    }
  });
});

describe('a manifest that is being built', () => {
  const many = (seed: number): RecordChange[] =>
    [...Array(4000).keys()].map((i) => ({ key: bytes(5, i >> 8, i & 255), value: bytes(seed, i & 7) }));
  const chosen = parameters({ snapshotPeriod: 2, maxRangeRecords: 1 });

  test('goes on behind its last complete page when the store is opened again', async () => {
    const genesis = apply(new Map(), many(1));
    const stopping = stoppingHasher();
    const { database, store } = await reopenable(stopping.hasher);
    await store.initialize({ records: [packState(genesis)] });
    const block = many(2).filter(({ key: k }) => (k[1] as number) > 3);
    await store.commitBlock(await store.prepareBlock(1, block));
    const prepared = await store.prepareBlock(2, []);
    const isReached = stopping.stopAfter(3000);
    await store.commitBlock(prepared);
    await isReached;
    await store.close();
    const before = stopping.goOn();
    const again = await reopen(database, stopping.hasher);
    const manifest = await again.manifest(2);
    const after = stopping.goOn();
    const state = apply(genesis, block);
    expect(plainEntries(manifest.entries)).toEqual(rangesOf(state, chosen));
    expect(before).toBeGreaterThan(2000);
    expect(after).toBeLessThan(2 * block.length - 1000);
    await again.close();
  });

  test('does not go on in the middle of a range that was being split', async () => {
    const wide = parameters({ snapshotPeriod: 2, maxRangeBytes: 12_000 });
    const sized = (size: number): RecordChange[] =>
      many(0)
        .slice(0, 2800)
        .map(({ key: k }) => ({ key: k, value: new Uint8Array(size).fill(size) }));
    const stopping = stoppingHasher();
    const { database, store } = await reopenable(stopping.hasher, wide);
    await store.initialize({ records: [packState(apply(new Map(), sized(1)))] });
    await store.commitBlock(await store.prepareBlock(1, sized(6100)));
    const prepared = await store.prepareBlock(2, []);
    const isReached = stopping.stopAfter(2400);
    await store.commitBlock(prepared);
    await isReached;
    await store.close();
    stopping.goOn();
    const again = await reopen(database, stopping.hasher, wide);
    const { entries } = await again.manifest(2);
    expect(entries.length).toBe(2800);
    expect(plainEntries(entries)).toEqual(rangesOf(apply(new Map(), sized(6100)), wide));
    await again.close();
  });

  test('holds back the next snapshot, and only then the older ones are given up', async () => {
    let isHeld = true;
    let release: (() => void) | undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hasher: typeof toyHasher = {
      ...toyHasher,
      async decode(encoded) {
        if (isHeld) await released;
        return toyHasher.decode(encoded);
      },
    };
    isHeld = false;
    const { store } = await reopenable(hasher, parameters({ snapshotPeriod: 2, retainedEpochs: 1 }));
    await store.initialize({ records: [pack([[bytes(5), bytes(1)]])] });
    isHeld = true;
    const block = async (height: number): Promise<void> =>
      store.commitBlock(await store.prepareBlock(height, [{ key: bytes(5), value: bytes(height) }]));
    await block(1);
    await block(2);
    await block(3);
    expect(store.snapshots().map(({ height }) => height)).toEqual([0]);
    expect([...(await store.readChunk({ height: 0, startKey: bytes(5) })).records.bytes]).toEqual([1, 5, 1, 1]);
    let isPrepared = false;
    const next = block(4).then(() => {
      isPrepared = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([isPrepared, store.height]).toEqual([false, 3]);
    isHeld = false;
    release?.();
    await next;
    expect((await store.awaitSnapshot(4)).height).toBe(4);
    expect(store.snapshots().map(({ height }) => height)).toEqual([4]);
    await expect(store.awaitSnapshot(2)).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE' });
    await store.close();
  });

  test('is refused when the records do not add up to what the blocks said', async () => {
    const { database, store: first } = await reopenable(toyHasher);
    await first.initialize({ records: [pack([[bytes(5, 1), bytes(1)]])] });
    await first.commitBlock(await first.prepareBlock(1, [{ key: bytes(5, 1), value: bytes(2) }]));
    // Without a ledger of the epoch, the records are read again.
    await first.close();
    const store = await reopen(database, toyHasher);
    await database.batch([{ type: 'put', key: bytes(2, 5, 1), value: bytes(3) }], {
      keyEncoding: 'view',
      valueEncoding: 'view',
      sync: false,
    });
    await store.commitBlock(await store.prepareBlock(2, []));
    await expect(store.awaitSnapshot(2)).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_CORRUPT' });
    await store.close();
  });

  test('is computed from the records if the manifest before it is damaged', async () => {
    const { database, store } = await reopenable(toyHasher);
    await store.initialize({ records: [pack([[bytes(5, 1), bytes(1)]])] });
    await database.batch(
      [{ type: 'put', key: bytes(0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), value: bytes(1, 2, 3) }],
      { keyEncoding: 'view', valueEncoding: 'view', sync: false },
    );
    const changed = { key: bytes(6, 1), value: bytes(2) };
    await store.commitBlock(await store.prepareBlock(1, [changed]));
    await store.commitBlock(await store.prepareBlock(2, []));
    const state = apply(new Map([['0501', bytes(1)]]), [changed]);
    expect(plainEntries((await store.manifest(2)).entries)).toEqual(rangesOf(state, chosen));
    await store.close();
  });

  /** Counts the records it hashes, and after some number of them waits until it is aborted. */
  function stoppingHasher() {
    let hashed = 0;
    let limit = Number.POSITIVE_INFINITY;
    let reached: (() => void) | undefined;
    const hasher: typeof toyHasher = {
      ...toyHasher,
      async sum(batch, options) {
        hashed += batch.offsets.length / 4;
        if (hashed > limit) {
          reached?.();
          await new Promise((_, reject) => {
            options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
          });
        }
        return toyHasher.sum(batch);
      },
    };
    return {
      hasher,
      stopAfter(records: number): Promise<void> {
        hashed = 0;
        limit = records;
        return new Promise<void>((resolve) => {
          reached = resolve;
        });
      },
      /** Takes the limit away; the number hashed since the last call. */
      goOn(): number {
        const count = hashed;
        hashed = 0;
        limit = Number.POSITIVE_INFINITY;
        return count;
      },
    };
  }

  async function reopenable(hasher: typeof toyHasher, params: StateParameters = chosen) {
    const database = await memoryDatabase().open();
    return { database, store: await reopen(database, hasher, params) };
  }
  function reopen(database: OpenDatabase, hasher: typeof toyHasher, params: StateParameters = chosen) {
    return openStore(database, { hasher, parameters: params });
  }
});

test('a manifest is computed only from records that ascend', async () => {
  const records = [bytes(5, 2), bytes(5, 1)].map((k) => [k, bytes()] as const);
  const options = { height: 0, parameters: parameters(), hasher: toyHasher };
  await expect(computeManifest([pack(records)], options)).rejects.toThrow(TypeError);
  const manifest = await computeManifest([pack([...records].reverse())], options);
  expect(manifest.entries.map(({ count }) => count)).toEqual([2]);
});
