import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  exportSnapshot,
  type ImportOptions,
  importSnapshot,
  type PackedRecords,
  readSnapshotStream,
  type SnapshotFile,
  type SnapshotProgress,
  type StateStore,
  verifySnapshotFile,
} from '../src/index.js';
import { believed, bytes, fromHex, hex, packState, rootOfState, sorted, text, unpack } from './support/plain-state.js';
import {
  collect,
  fileOf,
  flipped,
  hashing,
  open,
  pieces,
  sampleState,
  smallRanges,
  storeOf,
  verify,
} from './support/snapshot-files.js';
import { memoryDatabase, memoryStore, openStore, parameters } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';

const state = sampleState();
const stateRoot = fromHex(rootOfState(state));
const source = await storeOf(state);
const file = await fileOf(source);
const manifest = await source.manifest(0);
const emptyStore = (): Promise<StateStore> => memoryStore({ parameters: smallRanges });
const code = (name: string, details: object = {}): unknown =>
  expect.objectContaining({ code: `ANCESTRAL_RECORDS_${name}`, details: expect.objectContaining(details) });

/** Where the block of each range begins in the file, worked out by hand. */
function blockStarts(): number[] {
  let at = 157 + manifest.pages.reduce((sum, page) => sum + 36 + page.length, 0);
  return manifest.entries.map((entry) => {
    const start = at;
    at += 8 * entry.count + entry.bytes;
    return start;
  });
}

async function recordsOf(opened: SnapshotFile): Promise<[string, string][]> {
  const records: [string, string][] = [];
  for (const index of opened.manifest.entries.keys()) records.push(...unpack(await opened.readRange(index)));
  return records;
}

