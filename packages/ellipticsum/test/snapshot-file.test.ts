import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBackend, createNobleBackend, type HashBackend, unpackRecords } from '../src/index.js';
import {
  isSnapshotFile,
  readSnapshotFile,
  type SnapshotFileReport,
  type SumProgress,
  sumRecords,
  verifySnapshotFile,
} from '../src/record-file/index.js';
import { fromHex, toHex } from './record-files.js';
import { readVectors, type SnapshotFileVector } from './vectors.js';

const vector = readVectors<SnapshotFileVector>('snapshot-file.json');
const file = fromHex(vector.file);
const ranges = vector.blockBytes.length;
const blockStarts: number[] = [];
let end = file.length - vector.blockBytes.reduce((sum, bytes) => sum + bytes, 0);
for (const bytes of vector.blockBytes) {
  blockStarts.push(end);
  end += bytes;
}
const head = blockStarts[0] as number;
const rangeAt = (offset: number): number => blockStarts.findLastIndex((start) => start <= offset);

let backend: HashBackend;
beforeAll(async () => {
  backend = await createBackend();
});
afterAll(() => backend.close());

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  // One buffer for all pieces, as some sources have it.
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
  }
}

function flipped(at: number, mask: number): Uint8Array {
  const copy = Uint8Array.from(file);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

const verify = (bytes: Uint8Array): Promise<SnapshotFileReport> => verifySnapshotFile([bytes], { backend });

describe('a snapshot file that a store wrote', () => {
  test.each([1, 7, 100, 1 << 20])('is intact when it comes in pieces of %i bytes', async (size) => {
    const seen: SumProgress[] = [];
    const onProgress = (progress: SumProgress) => seen.push(progress);
    const report = await verifySnapshotFile(pieces(file, size), { backend, maxRangesInFlight: 3, onProgress });
    expect([report.damaged, report.height, report.ranges]).toEqual([[], 0, ranges]);
    expect([report.identity, report.stateRoot, report.snapshotRoot].map(toHex)).toEqual([
      vector.identity,
      vector.stateRoot,
      vector.snapshotRoot,
    ]);
    expect(seen.length).toBe(ranges);
    expect(seen.at(-1)).toEqual({ records: vector.records, bytes: report.bytes, inputBytes: file.length });
  });

  test('has the sums that its records have', async () => {
    const reader = await readSnapshotFile([file]);
    let firstRecordNumber = 1;
    const batches = async function* () {
      for await (const { records, blockBytes } of reader.ranges()) {
        const packed = records();
        yield { ...packed, firstRecordNumber, inputBytes: blockBytes };
        firstRecordNumber += packed.offsets.length / 4;
      }
    };
    const sums = await sumRecords(batches(), { backend });
    const { prefixes, total, records, bytes } = await verify(file);
    expect({ prefixes, total, records, bytes }).toEqual({
      prefixes: sums.prefixes,
      total: sums.total,
      records: vector.records,
      bytes: sums.bytes,
    });
    expect(() => reader.ranges()).toThrow(TypeError);
  });

  test('has ascending keys over all ranges, each within its own', async () => {
    const reader = await readSnapshotFile([file]);
    const keys: string[] = [];
    for await (const { index, records } of reader.ranges()) {
      const { start, depth, count } = reader.entries[index] as (typeof reader.entries)[number];
      const bits = (bytes: Uint8Array) =>
        [...bytes]
          .map((byte) => byte.toString(2).padStart(8, '0'))
          .join('')
          .padEnd(depth, '0')
          .slice(0, depth);
      const own = [...unpackRecords(records())].map(([key]) => key);
      expect(own.map(bits)).toEqual(new Array(count).fill(bits(start)));
      keys.push(...own.map(toHex));
    }
    expect(keys).toEqual(keys.toSorted());
    expect(keys.length).toBe(vector.records);
  });

  test('of which any byte was changed is refused, or the range with that byte is named', async () => {
    for (let at = 0; at < file.length; at++) {
      const outcome = await verify(flipped(at, 1 << (at % 8))).then(
        ({ damaged }) => damaged.map(({ index }) => index),
        ({ code }: { code: string }) => code,
      );
      if (at >= head) expect([at, outcome]).toEqual([at, [rangeAt(at)]]);
      else
        expect([at, outcome]).toEqual([
          at,
          `ELLIPTICSUM_${at === 8 ? 'SNAPSHOT_FILE_VERSION' : 'INVALID_SNAPSHOT_FILE'}`,
        ]);
    }
  }, 120_000);

  test('that ends early says in which range', async () => {
    for (let length = 0; length < file.length; length += length < 200 ? 1 : 17) {
      const range = rangeAt(length);
      const expected = {
        code: length < 8 ? 'ELLIPTICSUM_INVALID_SNAPSHOT_FILE' : 'ELLIPTICSUM_TRUNCATED_INPUT',
        details: { reason: length < 8 ? 'magic' : 'truncated', ...(range < 0 ? {} : { range }) },
      };
      await expect(verify(file.subarray(0, length))).rejects.toMatchObject(expected);
    }
    await expect(verify(Uint8Array.from([...file, 0]))).rejects.toMatchObject({
      code: 'ELLIPTICSUM_INVALID_SNAPSHOT_FILE',
      details: { reason: 'trailing-bytes' },
    });
  });

  test('with several damaged ranges has all of them named, with where their keys lie', async () => {
    const damaged = flipped(blockStarts[1] as number, 0x80);
    damaged[file.length - 1] = (damaged[file.length - 1] as number) ^ 1;
    const report = await verifySnapshotFile([damaged], { backend, maxRangesInFlight: 4 });
    const { entries } = await readSnapshotFile([file]);
    const named = (index: number, reason: string) => {
      const { start, depth, count } = entries[index] as (typeof entries)[number];
      return { index, start, depth, records: count, reason };
    };
    expect(report.damaged).toEqual([named(1, 'block'), named(ranges - 1, 'sum')]);
  });

  test('hashed under another domain has every range damaged', async () => {
    const other = createNobleBackend({ domain: 'another chain' });
    const report = await verifySnapshotFile([file], { backend: other });
    expect(report.damaged.map(({ reason }) => reason)).toEqual(new Array(ranges).fill('sum'));
    await other.close();
  });

  test('is given up, though the stream stalls, when it is told to', async () => {
    const controller = new AbortController();
    const stalling = async function* () {
      yield file.subarray(0, (blockStarts[2] as number) + 3);
      controller.abort(new Error('stop'));
      await new Promise(() => {});
    };
    const checking = verifySnapshotFile(stalling(), { backend, signal: controller.signal });
    await expect(checking).rejects.toThrow('stop');
  });

  test('is left as soon as its beginning makes no sense', async () => {
    let given = 0;
    let isLeft = false;
    const chunks = function* () {
      try {
        for (; given < 100; given++) yield flipped(20, 1).subarray(0, 200);
      } finally {
        isLeft = true;
      }
    };
    await expect(verifySnapshotFile(chunks(), { backend })).rejects.toMatchObject({ details: { reason: 'header' } });
    expect([given, isLeft]).toEqual([0, true]);
  });

  test('is bounded in what it may claim', async () => {
    const limit = (options: object) => verifySnapshotFile([file], { backend, ...options });
    await expect(limit({ maxManifestBytes: 99 })).rejects.toThrow(/raise maxManifestBytes/);
    await expect(limit({ maxBlockBytes: 99 })).rejects.toMatchObject({ details: { reason: 'limit' } });
    await expect(limit({ maxBlockBytes: 0 })).rejects.toThrow(RangeError);
  });

  test('is known by its first eight bytes, and no record file is', () => {
    expect(isSnapshotFile(file)).toBe(true);
    expect(isSnapshotFile(file.subarray(0, 8))).toBe(true);
    for (const other of [file.subarray(0, 7), Uint8Array.of(1, 5, 0), Uint8Array.from(Buffer.from('{"key":"05"}'))]) {
      expect(isSnapshotFile(other)).toBe(false);
    }
  });
});
