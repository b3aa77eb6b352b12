import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  blockProblem,
  decodeBlock,
  decodeManifestPages,
  encodeBlock,
  encodeManifestPage,
  encodeSnapshotFileHead,
  type ManifestEntry,
  manifestEntryProblem,
  manifestPageHash,
  manifestRoot,
  readSnapshotFileHead,
  SnapshotFileStream,
  snapshotFileLimits,
} from '../src/index.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const sha256 = (message: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(message).digest());
const fail = (what: string | { problem: string }): Error => new Error(typeof what === 'string' ? what : what.problem);
const entry = (start: Uint8Array, depth: number, chosen: Partial<ManifestEntry> = {}): ManifestEntry => {
  return { start, depth, count: 1, bytes: 1, sum: new Uint8Array(32), ...chosen };
};
const identity = new Uint8Array(32).fill(4);

describe('the entries of a manifest', () => {
  test.each([
    ['a depth below a byte', [entry(bytes(5), 7)], 'depth'],
    ['a depth beyond all keys', [entry(new Uint8Array(65_536), 8 * 65_536)], 'depth'],
    ['a short start', [entry(bytes(5), 9)], 'do not fit'],
    ['bits after the depth', [entry(bytes(5, 64), 9)], 'bits after'],
    ['no records', [entry(bytes(5), 8, { count: 0 })], 'without records'],
    ['fewer bytes than records', [entry(bytes(5), 8, { count: 2 })], 'fewer bytes'],
    ['a short sum', [entry(bytes(5), 8, { sum: bytes(1) })], '32 bytes'],
    ['falling starts', [entry(bytes(6), 8), entry(bytes(5), 8)], 'overlaps or precedes'],
    ['equal starts', [entry(bytes(5), 8), entry(bytes(5), 8)], 'overlaps or precedes'],
    ['a range in a range', [entry(bytes(5), 8), entry(bytes(5, 1), 16)], 'overlaps or precedes'],
    ['a range after the last key', [entry(bytes(255), 8), entry(bytes(255, 1), 16)], 'overlaps or precedes'],
  ])('may not have %s', (_, entries, problem) => {
    const found = entries.map((each, index) => manifestEntryProblem(each, entries[index - 1])).find((each) => each);
    expect(found).toContain(problem);
    // Some of these cannot even be written.
    const page = encodeManifestPage(entries);
    expect(() => decodeManifestPages([page], fail)).toThrow();
  });

  test('ascend over pages, of which all but the last are full', () => {
    const all = Array.from({ length: 1500 }, (_, i) => entry(bytes(5, i >> 8, i & 255), 24));
    const pages = [encodeManifestPage(all.slice(0, 1024)), encodeManifestPage(all.slice(1024))];
    expect(decodeManifestPages(pages, fail)).toEqual(all);
    expect(decodeManifestPages([encodeManifestPage([])], fail)).toEqual([]);
    for (const [wrong, problem] of [
      [[], 'no page'],
      [[encodeManifestPage([]), encodeManifestPage([])], 'not full'],
      [[pages[0] as Uint8Array, encodeManifestPage([])], 'last page is empty'],
      [pages.toReversed(), 'not full'],
      [[encodeManifestPage(all.slice(1024)), encodeManifestPage(all.slice(1024))], 'not full'],
    ] as const) {
      expect(() => decodeManifestPages(wrong, fail)).toThrow(problem);
    }
    const huge = entry(bytes(5), 8, { count: 1, bytes: Number.MAX_SAFE_INTEGER });
    const twice = encodeManifestPage([huge, { ...huge, start: bytes(6) }]);
    expect(() => decodeManifestPages([twice], fail)).toThrow('totals are too large');
  });
});

const record = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.uint8Array({ maxLength: 9 }));