describe('a snapshot file', () => {
  test('is laid out as the README says', () => {
    const view = Buffer.from(file);
    const sha256 = (...parts: Uint8Array[]): string => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
    expect(hex(file.subarray(0, 9))).toBe('004853530d0a1a0a01');
    expect(file.subarray(9, 41)).toEqual(smallRanges.identity);
    expect(view.readBigUInt64BE(41)).toBe(0n);
    expect(hex(file.subarray(49, 81))).toBe(rootOfState(state));
    expect(hex(file.subarray(81, 113))).toBe(hex(manifest.root(smallRanges.identity)));
    expect(view.readUInt32BE(113)).toBe(1);
    expect(view.readBigUInt64BE(117)).toBe(BigInt(file.length));
    expect(hex(file.subarray(125, 157))).toBe(sha256(text('HS:snapshot-file:v1'), file.subarray(0, 125)));
    const page = manifest.pages[0] as Uint8Array;
    expect(view.readUInt32BE(157)).toBe(page.length);
    expect(hex(file.subarray(161, 193))).toBe(sha256(text('HS:page:v1'), page));
    expect(file.subarray(193, 193 + page.length)).toEqual(page);
    expect(manifest.entries.length).toBeGreaterThan(8);
    const records: [string, string][] = [];
    for (const [index, start] of blockStarts().entries()) {
      const { count } = manifest.entries[index] as { count: number };
      let at = start + 8 * count;
      for (let row = start; row < start + 8 * count; row += 8) {
        const [keyBytes, valueBytes] = [view.readUInt32BE(row), view.readUInt32BE(row + 4)];
        const value = at + keyBytes;
        records.push([hex(file.subarray(at, value)), hex(file.subarray(value, value + valueBytes))]);
        at = value + valueBytes;
      }
    }
    expect(records).toEqual(sorted(state));
  });

  test('gives back the manifest, the roots and every range, in any order', async () => {
    const opened = await open(file, { identity: smallRanges.identity });
    expect([opened.height, hex(opened.stateRoot), opened.size]).toEqual([0, hex(stateRoot), file.length]);
    expect([hex(opened.snapshotRoot), hex(opened.identity)]).toEqual([
      hex(manifest.root(smallRanges.identity)),
      hex(smallRanges.identity),
    ]);
    expect(opened.manifest.pages).toEqual(manifest.pages);
    const backwards = [...manifest.entries.keys()].reverse();
    const ranges = await Promise.all(backwards.map((index) => opened.readRange(index)));
    expect(ranges.reverse().flatMap(unpack)).toEqual(sorted(state));
    await expect(opened.readRange(manifest.entries.length)).rejects.toThrow(RangeError);
  });

  test.each([[1], [7, 1, 300], [1 << 20]])('comes as a stream cut into pieces of %j bytes', async (...sizes) => {
    const stream = await readSnapshotStream(pieces(file, ...sizes));
    const ranges: PackedRecords[] = [];
    for await (const { load } of stream.ranges()) ranges.push(await load());
    expect(ranges.flatMap(unpack)).toEqual(sorted(state));
    expect(() => stream.ranges()).toThrow(TypeError);
  });

  test('of an empty state has a page and no range', async () => {
    const empty = await fileOf(await storeOf(new Map()));
    const target = await emptyStore();
    await importSnapshot(target, await open(empty), { stateRoot: fromHex(rootOfState(new Map())) });
    expect([target.phase, target.height]).toEqual(['ready', 0]);
    expect((await verify(empty)).damaged).toEqual([]);
  });

  test('is refused unless it is whole and nothing follows', async () => {
    const starts = blockStarts();
    for (let length = 0; length < file.length; length += length < 400 ? 1 : 13) {
      const cut = file.subarray(0, length);
      const reason = length < 8 ? 'magic' : 'truncated';
      const index = starts.filter((start) => start <= length).length - 1;
      const place = index >= 0 ? { index } : {};
      await expect(open(cut)).rejects.toEqual(code('INVALID_SNAPSHOT_FILE', { reason, ...place }));
      const reading = async (): Promise<void> => {
        const stream = await readSnapshotStream(pieces(cut, 100));
        for await (const range of stream.ranges({ isWanted: (each) => each % 2 === 0 })) await range.load();
      };
      await expect(reading()).rejects.toEqual(code('INVALID_SNAPSHOT_FILE', { reason, ...place }));
    }
    const longer = new Uint8Array([...file, 0]);
    await expect(open(longer)).rejects.toEqual(code('INVALID_SNAPSHOT_FILE', { reason: 'trailing-bytes' }));
    const reading = async (): Promise<void> => {
      for await (const range of (await readSnapshotStream([longer])).ranges()) await range.load();
    };
    await expect(reading()).rejects.toEqual(code('INVALID_SNAPSHOT_FILE', { reason: 'trailing-bytes' }));
  });

  test('of another version, chain or kind is refused with what to do', async () => {
    const otherVersion = new Uint8Array(file);
    otherVersion[8] = 2;
    await expect(open(otherVersion)).rejects.toEqual(code('FORMAT_VERSION', { found: 2, supported: 1 }));
    await expect(open(otherVersion)).rejects.toThrow(/use the package version that wrote it/);
    const identity = bytes(...Array.from({ length: 32 }, () => 8));
    await expect(open(file, { identity })).rejects.toEqual(code('IDENTITY_MISMATCH', { expected: hex(identity) }));
    await expect(readSnapshotStream([file], { identity })).rejects.toEqual(code('IDENTITY_MISMATCH'));
    await expect(open(text('{"key":"05"}\n'.repeat(20)))).rejects.toEqual(
      code('INVALID_SNAPSHOT_FILE', { reason: 'magic' }),
    );
  });

  test('that claims more than the limits is refused before memory is taken', async () => {
    await expect(open(file, { maxManifestBytes: 100 })).rejects.toThrow(/raise maxManifestBytes/);
    await expect(open(file, { maxBlockBytes: 100 })).rejects.toEqual(
      code('INVALID_SNAPSHOT_FILE', { reason: 'limit', index: expect.any(Number) }),
    );
    for (const wrong of [0, -1, 1.5, 2 ** 32]) {
      await expect(open(file, { maxBlockBytes: wrong })).rejects.toThrow(RangeError);
    }
  });

  test('with any byte changed is refused, and a change in a range names that range', async () => {
    const starts = blockStarts();
    const head = starts[0] as number;
    for (let at = 0; at < file.length; at++) {
      const changed = flipped(file, at, 1 << (at % 8));
      if (at < head) {
        const refusal = await verify(changed).then(
          () => undefined,
          (error: { code: string }) => error.code,
        );
        expect([at, refusal]).toEqual([
          at,
          at === 8 ? 'ANCESTRAL_RECORDS_FORMAT_VERSION' : 'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE',
        ]);
        continue;
      }
      const { damaged } = await verify(changed);
      expect([at, damaged.map(({ index }) => index)]).toEqual([at, [starts.filter((start) => start <= at).length - 1]]);
    }
  });

  test('with several damaged ranges names all of them, and why', async () => {
    const starts = blockStarts();
    const table = flipped(file, starts[1] as number, 0x80);
    const last = flipped(table, file.length - 1);
    const progress: SnapshotProgress[] = [];
    const options = { ...hashing, stateRoot, onProgress: (each: SnapshotProgress) => progress.push(each) };
    for (const input of [await open(last), await readSnapshotStream([last])]) {
      const { damaged } = await verifySnapshotFile(input, options);
      const entry = (index: number): object => {
        const { start, depth } = manifest.entries[index] as { start: Uint8Array; depth: number };
        return { index, start: hex(start), depth };
      };
      expect(damaged).toEqual([
        { ...entry(1), reason: 'block' },
        { ...entry(manifest.entries.length - 1), reason: 'sum' },
      ]);
    }
    expect(progress.at(-1)).toMatchObject({ ranges: manifest.entries.length, bytes: manifest.totals.bytes });
  });

  test('is checked against the roots that are expected', async () => {
    const other = new Uint8Array(32).fill(1);
    const check = (roots: object): Promise<unknown> =>
      open(file).then((input) => verifySnapshotFile(input, { ...hashing, ...roots }));
    await expect(check({ stateRoot: other })).rejects.toEqual(code('STATE_ROOT_MISMATCH', { expected: hex(other) }));
    await expect(check({ snapshotRoot: other })).rejects.toEqual(code('SNAPSHOT_ROOT_MISMATCH'));
    await expect(check({ stateRoot, snapshotRoot: manifest.root(smallRanges.identity) })).resolves.toMatchObject({
      damaged: [],
    });
    const computeRoot = (): Uint8Array => other;
    await expect(check({ computeRoot })).rejects.toEqual(code('STATE_ROOT_MISMATCH', { actual: hex(other) }));
  });

  test('of version 1 is still read and written, byte for byte', async () => {
    const path = join(import.meta.dirname, 'fixtures', 'snapshot-file-1.json');
    const content = {
      stateRoot: rootOfState(state),
      snapshotRoot: hex(manifest.root(smallRanges.identity)),
      file: hex(file),
    };
    if (process.env['UPDATE_FIXTURES'] === '1') await writeFile(path, `${JSON.stringify(content, null, 1)}\n`);
    const fixture: typeof content = JSON.parse(await readFile(path, 'utf8'));
    expect(content).toEqual(fixture);
    const opened = await open(fromHex(fixture.file));
    expect([hex(opened.stateRoot), hex(opened.snapshotRoot)]).toEqual([fixture.stateRoot, fixture.snapshotRoot]);
    expect(await recordsOf(opened)).toEqual(sorted(state));
  });
});

