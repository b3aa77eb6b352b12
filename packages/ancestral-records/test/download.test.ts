import { describe, expect, test } from '@jest/globals';
import { Manifest, type PackedRecords, type RangeEntry, type StateStore } from '../src/index.js';
import {
  apply,
  believed,
  bytes,
  fromHex,
  hex,
  type PlainState,
  pack,
  packState,
  readAll,
  rootOfState,
  sorted,
  summarize,
  unpack,
} from './support/plain-state.js';
import {
  classicDatabase,
  memoryDatabase,
  memoryStore,
  openStore,
  parameters,
  type TestDatabase,
} from './support/stores.js';
import { encodeElement, toyHasher } from './support/toy-hasher.js';

const genesis: PlainState = new Map([
  ['0500', bytes(1)],
  ['05ff', bytes()],
  ['06', bytes(9, 9)],
  ['0600', bytes(1, 2, 3)],
  ['09aa', bytes(7)],
  ['ff', bytes(8)],
]);

async function provider(): Promise<{ store: StateStore; state: PlainState; manifest: Manifest }> {
  const store = await memoryStore();
  await store.initialize({ records: [packState(genesis)] });
  let state = genesis;
  for (let height = 1; height <= 6; height++) {
    const changes = [
      { key: bytes(5, height), value: bytes(height) },
      { key: bytes(9, 0xaa), value: undefined },
    ];
    await store.commitBlock(await store.prepareBlock(height, changes));
    if (height <= 4) state = apply(state, changes);
  }
  return { store, state, manifest: await store.manifest(4) };
}

async function chunksOf(store: StateStore, manifest: Manifest, index: number): Promise<PackedRecords[]> {
  const chunks: PackedRecords[] = [];
  let { startKey: cursor, endKey }: { startKey: Uint8Array | undefined; endKey: Uint8Array | undefined } =
    manifest.range(index);
  while (cursor !== undefined) {
    const chunk = await store.readChunk({ height: manifest.height, startKey: cursor, endKey, maxBytes: 5 });
    chunks.push(chunk.records);
    cursor = chunk.nextKey;
  }
  return chunks;
}

const rejection = (code: string, details: object = {}): object => ({
  code: `ANCESTRAL_RECORDS_${code}`,
  details: expect.objectContaining(details),
});

describe('a range is committed only if it is exactly what the manifest says', () => {
  const good: [Uint8Array, Uint8Array][] = [
    [bytes(5, 0), bytes(1)],
    [bytes(5, 1), bytes(1)],
    [bytes(5, 2), bytes(2)],
    [bytes(5, 3), bytes(3)],
    [bytes(5, 4), bytes(4)],
    [bytes(5, 255), bytes()],
  ];
  const changed = (index: number, record: [Uint8Array, Uint8Array]): [Uint8Array, Uint8Array][] =>
    good.with(index, record);
  const wrong: [string, string, [Uint8Array, Uint8Array][]][] = [
    ['a changed value', 'sum', changed(2, [bytes(5, 2), bytes(3)])],
    ['a changed key', 'sum', changed(2, [bytes(5, 2 ^ 64), bytes(2)]).sort((a, b) => Buffer.compare(a[0], b[0]))],
    ['a longer value', 'bytes', changed(2, [bytes(5, 2), bytes(2, 2)])],
    ['a byte moved from value to key', 'sum', changed(1, [bytes(5, 0, 1), bytes()])],
    ['a missing record', 'count', good.slice(1)],
    ['an extra record', 'count', [...good, [bytes(5, 255, 255), bytes(1)]]],
    ['no record', 'count', []],
    ['records out of order', 'out-of-order', [good[1], good[0], ...good.slice(2)] as typeof good],
    ['a duplicate in place of another', 'duplicate', changed(1, [bytes(5, 0), bytes(1)])],
    ['a record after the range', 'out-of-range', changed(5, [bytes(6, 0), bytes()])],
    ['a record before the range', 'out-of-range', changed(0, [bytes(4, 0), bytes(1)])],
    ['an overlong key', 'key-too-long', changed(5, [new Uint8Array(2000).fill(5), bytes()])],
  ];

  test.each(wrong)('%s is refuted as %s', async (_name, reason, records) => {
    const { manifest } = await provider();
    const store = await memoryStore();
    await store.beginDownload(manifest);
    await expect(store.proveRange(0, pack(records))).rejects.toMatchObject(
      rejection('RANGE_REFUTED', { index: 0, reason }),
    );
    await expect(store.proveRange(0, [pack(records.slice(0, 2)), pack(records.slice(2))])).rejects.toMatchObject(
      rejection('RANGE_REFUTED', { reason }),
    );
    expect(store.download()?.proved.size).toBe(0);
    await store.commitRange(await store.proveRange(0, [pack(good.slice(0, 3)), pack([]), pack(good.slice(3))]));
    expect([...(store.download()?.proved ?? [])]).toEqual([0]);
  });

  test('a value over the limit is refuted before hashing', async () => {
    const { manifest } = await provider();
    const store = await memoryStore({ parameters: parameters({ maxValueBytes: 3 }) });
    await store.beginDownload(manifest);
    const long = changed(5, [bytes(5, 255), bytes(1, 2, 3, 4)]);
    await expect(store.proveRange(0, pack(long))).rejects.toMatchObject(
      rejection('RANGE_REFUTED', { reason: 'value-too-long' }),
    );
  });

  test('offsets outside of the bytes are a mistake of the caller', async () => {
    const { manifest } = await provider();
    const store = await memoryStore();
    await store.beginDownload(manifest);
    await expect(store.proveRange(0, { bytes: bytes(5), offsets: Uint32Array.of(0, 1, 1, 9) })).rejects.toThrow(
      /offset/,
    );
    await expect(store.proveRange(0, { bytes: bytes(5), offsets: Uint32Array.of(0, 1) })).rejects.toThrow(
      /four offsets/,
    );
    await expect(store.proveRange(99, pack([]))).rejects.toThrow(/no range 99/);
  });
});