describe('a block', () => {
  test('gives back its records, however they lay in memory and in how many parts', () => {
    fc.assert(
      fc.property(fc.array(fc.array(record, { maxLength: 5 }), { maxLength: 4 }), fc.boolean(), (parts, hasGaps) => {
        // No range is without records.
        fc.pre(parts.flat().length > 0);
        const packed = parts.map((records) => {
          const all: number[] = [];
          const offsets: number[] = [];
          for (const part of records.flat()) {
            if (hasGaps) all.push(99);
            offsets.push(all.length);
            all.push(...part);
            offsets.push(all.length);
          }
          return { bytes: Uint8Array.from(all), offsets: Uint32Array.from(offsets) };
        });
        const records = parts.flat();
        const total = records.flat().reduce((sum, { length }) => sum + length, 0);
        const content = { count: records.length, bytes: total };
        const block = encodeBlock(packed, content);
        const decoded = decodeBlock(block, content, fail);
        const spans = Array.from({ length: 2 * records.length }, (_, i) =>
          decoded.bytes.slice(decoded.offsets[2 * i], decoded.offsets[2 * i + 1]),
        );
        expect(spans).toEqual(records.flat());
      }),
    );
  });

  test('is refused unless its lengths add up and no key is empty', () => {
    const content = { count: 2, bytes: 4 };
    const block = (...lengths: number[]): Uint8Array => {
      const table = new Uint8Array(20);
      for (const [i, length] of lengths.entries()) new DataView(table.buffer).setUint32(4 * i, length);
      return table;
    };
    expect(decodeBlock(block(1, 1, 1, 1), content, fail).offsets).toEqual(Uint32Array.of(0, 1, 1, 2, 2, 3, 3, 4));
    for (const lengths of [
      [1, 1, 1, 0],
      [1, 1, 1, 2],
      [1, 3, 1, 0],
      [4, 0, 0, 0],
      [0, 2, 1, 1],
      [2 ** 32 - 1, 2 ** 32 - 1, 1, 1],
    ]) {
      expect(() => decodeBlock(block(...lengths), content, fail)).toThrow(/add up|without bytes/);
    }
  });

  test('holds ascending keys within its bits, padded with zeros', () => {
    const of = (...keys: Uint8Array[]): { bytes: Uint8Array; offsets: Uint32Array } => {
      const offsets: number[] = [];
      let at = 0;
      for (const key of keys) {
        const end = at + key.length;
        offsets.push(at, end, end, end);
        at = end;
      }
      return { bytes: Uint8Array.from(keys.flatMap((key) => [...key])), offsets: Uint32Array.from(offsets) };
    };
    const range = { start: bytes(5, 0), depth: 12 };
    expect(blockProblem(of(bytes(5), bytes(5, 0), bytes(5, 15, 255)), range)).toBe(undefined);
    expect(blockProblem(of(bytes(5, 1), bytes(5, 1)), range)).toBe('duplicate');
    expect(blockProblem(of(bytes(5, 1, 0), bytes(5, 1)), range)).toBe('out-of-order');
    expect(blockProblem(of(bytes(5), bytes(5, 16)), range)).toBe('out-of-range');
    expect(blockProblem(of(bytes(4, 255), bytes(5, 1)), range)).toBe('out-of-range');
  });
});

describe('the beginning of a file', () => {
  const entries = [entry(bytes(5), 8, { count: 2, bytes: 10 }), entry(bytes(6, 128), 9)];
  const pages = [encodeManifestPage(entries)];
  const stateRoot = new Uint8Array(32).fill(6);
  const read = (
    file: Uint8Array,
    limits = {},
  ): ReturnType<typeof readSnapshotFileHead<{ entries: ManifestEntry[] }>> => {
    const stream = new SnapshotFileStream([file]);
    return readSnapshotFileHead((length) => stream.take(length), {
      sha256,
      fail,
      limits: snapshotFileLimits(limits),
      decode: (content) => ({ entries: decodeManifestPages(content.pages, fail) }),
    });
  };
  const headOf = (chosen = entries, chosenPages = pages): Uint8Array => {
    const pageHashes = chosenPages.map((page) => manifestPageHash(page, sha256));
    const snapshotRoot = manifestRoot({ identity, height: 9, pageHashes }, sha256);
    return encodeSnapshotFileHead(
      { identity, height: 9, stateRoot, snapshotRoot, pages: chosenPages, entries: chosen },
      sha256,
    );
  };

  test('says where every block begins', async () => {
    const { offsets, fileBytes, height } = await read(headOf());
    const head = 157 + 36 + (pages[0] as Uint8Array).length;
    expect([...offsets]).toEqual([head, head + 26, head + 35]);
    expect([fileBytes, height]).toEqual([head + 35, 9]);
  });

  test('is refused if its length is not that of its ranges, or it claims too much', async () => {
    await expect(read(headOf(entries.slice(0, 1)))).rejects.toThrow('header');
    await expect(read(headOf(), { maxBlockBytes: 25 })).rejects.toThrow('limit');
    await expect(read(headOf(), { maxManifestBytes: 36 })).rejects.toThrow('limit');
    await expect(read(headOf(), { maxManifestBytes: 35 })).rejects.toThrow('limit');
    const empty = [encodeManifestPage([]), encodeManifestPage([])];
    await expect(read(headOf([], empty))).rejects.toThrow('not full');
  });
});

describe('a stream', () => {
  test('gives pieces of any length in order, and copies of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 12 })),
        fc.array(fc.tuple(fc.boolean(), fc.nat(20))),
        async (chunks, steps) => {
          const all = chunks.flatMap((chunk) => [...chunk]);
          const stream = new SnapshotFileStream(chunks.map((chunk) => Uint8Array.from(chunk)));
          let at = 0;
          for (const [isSkipped, length] of steps) {
            const expected = all.slice(at, at + length);
            if (isSkipped) expect(await stream.skip(length)).toBe(expected.length);
            else expect([...(await stream.take(length))]).toEqual(expected);
            at += expected.length;
          }
          expect(await stream.isAtEnd()).toBe(at === all.length);
        },
      ),
    );
  });

  test('takes no more memory than arrives, whatever is asked for', async () => {
    const stream = new SnapshotFileStream([new Uint8Array(10)]);
    expect((await stream.take(2 ** 40)).length).toBe(10);
  });

  test('passes on what its maker throws, and tells it when no more is wanted', async () => {
    let isLeft = false;
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      throw new Error('torn');
    };
    await expect(new SnapshotFileStream(failing()).take(2)).rejects.toThrow('torn');
    const endless = function* (): Generator<Uint8Array> {
      try {
        for (;;) yield bytes(1);
      } finally {
        isLeft = true;
      }
    };
    const stream = new SnapshotFileStream(endless());
    await stream.take(3);
    await stream.close();
    await stream.close();
    expect([isLeft, await stream.isAtEnd()]).toEqual([true, true]);
  });
});
