import { describe, expect, test } from '@jest/globals';
import { computeManifest, type StateStore, type UnprovedChunk, type UnprovedPart, verifyState } from '../src/index.js';
import { bytes, hex, type PlainState, pack, packState, rootOfState, sorted } from './support/plain-state.js';
import { classicDatabase, memoryDatabase, memoryStore, openStore, parameters } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';
import { fill, fillAll, manifestText, UnprovedSource } from './support/unproved-source.js';
import { rawState, verifyStore } from './support/verify-store.js';

const chosen = { parameters: parameters({ maxRangeRecords: 4, maxKeyBytes: 8, maxValueBytes: 16 }) };

/** Many records under 5, one under 6, none under 9, a few under 255. */
function honestState(): Map<string, Uint8Array> {
  const state = new Map<string, Uint8Array>();
  for (let i = 0; i < 60; i++) state.set(hex(bytes(5, i, (i * 7) & 255)), bytes(i));
  state.set('06', bytes(1, 2));
  for (let i = 0; i < 9; i++) state.set(hex(bytes(255, 255, i)), bytes());
  return state;
}

const source = new UnprovedSource(honestState(), 8);

function altered(change: (state: Map<string, Uint8Array>) => void): UnprovedSource {
  const state = honestState();
  change(state);
  return new UnprovedSource(state, 8);
}

async function begun(options: { readonly hasParts?: boolean } = {}): Promise<StateStore> {
  const store = await memoryStore(chosen);
  await store.beginUnprovedDownload(await source.target(options));
  return store;
}

const code = (name: string, details: object = {}): object => ({
  code: `ANCESTRAL_RECORDS_${name}`,
  details: expect.objectContaining(details),
});