async function download(make: () => Promise<TestDatabase>, junk: boolean): Promise<void> {
  const { store: source, state, manifest } = await provider();
  const holder = await make();
  let database = await holder.open();
  let store = await openStore(database);
  await store.write([{ key: bytes(70), value: bytes(1) }]);
  if (junk) {
    const writes = [];
    for (let i = 0; i < 3000; i++) {
      const key = bytes(2, [4, 5, 6, 7, 9, 200, 255][i % 7] as number, i >> 8, i & 255);
      writes.push({ type: 'put' as const, key, value: bytes(i & 255) });
    }
    await database.batch(writes, { keyEncoding: 'view', valueEncoding: 'view', sync: false });
  }
  await store.beginDownload(manifest);
  for (let index = 0; index < manifest.entries.length; index++) {
    await expect(store.finishDownload({ stateRoot: fromHex(rootOfState(state)) })).rejects.toMatchObject(
      rejection('DOWNLOAD_INCOMPLETE', { missing: manifest.entries.length - index }),
    );
    const proved = await store.proveRange(index, await chunksOf(source, manifest, index));
    await store.commitRange(proved);
    await store.commitRange(proved);
    await expect(store.get(bytes(5, 0))).rejects.toMatchObject(rejection('NOT_READY'));
    await store.close();
    await database.close();
    database = await holder.open();
    store = await openStore(database);
    expect(store.phase).toBe('downloading');
    expect(store.height).toBeUndefined();
    expect([...(store.download()?.proved ?? [])]).toEqual(Array.from({ length: index + 1 }, (_, i) => i));
    expect(hex(store.download()?.root ?? bytes())).toBe(hex(manifest.root(store.parameters.identity)));
  }
  await expect(store.finishDownload({ stateRoot: new Uint8Array(32) })).rejects.toMatchObject(
    rejection('STATE_ROOT_MISMATCH', { actual: rootOfState(state) }),
  );
  await store.finishDownload({
    stateRoot: fromHex(rootOfState(state)),
    otherWrites: [{ key: bytes(71), value: bytes(2) }],
  });
  for (const reopened of [false, true]) {
    if (reopened) {
      await store.close();
      store = await openStore(database);
    }
    expect([store.phase, store.height, store.download()]).toEqual(['ready', 4, undefined]);
    expect(await readAll(store, 4)).toEqual(sorted(state));
    expect(believed(store)).toEqual(summarize(state));
    expect(hex(store.stateRoot())).toBe(rootOfState(state));
    expect(store.snapshots()).toEqual(source.snapshots().filter(({ height }) => height === 4));
    expect((await store.manifest(4)).pages.map(hex)).toEqual(manifest.pages.map(hex));
    expect((await store.getMany([bytes(70), bytes(71)])).map((v) => v && hex(v))).toEqual(['01', '02']);
  }
  const raw = database.iterator({ gte: bytes(2), lt: bytes(3), keyEncoding: 'view', valueEncoding: 'view' });
  expect((await raw.nextv(10_000)).map(([key]) => hex(key.subarray(1)))).toEqual(sorted(state).map(([key]) => key));
  await raw.close();
  const next = [{ key: bytes(5, 5), value: bytes(5) }];
  await store.commitBlock(await store.prepareBlock(5, next));
  expect(await readAll(store, 4)).toEqual(sorted(state));
  expect(hex(store.stateRoot())).toBe(rootOfState(apply(state, next)));
  await store.close();
  await database.close();
  await holder.remove();
}

