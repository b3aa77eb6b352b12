import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChunkBounds, checkChunk, type PackedRecords } from '../src/index.js';

interface Chunk {
  readonly records: readonly (readonly [key: number[], value: number[]])[];
  readonly nextKey: readonly number[] | undefined;
}

const limits = { maxKeyBytes: 3, maxValueBytes: 2 };
const bounds: ChunkBounds = {
  startKey: Uint8Array.of(1),
  endKey: Uint8Array.of(3),
  recordsLeft: 3,
  bytesLeft: 9,
  ...limits,
};

function pack(records: Chunk['records'], gap = 0): PackedRecords {
  const bytes: number[] = [];
  const offsets: number[] = [];
  for (const [key, value] of records) {
    for (const part of [key, value]) {
      bytes.push(...new Array<number>(gap).fill(99));
      offsets.push(bytes.length, bytes.length + part.length);
      bytes.push(...part);
    }
  }
  return { bytes: Uint8Array.from(bytes), offsets: Uint32Array.from(offsets) };
}

function check(chunk: Chunk, changed: Partial<ChunkBounds> = {}, gap = 0): string {
  const nextKey = chunk.nextKey && Uint8Array.from(chunk.nextKey);
  const verdict = checkChunk({ records: pack(chunk.records, gap), nextKey }, { ...bounds, ...changed });
  if (!verdict.isAccepted) return verdict.problem;
  return verdict.isComplete ? 'complete' : 'accepted';
}

/** Order of byte strings by an independent route: as strings of one character per byte. */
function text(bytes: Iterable<number>): string {
  return String.fromCharCode(...bytes);
}

/** The rules, written down one by one, without an order among them. */
function brokenRules({ records, nextKey }: Chunk, { startKey, endKey, recordsLeft, bytesLeft }: ChunkBounds): string[] {
  const keys = records.map(([key]) => text(key));
  const start = text(startKey);
  const end = endKey && text(endKey);
  const next = nextKey && text(nextKey);
  const bytes = records.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const rules: Record<string, boolean> = {
    'key-order': keys.some((key, index) => index > 0 && key <= (keys[index - 1] ?? '')),
    'key-before-cursor': keys[0] !== undefined && keys[0] < start,
    'key-outside-range': end !== undefined && keys.some((key) => key >= end),
    'key-too-long': keys.some((key) => key.length > limits.maxKeyBytes),
    'value-too-long': records.some(([, value]) => value.length > limits.maxValueBytes),
    'too-many-records': records.length > recordsLeft,
    'too-many-bytes': bytes > bytesLeft,
    'cursor-stuck': next !== undefined && next <= (keys.at(-1) ?? start),
    'cursor-outside-range': next !== undefined && end !== undefined && next >= end,
    'cursor-too-long': next !== undefined && next.length > limits.maxKeyBytes + 1,
    incomplete: next === undefined && (records.length !== recordsLeft || bytes !== bytesLeft),
  };
  return Object.keys(rules).filter((rule) => rules[rule]);
}

describe('checkChunk', () => {
  test.each<[string, string, Chunk]>([
    ['a chunk in the middle', 'accepted', { records: [[[1, 1], [7]]], nextKey: [1, 2] }],
    ['an empty chunk whose cursor moves on', 'accepted', { records: [], nextKey: [1, 0] }],
    ['the successor of the longest key as cursor', 'accepted', { records: [[[1, 9, 9], [7]]], nextKey: [1, 9, 9, 0] }],
    [
      'exactly the rest',
      'complete',
      {
        records: [
          [[1], [1, 2]],
          [[2], [1, 2]],
          [[2, 1], [1]],
        ],
        nextKey: undefined,
      },
    ],
    [
      'an equal key twice',
      'key-order',
      {
        records: [
          [[2], []],
          [[2], []],
        ],
        nextKey: [2, 1],
      },
    ],
    ['a key before the cursor', 'key-before-cursor', { records: [[[0, 9], []]], nextKey: [1, 1] }],
    ['an empty key', 'key-before-cursor', { records: [[[], []]], nextKey: [1, 1] }],
    ['the end key itself', 'key-outside-range', { records: [[[3], []]], nextKey: undefined }],
    ['a long key', 'key-too-long', { records: [[[1, 1, 1, 1], []]], nextKey: [2] }],
    ['a long value', 'value-too-long', { records: [[[1], [1, 2, 3]]], nextKey: [2] }],
    ['a fourth record', 'too-many-records', { records: [1, 2, 3, 4].map((i) => [[1, i], []]), nextKey: [2] }],
    [
      'a tenth byte',
      'too-many-bytes',
      {
        records: [1, 2, 3].map((i) => [
          [1, i],
          [1, 2],
        ]),
        nextKey: [2],
      },
    ],
    ['the last key as cursor', 'cursor-stuck', { records: [[[1, 1], []]], nextKey: [1, 1] }],
    ['an empty chunk that stays', 'cursor-stuck', { records: [], nextKey: [1] }],
    ['the end key as cursor', 'cursor-outside-range', { records: [], nextKey: [3] }],
    ['a long cursor', 'cursor-too-long', { records: [], nextKey: [1, 1, 1, 1, 1] }],
    ['nothing, and the end', 'incomplete', { records: [], nextKey: undefined }],
    [
      'the right count with too few bytes',
      'incomplete',
      { records: [1, 2, 3].map((i) => [[1, i], []]), nextKey: undefined },
    ],
  ])('%s: %s', (_, expected, chunk) => {
    expect(check(chunk)).toBe(expected);
  });

  test('a chunk is refused exactly when a rule is broken, and for a rule that is broken', () => {
    const bytes = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 3 }), { maxLength });
    const chunks = fc.record({
      records: fc
        .array(fc.tuple(bytes(4), bytes(3)), { maxLength: 4 })
        .chain((records) =>
          fc
            .boolean()
            .map((isSorted) => (isSorted ? records.toSorted(([a], [b]) => (text(a) < text(b) ? -1 : 1)) : records)),
        ),
      nextKey: fc.option(bytes(5), { nil: undefined }),
    });
    const ends = fc.record({
      endKey: fc.constantFrom(undefined, Uint8Array.of(3)),
      recordsLeft: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(chunks, ends, fc.integer({ min: 0, max: 9 }), fc.nat(2), (chunk, end, bytesLeft, gap) => {
        const changed = { ...bounds, ...end, bytesLeft };
        const broken = brokenRules(chunk, changed);
        const found = check(chunk, changed, gap);
        if (broken.length > 0) expect(broken).toContain(found);
        else expect(['accepted', 'complete']).toContain(found);
      }),
      { numRuns: 5_000 },
    );
  });

  test('offsets outside the bytes are the decoder`s fault, not the peer`s', () => {
    for (const offsets of [
      [0, 1, 1],
      [0, 1, 1, 5],
      [1, 0, 1, 1],
      [0, 1, 2, 1],
    ]) {
      const records = { bytes: new Uint8Array(4), offsets: Uint32Array.from(offsets) };
      expect(() => checkChunk({ records, nextKey: undefined }, bounds)).toThrow(
        expect.objectContaining({ code: 'SYNC_PROGRESS_INVALID_RECORDS' }),
      );
    }
  });
});