describe('an unproved download', () => {
  test.each([
    ['memory-level', true],
    ['memory-level', false],
    ['classic-level', true],
    ['classic-level', false],
  ] as const)(
    'on %s, with parts: %s: the state it comes to is that of its source, and blocks go on',
    async (name, hasParts) => {
      const holder = name === 'memory-level' ? memoryDatabase() : await classicDatabase();
      let database = await holder.open();
      let store = await openStore(database, chosen);
      await store.write([{ key: bytes(70), value: bytes(1) }]);
      const target = await source.target({ hasParts });
      await store.beginUnprovedDownload(target);
      expect(store.phase).toBe('unproved');
      for (const prefix of store.parameters.statePrefixes) {
        while (store.unprovedDownload()?.intervals.find((interval) => interval.prefix === prefix)?.state === 'dirty') {
          await expect(store.finishUnprovedDownload()).rejects.toMatchObject(code('DOWNLOAD_INCOMPLETE'));
          await fill(store, source, { prefix, most: 2 });
          await verifyStore(store, database);
          // Opened again at every step, it knows all that it knew.
          const before = store.unprovedDownload();
          await store.close();
          await database.close();
          database = await holder.open();
          store = await openStore(database, chosen);
          expect(store.unprovedDownload()).toEqual(before);
          await store.beginUnprovedDownload(target);
          expect(store.unprovedDownload()).toEqual(before);
        }
      }
      await store.finishUnprovedDownload({ otherWrites: [{ key: bytes(71), value: bytes(2) }] });
      expect([store.phase, store.height, store.unprovedDownload()]).toEqual(['ready', 8, undefined]);
      expect(sorted(await rawState(database))).toEqual(sorted(honestState()));
      expect(hex(store.stateRoot())).toBe(rootOfState(honestState()));
      await verifyStore(store, database);
      expect(await store.getMany([bytes(70), bytes(71), bytes(6)])).toEqual([bytes(1), bytes(2), bytes(1, 2)]);
      expect((await verifyState(store)).isClean).toBe(true);
      expect(store.snapshotSummaries(8)).toEqual(store.summaries());
      for (let height = 9; height <= 12; height++) {
        await store.commitBlock(await store.prepareBlock(height, [{ key: bytes(5, height), value: bytes(height) }]));
      }
      await store.maintenance();
      await verifyStore(store, database);
      expect(store.snapshots().map((snapshot) => snapshot.height)).toEqual([8, 12]);
      await store.close();
      await database.close();
      await holder.remove();
    },
  );

  test('its manifest is that of the records alone, however they were cut into chunks', async () => {
    const expected = await computeManifest([packState(honestState())], {
      height: 8,
      parameters: chosen.parameters,
      hasher: toyHasher,
    });
    for (const records of [1, 2, 5, 7, 100]) {
      const store = await begun();
      await fillAll(store, source, records);
      await store.finishUnprovedDownload();
      expect(manifestText(await store.manifest(8), chosen.parameters)).toBe(manifestText(expected, chosen.parameters));
    }
  });

  test('ranges that are complete are written with the chunks that complete them, and not hashed again after a restart', async () => {
    const state: PlainState = new Map(
      Array.from({ length: 9000 }, (_, i) => [hex(bytes(5, i >> 8, i & 255)), bytes(i & 7)] as const),
    );
    const large = new UnprovedSource(state, 8);
    let hashed = 0;
    const hasher: typeof toyHasher = {
      ...toyHasher,
      sum: (batch, options) => {
        hashed += batch.offsets.length / 4;
        return toyHasher.sum(batch, options);
      },
    };
    const options = { hasher, parameters: parameters({ maxRangeRecords: 100 }) };
    const database = await memoryDatabase().open();
    let store = await openStore(database, options);
    await store.beginUnprovedDownload(await large.target());
    for (let nextKey: Uint8Array | undefined = bytes(5); nextKey !== undefined; ) {
      const chunk = large.chunk(nextKey, 700);
      await store.writeUnproved(5, chunk);
      nextKey = chunk.nextKey;
      await store.close();
      store = await openStore(database, options);
      await verifyStore(store, database);
    }
    await store.finishUnprovedDownload();
    expect(hashed).toBe(9000);
    const expected = await computeManifest([packState(state)], { height: 8, hasher, parameters: options.parameters });
    expect(manifestText(await store.manifest(8), options.parameters)).toBe(manifestText(expected, options.parameters));
  });

  test('chunks of several prefixes at once; a second one of the same prefix is refused', async () => {
    const store = await begun();
    const first = store.writeUnproved(5, source.chunk(bytes(5), 10));
    await expect(store.writeUnproved(5, source.chunk(bytes(5), 10))).rejects.toMatchObject(code('BUSY'));
    await Promise.all([
      first,
      store.writeUnproved(6, source.chunk(bytes(6), 10)),
      fill(store, source, { prefix: 255 }),
    ]);
    await fillAll(store, source);
    await store.finishUnprovedDownload();
    expect(hex(store.stateRoot())).toBe(rootOfState(honestState()));
  });

  test('an answer without records brings the prefix on', async () => {
    const store = await begun();
    await store.writeUnproved(5, { records: pack([]), nextKey: bytes(5, 0) });
    await fillAll(store, source);
    await store.finishUnprovedDownload();
    expect(store.height).toBe(8);
  });

  test('given up, it is as if the chunk had not come', async () => {
    const store = await begun();
    await fill(store, source, { prefix: 5, most: 3 });
    const before = store.unprovedDownload();
    await expect(
      store.writeUnproved(5, source.chunk(bytes(5, 9, 63), 3), { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    expect(store.unprovedDownload()).toEqual(before);
    await fillAll(store, source);
    await store.finishUnprovedDownload();
    expect(hex(store.stateRoot())).toBe(rootOfState(honestState()));
  });
});

describe('nothing of an unproved download is served or used', () => {
  test('reads, blocks, snapshots, verification and another download are refused', async () => {
    const store = await begun();
    await fill(store, source, { prefix: 5 });
    const notReady = code('NOT_READY', { phase: 'unproved' });
    expect([store.height, store.snapshots()]).toEqual([undefined, []]);
    await expect(store.get(bytes(5, 0, 0))).rejects.toMatchObject(notReady);
    await expect(store.readChunk({ height: 8, startKey: bytes(5) })).rejects.toMatchObject(notReady);
    await expect(store.prepareBlock(9, [])).rejects.toMatchObject(notReady);
    await expect(store.manifest(8)).rejects.toMatchObject(notReady);
    await expect(store.rewind(8)).rejects.toMatchObject(notReady);
    await expect(verifyState(store)).rejects.toMatchObject(notReady);
    expect(() => store.snapshotSummaries(8)).toThrow(expect.objectContaining(notReady));
    expect(() => store.stateRoot()).toThrow(expect.objectContaining(notReady));
    const manifest = await computeManifest([], { height: 8, parameters: chosen.parameters, hasher: toyHasher });
    await expect(store.beginDownload(manifest)).rejects.toMatchObject(code('WRONG_PHASE', { phase: 'unproved' }));
    await expect(store.initialize({ records: [] })).rejects.toMatchObject(code('WRONG_PHASE'));
  });

  test('operations of an unproved download need one', async () => {
    const store = await memoryStore(chosen);
    const wrong = code('WRONG_PHASE', { phase: 'empty' });
    await expect(store.writeUnproved(5, source.chunk(bytes(5), 1))).rejects.toMatchObject(wrong);
    await expect(store.clearUnproved()).rejects.toMatchObject(wrong);
    await expect(store.finishUnprovedDownload()).rejects.toMatchObject(wrong);
    await store.initialize({ records: [] });
    await expect(store.beginUnprovedDownload(await source.target())).rejects.toMatchObject(
      code('WRONG_PHASE', { phase: 'ready' }),
    );
  });

  test('another target needs a reset first, which deletes what was written', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database, chosen);
    await store.beginUnprovedDownload(await source.target());
    await fill(store, source, { prefix: 5 });
    const other = await altered((state) => state.delete('06')).target();
    await expect(store.beginUnprovedDownload(other)).rejects.toMatchObject(code('WRONG_PHASE', { phase: 'unproved' }));
    const whole = await source.target({ hasParts: false });
    await expect(store.beginUnprovedDownload(whole)).rejects.toMatchObject(code('WRONG_PHASE'));
    await store.reset();
    expect((await rawState(database)).size).toBe(0);
    await store.beginUnprovedDownload(other);
    expect(store.unprovedDownload()?.intervals.map(({ records }) => records)).toEqual([0, 0, 0, 0]);
  });
});

describe('a target that cannot be', () => {
  const [first, ...rest] = source.parts as [UnprovedPart, ...UnprovedPart[]];
  const zero = new Uint8Array(32);
  test.each([
    ['a zero checksum', 'zero', { checksum: zero }],
    ['a short checksum', 'length', { checksum: bytes(1) }],
    ['a zero checksum of a prefix', 'zero', { parts: [{ ...first, checksum: zero }, ...rest] }],
    [
      'a checksum that is no encoding',
      'encoding',
      { parts: [{ ...first, checksum: new Uint8Array(32).fill(255) }, ...rest] },
    ],
    ['parts that do not add up', 'sum', { parts: rest }],
    ['no parts', 'sum', { parts: [] }],
    ['a prefix that is no state', 'prefix', { parts: [{ ...first, prefix: 4 }, ...rest] }],
    ['a prefix twice', 'prefix', { parts: [first, first, ...rest] }],
    ['a prefix without records', 'totals', { parts: [{ ...first, records: 0 }, ...rest] }],
    ['fewer bytes than records', 'totals', { parts: [{ ...first, bytes: first.records - 1 }, ...rest] }],
    ['a height between snapshots', 'height', { height: 9 }],
  ])('%s is refused, and nothing is written', async (_name, reason, change) => {
    const store = await memoryStore(chosen);
    const target = { ...(await source.target()), ...change };
    await expect(store.beginUnprovedDownload(target)).rejects.toMatchObject(code('INVALID_CHECKSUM', { reason }));
    expect(store.phase).toBe('empty');
  });
});

describe('a chunk that is no part of the state', () => {
  const changed = (change: (chunk: UnprovedChunk) => UnprovedChunk): UnprovedChunk =>
    change(source.chunk(bytes(5, 3), 5));
  const many = Array.from({ length: 70 }, (_, i) => [bytes(5, 3, 3, i), bytes()] as const);
  test.each([
    ['a key of another prefix', 'out-of-prefix', { records: pack([[bytes(6, 200), bytes()]]), nextKey: undefined }],
    [
      'keys out of order',
      'out-of-order',
      {
        records: pack([
          [bytes(5, 9), bytes()],
          [bytes(5, 8), bytes()],
        ]),
        nextKey: undefined,
      },
    ],
    [
      'a key twice',
      'out-of-order',
      {
        records: pack([
          [bytes(5, 9), bytes()],
          [bytes(5, 9), bytes(1)],
        ]),
        nextKey: undefined,
      },
    ],
    [
      'a key before the place where it goes on',
      'out-of-order',
      { records: pack([[bytes(5, 1), bytes()]]), nextKey: undefined },
    ],
    ['a long key', 'key-too-long', { records: pack([[new Uint8Array(9).fill(5), bytes()]]), nextKey: undefined }],
    ['a long value', 'value-too-long', { records: pack([[bytes(5, 9), new Uint8Array(17)]]), nextKey: undefined }],
    ['a place to go on that was passed', 'next-key', changed((chunk) => ({ ...chunk, nextKey: bytes(5, 4) }))],
    ['the same place again, without a record', 'next-key', { records: pack([]), nextKey: bytes(5, 2, 14, 0) }],
    ['a place under another prefix', 'next-key', changed((chunk) => ({ ...chunk, nextKey: bytes(6) }))],
    ['a very long place', 'next-key', changed((chunk) => ({ ...chunk, nextKey: new Uint8Array(10).fill(5) }))],
    ['more records than the prefix has', 'too-many-records', { records: pack(many), nextKey: undefined }],
    [
      'more bytes than the prefix has',
      'too-many-bytes',
      { records: pack(many.slice(0, 20).map(([key]) => [key, new Uint8Array(16)])), nextKey: undefined },
    ],
  ] as [string, string, UnprovedChunk][])('%s is refused, and what is there stays', async (_name, reason, chunk) => {
    const store = await begun();
    await fill(store, source, { prefix: 5, most: 1 });
    const before = store.unprovedDownload();
    await expect(store.writeUnproved(5, chunk)).rejects.toMatchObject(code('CHUNK_REFUTED', { prefix: 5, reason }));
    expect(store.unprovedDownload()).toEqual(before);
    await fillAll(store, source);
    await store.finishUnprovedDownload();
  });

  test('a prefix that is whole takes no more, and one that is no state none at all', async () => {
    const store = await begun();
    await expect(store.writeUnproved(9, source.chunk(bytes(9), 1))).rejects.toMatchObject(
      code('WRONG_PHASE', { state: 'whole' }),
    );
    await expect(store.writeUnproved(4, source.chunk(bytes(4), 1))).rejects.toThrow(RangeError);
  });
});

describe('records that are not what they were said to be', () => {
  const lies: [string, UnprovedSource][] = [
    ['another value', altered((state) => state.set(hex(bytes(5, 30, 210)), bytes(99)))],
    ['a missing record', altered((state) => state.delete(hex(bytes(5, 59, (59 * 7) & 255))))],
    [
      'another record in place of one',
      altered((state) => {
        state.delete(hex(bytes(5, 59, (59 * 7) & 255)));
        state.set(hex(bytes(5, 60, 1)), bytes(59));
      }),
    ],
  ];

  test.each(lies)(
    '%s: shown by the last chunk of its prefix; cleared, the prefix can be downloaded again',
    async (_name, lie) => {
      const database = await memoryDatabase().open();
      const store = await openStore(database, chosen);
      await store.beginUnprovedDownload(await source.target());
      await fill(store, source, { prefix: 255 });
      await expect(fill(store, lie, { prefix: 5 })).rejects.toMatchObject(
        code('CHECKSUM_MISMATCH', { prefix: 5, expected: hex(source.parts[0]?.checksum as Uint8Array) }),
      );
      await verifyStore(store, database);
      expect(store.unprovedDownload()?.intervals.map(({ state }) => state)).toEqual([
        'dirty',
        'dirty',
        'whole',
        'whole',
      ]);
      await store.clearUnproved([5, 5, 9]);
      expect(store.unprovedDownload()?.intervals.map(({ records }) => records)).toEqual([0, 0, 0, 9]);
      expect([...(await rawState(database)).keys()].filter((key) => key.startsWith('05'))).toEqual([]);
      await fillAll(store, source);
      await store.finishUnprovedDownload();
      expect(sorted(await rawState(database))).toEqual(sorted(honestState()));
    },
  );

  test.each(lies)('%s, where only the whole is compared: shown in the end', async (_name, lie) => {
    const store = await begun({ hasParts: false });
    await fillAll(store, lie);
    await expect(store.finishUnprovedDownload()).rejects.toMatchObject(
      code('CHECKSUM_MISMATCH', { expected: hex((await source.target()).checksum) }),
    );
    expect(store.phase).toBe('unproved');
    await store.clearUnproved();
    await fillAll(store, source);
    await store.finishUnprovedDownload();
    expect(store.height).toBe(8);
  });

  test('a prefix that is cleared while a chunk of it is hashed: the chunk is not written', async () => {
    const store = await begun();
    await fill(store, source, { prefix: 5, most: 2 });
    const chunk = source.chunk(store.unprovedDownload()?.intervals[0]?.nextKey as Uint8Array, 3);
    const writing = store.writeUnproved(5, chunk);
    const clearing = store.clearUnproved([5]);
    await expect(writing).rejects.toMatchObject(code('RANGE_SUPERSEDED', { prefix: 5 }));
    await clearing;
    await fillAll(store, source);
    await store.finishUnprovedDownload();
    expect(hex(store.stateRoot())).toBe(rootOfState(honestState()));
  });
});

test('a damaged record of an unproved download is named when the store is opened', async () => {
  const database = await memoryDatabase().open();
  const store = await openStore(database, chosen);
  await store.beginUnprovedDownload(await source.target());
  await fill(store, source, { prefix: 5 });
  await store.close();
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  const found: PlainState = await rawState(database);
  expect(found.size).toBeGreaterThan(0);
  for (const key of [bytes(0, 8), bytes(0, 9, 5), bytes(0, 9, 255), bytes(0, 10, 5, 0, 0, 0, 0)]) {
    const value = (await database.get(key, encodings)) as Uint8Array;
    for (const damaged of [undefined, value.subarray(0, value.length - 1), Uint8Array.of(9, 9)]) {
      const write =
        damaged === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value: damaged };
      await database.batch([write], { ...encodings, sync: false });
      await expect(openStore(database, chosen)).rejects.toMatchObject(code('CORRUPT'));
    }
    await database.batch([{ type: 'put', key, value }], { ...encodings, sync: false });
  }
  expect((await openStore(database, chosen)).phase).toBe('unproved');
});