describe('an export', () => {
  /** Blocks that change every key again and again. */
  async function commit(store: StateStore, to: number): Promise<void> {
    for (let height = (store.height ?? 0) + 1; height <= to; height++) {
      const changes = [...state.keys()].map((key) => ({
        key: fromHex(key),
        value: height % 3 === 0 ? undefined : text(`at ${height}`),
      }));
      await store.commitBlock(await store.prepareBlock(height, changes));
    }
  }

  test('is the snapshot, whatever blocks are committed meanwhile', async () => {
    const store = await storeOf(state, parameters({ maxRangeRecords: 4, snapshotPeriod: 4, retainedEpochs: 2 }));
    const expected = await fileOf(store);
    const progress: SnapshotProgress[] = [];
    const parts: Uint8Array[] = [];
    for await (const part of exportSnapshot(store, { height: 0, onProgress: (each) => progress.push(each) })) {
      parts.push(part);
      if ((store.height ?? 0) < 7) await commit(store, (store.height ?? 0) + 1);
    }
    expect(store.height).toBe(7);
    expect(hex(Buffer.concat(parts))).toBe(hex(expected));
    expect(progress.map(({ ranges }) => ranges)).toEqual(progress.map((_, index) => index + 1));
    expect(progress.at(-1)).toMatchObject({ records: state.size, totalRecords: state.size });
    await store.close();
  });

  test('ends with a typed error when its snapshot is retired under it', async () => {
    const store = await storeOf(state, parameters({ maxRangeRecords: 4, snapshotPeriod: 2, retainedEpochs: 1 }));
    const exporting = exportSnapshot(store, { height: 0 });
    await exporting.next();
    await exporting.next();
    await commit(store, 4);
    await store.awaitSnapshot(4);
    await expect(collect(exporting)).rejects.toEqual(
      code('HEIGHT_UNAVAILABLE', { height: 0, index: expect.any(Number) }),
    );
    await expect(collect(exportSnapshot(store, { height: 0 }))).rejects.toEqual(code('HEIGHT_UNAVAILABLE'));
    await expect(collect(exportSnapshot(store, { height: 3 }))).rejects.toEqual(code('HEIGHT_UNAVAILABLE'));
    await store.close();
  });

  test('gives up when it is told to, and when nobody wants more', async () => {
    const controller = new AbortController();
    const exporting = exportSnapshot(source, { height: 0, signal: controller.signal });
    await exporting.next();
    controller.abort(new Error('enough'));
    await expect(collect(exporting)).rejects.toThrow('enough');
    const second = exportSnapshot(source, { height: 0 });
    await second.next();
    await second.next();
    expect(await second.return()).toEqual({ done: true, value: undefined });
  });

  test.each([
    ['sum', 'another value', (key: Uint8Array) => [{ type: 'put' as const, key, value: text('VALUE 1') }]],
    ['count', 'no such record', (key: Uint8Array) => [{ type: 'del' as const, key }]],
    ['bytes', 'a longer value', (key: Uint8Array) => [{ type: 'put' as const, key, value: text('value 11') }]],
    [
      'count',
      'one more record',
      (key: Uint8Array) => [{ type: 'put' as const, key: bytes(...key, 0), value: bytes() }],
    ],
  ])('of a database with damage of %s (%s) names the range and gives nothing of it', async (reason, _, damage) => {
    const database = await memoryDatabase().open();
    const store = await openStore(database, { parameters: smallRanges });
    await store.initialize({ records: [packState(state)] });
    await store.awaitSnapshot(0);
    const key = fromHex('060025');
    expect(state.get(hex(key))).toEqual(text('value 1'));
    const index = manifest.entries.findLastIndex(({ start }) => Buffer.compare(start, key) <= 0);
    await database.batch(damage(bytes(2, ...key)), { keyEncoding: 'view', valueEncoding: 'view', sync: false });
    const parts: Uint8Array[] = [];
    const exporting = async (isProved: boolean): Promise<void> => {
      for await (const part of exportSnapshot(store, { height: 0, isProved })) parts.push(part);
    };
    await expect(exporting(true)).rejects.toEqual(code('CORRUPT', { height: 0, index, reason }));
    const start = blockStarts()[index] as number;
    expect(hex(Buffer.concat(parts.splice(0)))).toBe(hex(file.subarray(0, start)));
    if (reason !== 'sum') await expect(exporting(false)).rejects.toEqual(code('CORRUPT', { index, reason }));
    else {
      await exporting(false);
      expect((await verify(new Uint8Array(Buffer.concat(parts)))).damaged).toMatchObject([{ index, reason }]);
    }
  });

  test('of a database that cannot be read names the range', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database, { parameters: smallRanges });
    await store.initialize({ records: [packState(state)] });
    await store.awaitSnapshot(0);
    const index = 2;
    const startKey = bytes(2, ...manifest.range(index).startKey);
    const iterate = database.iterator.bind(database);
    database.iterator = (options) => {
      const iterator = iterate(options);
      if (options.gte !== undefined && hex(options.gte) === hex(startKey)) {
        iterator.nextv = async () => Promise.reject(new Error('checksum mismatch in block'));
      }
      return iterator;
    };
    const failure = collect(exportSnapshot(store, { height: 0 }));
    await expect(failure).rejects.toEqual(code('CORRUPT', { index, reason: 'unreadable' }));
    const causes: string[] = [];
    for (let error: unknown = await failure.catch((each: unknown) => each); error instanceof Object; ) {
      const { message, cause } = error as { message: string; cause?: unknown };
      causes.push(message);
      error = cause;
    }
    expect(causes.at(-1)).toBe('checksum mismatch in block');
  });
});