describe('a finished download equals the provider, and marks survive reopening', () => {
  test('over memory-level', () => download(async () => memoryDatabase(), false));
  test('over memory-level that was full of other records', () => download(async () => memoryDatabase(), true));
  test('over classic-level that was full of other records', () => download(classicDatabase, true));
});

/** A manifest with ranges deeper than a prefix, as a later version of the store will make them. */
function splitManifest(height: number, state: PlainState, depth: number): Manifest {
  const groups = new Map<string, [string, Uint8Array][]>();
  for (const [key, value] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const start = key.padEnd(depth / 4, '0').slice(0, depth / 4);
    groups.set(start, [...(groups.get(start) ?? []), [key, value]]);
  }
  const entries = [...groups].map(([start, records]) => {
    const totals = [...summarize(new Map(records.map(([k, v]) => [k, v]))).values()];
    return {
      start: fromHex(start),
      depth,
      count: totals.reduce((sum, { count }) => sum + count, 0),
      bytes: totals.reduce((sum, each) => sum + each.bytes, 0),
      sum: fromHex(totals[0]?.checksum ?? ''),
    };
  });
  return Manifest.fromEntries({ height, entries });
}

describe('adopting a newer manifest', () => {
  test('keeps the marks of equal entries only, and refuses proofs of changed ones', async () => {
    const database = await memoryDatabase().open();
    let store = await openStore(database);
    const older: PlainState = new Map(genesis);
    const newer = apply(older, [
      { key: bytes(5, 0), value: bytes(2) },
      { key: bytes(6, 1), value: bytes(1) },
      { key: bytes(9, 0xaa), value: undefined },
    ]);
    const first = splitManifest(4, older, 16);
    const second = splitManifest(8, newer, 16);
    const rangeOf = (state: PlainState, manifest: Manifest, index: number): PackedRecords => {
      const { startKey, endKey } = manifest.range(index);
      const inside = sorted(state).filter(([key]) => {
        return (
          Buffer.compare(fromHex(key), startKey) >= 0 &&
          (endKey === undefined || Buffer.compare(fromHex(key), endKey) < 0)
        );
      });
      return pack(inside.map(([key, value]) => [fromHex(key), fromHex(value)]));
    };
    await store.beginDownload(first);
    const proofs = [];
    for (const index of first.entries.keys()) proofs.push(await store.proveRange(index, rangeOf(older, first, index)));
    for (const proof of proofs.slice(0, -1)) await store.commitRange(proof);
    await store.beginDownload(second);
    const starts = (manifest: Manifest): string[] => manifest.entries.map(({ start }) => hex(start));
    const kept = (): string[] => [...(store.download()?.proved ?? [])].map((i) => starts(second)[i] as string).sort();
    expect(starts(first)).toEqual(['0500', '05ff', '0600', '09aa', 'ff00']);
    expect(kept()).toEqual(['05ff', '0600']);
    await store.close();
    store = await openStore(database);
    expect(kept()).toEqual(['05ff', '0600']);
    await expect(store.beginDownload(first)).rejects.toMatchObject(rejection('WRONG_HEIGHT'));
    const foreign = proofs[0];
    if (foreign === undefined) throw new Error('no proof');
    await expect(store.commitRange(foreign)).rejects.toThrow(TypeError);
    for (const index of second.entries.keys()) {
      if (store.download()?.proved.has(index)) continue;
      await store.commitRange(await store.proveRange(index, rangeOf(newer, second, index)));
    }
    await store.finishDownload({ stateRoot: fromHex(rootOfState(newer)) });
    expect(await readAll(store, 8)).toEqual(sorted(newer));
    expect(believed(store)).toEqual(summarize(newer));
  });

  test('a whole state keeps what is equal at its snapshot, once it stands there', async () => {
    const { store: source, manifest: newer } = await provider();
    const store = await memoryStore();
    await store.initialize({ records: [packState(genesis)] });
    await store.commitBlock(await store.prepareBlock(1, [{ key: bytes(6), value: bytes(0) }]));
    const older = await store.manifest(0);
    expect(newer.entries.map((entry) => older.indexOf(entry))).toEqual([-1, 1, 3]);
    expect(newer.entries.map((entry) => newer.indexOf(entry))).toEqual([0, 1, 2]);
    expect(older.indexOf({ ...(older.entries[1] as RangeEntry), depth: 9 })).toBe(-1);

    const between = rejection('WRONG_PHASE', { phase: 'ready', height: 1 });
    await expect(store.beginDownload(newer)).rejects.toMatchObject(between);
    expect(store.height).toBe(1);
    await store.rewind(0);
    await expect(store.beginDownload(older)).rejects.toMatchObject(rejection('WRONG_HEIGHT'));
    await store.beginDownload(newer);
    expect([...(store.download()?.proved ?? [])]).toEqual([1, 2]);
    await store.commitRange(await store.proveRange(0, await chunksOf(source, newer, 0)));
    const { stateRoot } = source.snapshots().find(({ height }) => height === 4) ?? {};
    await store.finishDownload({ stateRoot: stateRoot as Uint8Array });
    expect(await readAll(store, 4)).toEqual(await readAll(source, 4));
  });

  test('makes a proof of the old manifest void where the entry changed, and valid where it did not', async () => {
    const store = await memoryStore();
    const newer = apply(genesis, [{ key: bytes(5, 0), value: bytes(2) }]);
    await store.beginDownload(splitManifest(4, genesis, 8));
    const old = await store.proveRange(0, packState(genesis, 5));
    const same = await store.proveRange(1, packState(genesis, 6));
    await store.beginDownload(splitManifest(8, newer, 8));
    await expect(store.commitRange(old)).rejects.toMatchObject(rejection('RANGE_SUPERSEDED'));
    await store.commitRange(same);
    expect([...(store.download()?.proved ?? [])]).toEqual([1]);
    await store.reset();
    await expect(store.commitRange(same)).rejects.toMatchObject(rejection('WRONG_PHASE'));
    expect([store.phase, store.download()]).toEqual(['empty', undefined]);
  });

  test('is refused if it cannot belong to this chain', async () => {
    const store = await memoryStore();
    const entry = { start: bytes(5), depth: 8, count: 1, bytes: 1, sum: encodeElement(1n) };
    const begin = (height: number, chosen: Partial<typeof entry>): Promise<void> =>
      store.beginDownload(Manifest.fromEntries({ height, entries: [{ ...entry, ...chosen }] }));
    await expect(begin(3, {})).rejects.toMatchObject(rejection('INVALID_MANIFEST'));
    await expect(begin(4, { start: bytes(7) })).rejects.toMatchObject(rejection('INVALID_MANIFEST'));
    await expect(begin(4, { start: new Uint8Array(1025).fill(5), depth: 8 * 1025 })).rejects.toMatchObject(
      rejection('INVALID_MANIFEST'),
    );
    await begin(4, { sum: new Uint8Array(32).fill(255) });
    const manifest = store.download()?.manifest;
    await expect(manifest?.prefixChecksums(toyHasher)).rejects.toMatchObject(rejection('INVALID_MANIFEST'));
  });

  test('ranges commit one after another however they are started', async () => {
    const { store: source, manifest } = await provider();
    const store = await memoryStore();
    await store.beginDownload(manifest);
    const proofs = await Promise.all(
      manifest.entries.map(async (_, index) => store.proveRange(index, await chunksOf(source, manifest, index))),
    );
    await Promise.all(proofs.map((proof) => store.commitRange(proof)));
    expect(store.download()?.proved.size).toBe(manifest.entries.length);
    const many = Promise.allSettled(
      Array.from({ length: 100 }, () => store.commitRange(proofs[0] as (typeof proofs)[0])),
    );
    const refused = (await many).filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(new Array(35).fill('ANCESTRAL_RECORDS_BUSY'));
  });

  test('an empty state is downloaded as a manifest of one empty page', async () => {
    const source = await memoryStore();
    await source.initialize({ records: [] });
    const manifest = Manifest.fromPages({ height: 0, pages: (await source.manifest(0)).pages });
    expect([manifest.pages.length, manifest.entries.length]).toEqual([1, 0]);
    const store = await memoryStore();
    await store.beginDownload(manifest);
    await store.finishDownload({ stateRoot: source.stateRoot() });
    expect(unpack((await store.readChunk({ height: 0, startKey: bytes(5) })).records)).toEqual([]);
    expect(store.snapshots()).toEqual(source.snapshots());
  });
});

describe('what is damaged of a download is named when the store is opened', () => {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  const recordOf = (pageCount: Uint8Array): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 4, ...pageCount);

  test.each([
    ['a number of pages that no database has', [bytes(0, 5), recordOf(bytes(255, 255, 255, 255))]],
    ['a page more than there is', [bytes(0, 5), recordOf(bytes(0, 0, 0, 2))]],
  ] as [string, [Uint8Array, Uint8Array]][])('%s', async (_what, [key, value]) => {
    const database = await memoryDatabase().open();
    const store = await openStore(database);
    await store.beginDownload((await provider()).manifest);
    await store.close();
    expect((await openStore(database)).phase).toBe('downloading');
    await database.batch([{ type: 'put', key, value }], { ...encodings, sync: false });
    await expect(openStore(database)).rejects.toMatchObject(rejection('CORRUPT', { what: 'download' }));
  });
});
