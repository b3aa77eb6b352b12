import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChunkBounds, checkChunk, type PackedRecords, type RangeSummary } from '../src/index.js';

type Records = readonly (readonly [key: number[], value: number[]])[];

interface Chunk {
  readonly records: Records;
  readonly nextKey: readonly number[] | undefined;
}

const limits = { maxKeyBytes: 3, maxValueBytes: 2 };

function range(start: number, end: number | undefined, records: number, bytes: number): RangeSummary {
  const endKey = end === undefined ? undefined : Uint8Array.of(end);
  return { startKey: Uint8Array.of(start), endKey, records, bytes };
}

/** [1, 3) with three records, a gap, [4, 6) with one record. */
const bounds: ChunkBounds = {
  ranges: [range(1, 3, 3, 9), range(4, 6, 1, 2)],
  firstRange: 0,
  endRange: 2,
  startKey: Uint8Array.of(1),
  receivedRecords: 0,
  receivedBytes: 0,
  maxBytes: 100,
  ...limits,
};

function pack(records: Records, gap = 0): PackedRecords {
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

/** The parts as text, such as `0:0-3!` for records 0 to 3 of range 0, which are all of it; or the problem. */
function check(chunk: Chunk, changed: Partial<ChunkBounds> = {}, gap = 0): string {
  const nextKey = chunk.nextKey && Uint8Array.from(chunk.nextKey);
  const verdict = checkChunk({ records: pack(chunk.records, gap), nextKey }, { ...bounds, ...changed });
  if (!verdict.isAccepted) return verdict.problem;
  const parts = verdict.parts.map(
    (part) => `${part.range}:${part.fromRecord}-${part.toRecord}${part.isComplete ? '!' : ''}`,
  );
  return parts.join(' ') || 'nothing';
}

/** Order of byte strings by an independent route: as strings of one character per byte. */
function text(bytes: Iterable<number>): string {
  return String.fromCharCode(...bytes);
}

const sizeOf = (records: Records): number => records.reduce((sum, [key, value]) => sum + key.length + value.length, 0);

/** The rules, written down one by one, without an order among them. */
function brokenRules({ records, nextKey }: Chunk, { ranges, startKey, maxBytes, ...had }: ChunkBounds): string[] {
  const keys = records.map(([key]) => text(key));
  const start = text(startKey);
  const next = nextKey && text(nextKey);
  const lastEnd = ranges.at(-1)?.endKey;
  const end = lastEnd && text(lastEnd);
  const inRange = ({ startKey: from, endKey: to }: RangeSummary, among = records): Records =>
    among.filter(([key]) => text(key) >= text(from) && (to === undefined || text(key) < text(to)));
  const totals = ranges.map((summary, index) => {
    const earlier = index === 0 ? had : { receivedRecords: 0, receivedBytes: 0 };
    const isBehind = (key: string): boolean => summary.endKey !== undefined && key >= text(summary.endKey);
    const passedAt = keys.findIndex(isBehind);
    const amountOf = (found: Records) => ({
      records: found.length + earlier.receivedRecords,
      bytes: sizeOf(found) + earlier.receivedBytes,
    });
    return {
      summary,
      all: amountOf(inRange(summary)),
      isPassed: passedAt !== -1 || next === undefined || isBehind(next),
      whenPassed: amountOf(inRange(summary, passedAt === -1 ? records : records.slice(0, passedAt))),
    };
  });
  const rules: Record<string, boolean> = {
    'key-order': keys.some((key, index) => index > 0 && key <= (keys[index - 1] ?? '')),
    'key-before-cursor': keys[0] !== undefined && keys[0] < start,
    'key-outside-range': records.some((record) => !ranges.some((summary) => inRange(summary).includes(record))),
    'key-too-long': keys.some((key) => key.length > limits.maxKeyBytes),
    'value-too-long': records.some(([, value]) => value.length > limits.maxValueBytes),
    'too-many-records': totals.some(({ all, summary }) => all.records > summary.records),
    'too-many-bytes': totals.some(({ all, summary }) => all.bytes > summary.bytes),
    oversized: records.length > 1 && sizeOf(records) > maxBytes,
    'cursor-stuck': next !== undefined && next <= (keys.at(-1) ?? start),
    'cursor-outside-range': next !== undefined && end !== undefined && next >= end,
    'cursor-too-long': next !== undefined && next.length > limits.maxKeyBytes + 1,
    incomplete: totals.some(
      ({ isPassed, whenPassed, summary }) =>
        isPassed && (whenPassed.records !== summary.records || whenPassed.bytes !== summary.bytes),
    ),
  };
  return Object.keys(rules).filter((rule) => rules[rule]);
}

const first: Records = [
  [[1], [1, 2]],
  [[2], [1, 2]],
  [[2, 1], [1]],
];

describe('checkChunk', () => {
  test.each<[string, string, Chunk]>([
    ['a chunk in the middle', '0:0-1', { records: [[[1, 1], [7]]], nextKey: [1, 2] }],
    ['an empty chunk whose cursor moves on', 'nothing', { records: [], nextKey: [1, 0] }],
    ['the successor of the longest key as cursor', '0:0-1', { records: [[[1, 9, 9], [7]]], nextKey: [1, 9, 9, 0] }],
    ['exactly the span', '0:0-3! 1:3-4!', { records: [...first, [[5], [9]]], nextKey: undefined }],
    ['exactly the first range', '0:0-3!', { records: first, nextKey: [4] }],
    ['the first range and a cursor in it', '0:0-3!', { records: first, nextKey: [2, 9] }],
    ['the first range and a cursor in the gap', '0:0-3!', { records: first, nextKey: [3, 5] }],
    ['a part of the second range', '0:0-3!', { records: first, nextKey: [4, 1] }],
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
    ['the end key itself', 'key-outside-range', { records: [...first, [[5], [9]], [[6], []]], nextKey: undefined }],
    ['a key in the gap', 'key-outside-range', { records: [...first, [[3], []]], nextKey: [3, 1] }],
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
    ['the end key as cursor', 'cursor-outside-range', { records: [], nextKey: [6] }],
    ['a long cursor', 'cursor-too-long', { records: [], nextKey: [1, 1, 1, 1, 1] }],
    ['nothing, and the end', 'incomplete', { records: [], nextKey: undefined }],
    ['nothing of the first range', 'incomplete', { records: [[[5], [9]]], nextKey: undefined }],
    ['a cursor behind the first range', 'incomplete', { records: first.slice(0, 2), nextKey: [3] }],
    ['too few bytes', 'incomplete', { records: [1, 2, 3].map((i) => [[1, i], []]), nextKey: [4] }],
    ['nothing of the second range', 'incomplete', { records: first, nextKey: undefined }],
  ])('%s: %s', (_, expected, chunk) => {
    expect(check(chunk)).toBe(expected);
  });

  test('what chunks before have brought counts', () => {
    const changed = { startKey: Uint8Array.of(2), receivedRecords: 1, receivedBytes: 3 };
    expect(check({ records: first.slice(1), nextKey: [4] }, changed)).toBe('0:0-2!');
    expect(check({ records: first.slice(1), nextKey: [4] }, { ...changed, receivedBytes: 4 })).toBe('too-many-bytes');
  });

  test('only a single record may be larger than what was asked for', () => {
    expect(check({ records: first.slice(0, 1), nextKey: [1, 1] }, { maxBytes: 1 })).toBe('0:0-1');
    expect(check({ records: first.slice(0, 2), nextKey: [2, 1] }, { maxBytes: 6 })).toBe('0:0-2');
    expect(check({ records: first.slice(0, 2), nextKey: [2, 1] }, { maxBytes: 5 })).toBe('oversized');
  });

  test('a chunk is refused exactly when a rule is broken, and for a rule that is broken', () => {
    const bytes = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 6 }), { maxLength });
    const chunks = fc.record({
      records: fc
        .array(fc.tuple(bytes(4), bytes(3)), { maxLength: 5 })
        .chain((records) =>
          fc
            .boolean()
            .map((isSorted) => (isSorted ? records.toSorted(([a], [b]) => (text(a) < text(b) ? -1 : 1)) : records)),
        ),
      nextKey: fc.option(bytes(5), { nil: undefined }),
    });
    const amounts = fc.record({
      records: fc.integer({ min: 1, max: 3 }),
      bytes: fc.integer({ min: 1, max: 9 }),
      lastEnd: fc.constantFrom(undefined, 6),
      maxBytes: fc.integer({ min: 2, max: 20 }),
    });
    fc.assert(
      fc.property(chunks, amounts, fc.nat(2), (chunk, amount, gap) => {
        const ranges = [range(1, 3, amount.records, amount.bytes), range(4, amount.lastEnd, 1, 2)];
        const changed = { ...bounds, ranges, maxBytes: amount.maxBytes };
        const broken = brokenRules(chunk, changed);
        const found = check(chunk, changed, gap);
        if (broken.length > 0) expect(broken).toContain(found);
        else expect(found).toMatch(/^(nothing|\d+:\d+-\d+!?( \d+:\d+-\d+!?)*)$/);
      }),
      { numRuns: 10_000 },
    );
  });

  test('honest chunks are accepted wherever they are cut, and their parts are the ranges', () => {
    const cut = fc.record({
      counts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
      at: fc.nat(25),
    });
    fc.assert(
      fc.property(cut, ({ counts, at }) => {
        const ranges = counts.map((count, index) => range(10 * index, 10 * index + 9, count, 2 * count));
        const all = counts.flatMap((count, index) =>
          Array.from({ length: count }, (_, i): [number[], number[]] => [[10 * index, i], []]),
        );
        const sent = all.slice(0, at);
        const nextKey = all[at]?.[0];
        const changed = { ranges, endRange: ranges.length, startKey: Uint8Array.of(0), maxBytes: 1_000 };
        const expected = counts.flatMap((count, index) => {
          const from = counts.slice(0, index).reduce((sum, each) => sum + each, 0);
          const to = Math.min(from + count, sent.length);
          return to > from ? [`${index}:${from}-${to}${to === from + count ? '!' : ''}`] : [];
        });
        expect(check({ records: sent, nextKey }, changed)).toBe(expected.join(' ') || 'nothing');
      }),
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