describe('an import', () => {
  const trust: ImportOptions = { stateRoot };

  test.each(['a file', 'a stream'])('of %s makes a store with the same state', async (kind) => {
    const target = await emptyStore();
    const progress: SnapshotProgress[] = [];
    const input = kind === 'a file' ? await open(file) : await readSnapshotStream(pieces(file, 50));
    const snapshotRoot = manifest.root(smallRanges.identity);
    await importSnapshot(target, input, {
      ...trust,
      snapshotRoot,
      otherWrites: [{ key: bytes(70), value: bytes(1) }],
      onProgress: (each) => progress.push(each),
    });
    expect([target.phase, target.height, hex(target.stateRoot())]).toEqual(['ready', 0, hex(stateRoot)]);
    expect(believed(target)).toEqual(believed(source));
    expect(await target.get(bytes(70))).toEqual(bytes(1));
    expect(progress.map(({ ranges }) => ranges)).toEqual([...Array(manifest.entries.length + 1).keys()]);
    expect(hex(await fileOf(target))).toBe(hex(file));
  });

  test('wants the root of a header, or the word that there is none', async () => {
    const target = await emptyStore();
    await expect(importSnapshot(target, await open(file), {} as ImportOptions)).rejects.toThrow(TypeError);
    await importSnapshot(target, await open(file), { isUntrusted: true });
    expect(target.height).toBe(0);
  });

  test('of a file with other roots or of another chain writes nothing', async () => {
    const target = await emptyStore();
    const other = new Uint8Array(32).fill(1);
    await expect(importSnapshot(target, await open(file), { stateRoot: other })).rejects.toEqual(
      code('STATE_ROOT_MISMATCH'),
    );
    await expect(importSnapshot(target, await open(file), { ...trust, snapshotRoot: other })).rejects.toEqual(
      code('SNAPSHOT_ROOT_MISMATCH'),
    );
    const stranger = await memoryStore({ parameters: parameters({ ...smallRanges, identity: other }) });
    await expect(importSnapshot(stranger, await open(file), trust)).rejects.toEqual(code('IDENTITY_MISMATCH'));
    expect([target.phase, stranger.phase]).toEqual(['empty', 'empty']);
    // A file whose header claims a root that its manifest does not add up to.
    const lying = { ...(await readSnapshotStream([file])), stateRoot: other };
    await expect(importSnapshot(target, lying, { stateRoot: other })).rejects.toEqual(code('STATE_ROOT_MISMATCH'));
    expect(target.phase).toBe('empty');
  });

  test('into a store that is ready is refused', async () => {
    await expect(importSnapshot(await storeOf(state), await open(file), trust)).rejects.toEqual(
      code('WRONG_PHASE', { phase: 'ready' }),
    );
  });

  test('of a damaged file stops at the damage, names it, and goes on with an intact one', async () => {
    const target = await emptyStore();
    const index = 5;
    const damaged = flipped(file, (blockStarts()[index] as number) + 8 * 4 - 1);
    await expect(importSnapshot(target, await open(damaged), trust)).rejects.toMatchObject({ details: { index } });
    expect(target.phase).toBe('downloading');
    const proved = target.download()?.proved as ReadonlySet<number>;
    expect(proved.has(index)).toBe(false);
    const asked: number[] = [];
    const intact = await open(file);
    const ranges: SnapshotFile['ranges'] = async function* (options) {
      for await (const range of intact.ranges(options)) {
        asked.push(range.index);
        yield range;
      }
    };
    const { identity, height, snapshotRoot, size } = intact;
    await importSnapshot(
      target,
      { identity, height, snapshotRoot, size, stateRoot, manifest: intact.manifest, ranges },
      trust,
    );
    expect(asked).toEqual([...manifest.entries.keys()].filter((each) => !proved.has(each)));
    expect(hex(await fileOf(target))).toBe(hex(file));
  });

  test.each(['a file', 'a stream'])(
    'given up after any range resumes from %s with the first that is missing',
    async (kind) => {
      for (let stop = 0; stop < manifest.entries.length; stop++) {
        const target = await emptyStore();
        const input = (): Promise<Parameters<typeof importSnapshot>[1]> =>
          kind === 'a file' ? open(file) : readSnapshotStream(pieces(file, 64));
        const controller = new AbortController();
        const onProgress = ({ ranges }: SnapshotProgress): void => {
          if (ranges === stop) controller.abort(new Error('stop'));
        };
        await expect(
          importSnapshot(target, await input(), {
            ...trust,
            signal: controller.signal,
            onProgress,
            maxRangesInFlight: 2,
          }),
        ).rejects.toThrow('stop');
        const before = target.download()?.proved.size as number;
        const seen: number[] = [];
        await importSnapshot(target, await input(), { ...trust, onProgress: ({ ranges }) => seen.push(ranges) });
        expect(seen[0]).toBe(before);
        expect(seen.at(-1)).toBe(manifest.entries.length);
        expect(believed(target)).toEqual(believed(source));
      }
    },
  );

  test('does not wait for a stream that stalls once it is given up', async () => {
    const target = await emptyStore();
    const controller = new AbortController();
    const stalling = async function* (): AsyncGenerator<Uint8Array> {
      yield file.subarray(0, blockStarts()[2]);
      controller.abort(new Error('stop'));
      await new Promise(() => {});
    };
    const stream = await readSnapshotStream(stalling());
    await expect(importSnapshot(target, stream, { ...trust, signal: controller.signal })).rejects.toThrow('stop');
    expect(target.phase).toBe('downloading');
  });

  test('of a newer file keeps the ranges that are equal', async () => {
    const store = await storeOf(state, parameters({ maxRangeRecords: 4, maxRangeBytes: 300, snapshotPeriod: 4 }));
    const first = await fileOf(store);
    for (let height = 1; height <= 4; height++) {
      await store.commitBlock(await store.prepareBlock(height, [{ key: bytes(5), value: bytes(height) }]));
    }
    await store.awaitSnapshot(4);
    const second = await fileOf(store, 4);
    const target = await emptyStore();
    const controller = new AbortController();
    const onProgress = ({ ranges, totalRanges }: SnapshotProgress): void => {
      if (ranges === totalRanges - 1) controller.abort(new Error('stop'));
    };
    await expect(
      importSnapshot(target, await open(first), {
        ...trust,
        signal: controller.signal,
        onProgress,
        maxRangesInFlight: 1,
      }),
    ).rejects.toThrow('stop');
    const seen: number[] = [];
    const newer = { stateRoot: store.stateRoot(), onProgress: ({ ranges }: SnapshotProgress) => seen.push(ranges) };
    await importSnapshot(target, await open(second), newer);
    expect(seen[0]).toBeGreaterThan(manifest.entries.length / 2);
    expect(target.height).toBe(4);
    await expect(importSnapshot(await emptyStore(), await open(second), { ...trust })).rejects.toEqual(
      code('STATE_ROOT_MISMATCH'),
    );
    await store.close();
  });

  test('has no more ranges in flight than it may', async () => {
    let inFlight = 0;
    let most = 0;
    const hasher = {
      ...toyHasher,
      async sum(...args: Parameters<typeof toyHasher.sum>) {
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inFlight--;
        return toyHasher.sum(...args);
      },
    };
    const target = await memoryStore({ parameters: smallRanges, hasher });
    await importSnapshot(target, await open(file), { ...trust, maxRangesInFlight: 3 });
    expect(most).toBe(3);
    for (const wrong of [0, 65, 1.5]) {
      await expect(importSnapshot(target, await open(file), { ...trust, maxRangesInFlight: wrong })).rejects.toThrow(
        RangeError,
      );
    }
  });
});
