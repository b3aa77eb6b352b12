import { expect, test } from '@jest/globals';
import { firstBytes } from '../src/core/first-bytes.js';
import { estimateProgress } from '../src/core/progress-estimate.js';
import { formatOf } from '../src/core/record-format.js';
import { durationText, errorText, recordsText } from '../src/core/wording.js';

test('progress is judged by the time taken so far', () => {
  const progress = { records: 3000, bytes: 300, inputBytes: 250 };
  expect(estimateProgress(progress, { elapsedMs: 1500, totalBytes: 1000 })).toEqual({
    recordsPerSecond: 2000,
    fraction: 0.25,
    remainingMs: 4500,
  });
});

test('before the first batch the time left is not known, and an empty file is done', () => {
  const nothing = { records: 0, bytes: 0, inputBytes: 0 };
  const begun = { recordsPerSecond: 0, fraction: 0, remainingMs: undefined };
  expect(estimateProgress(nothing, { elapsedMs: 0, totalBytes: 1000 })).toEqual(begun);
  expect(estimateProgress(nothing, { elapsedMs: 0, totalBytes: 0 })).toMatchObject({ fraction: 1, remainingMs: 0 });
});

test('a file that grew while it was read is not more than done', () => {
  const progress = { records: 1, bytes: 1, inputBytes: 2000 };
  expect(estimateProgress(progress, { elapsedMs: 10, totalBytes: 1000 })).toMatchObject({
    fraction: 1,
    remainingMs: 0,
  });
});

test.each([
  [0, '0 s'],
  [1, '1 s'],
  [59_001, '1 min 0 s'],
  [3_599_000, '59 min 59 s'],
  [3_600_000, '1 h 0 min'],
  [90_000_000, '25 h 0 min'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('one record is no records', () => {
  expect([0, 1, 1932].map(recordsText)).toEqual(['0 records', '1 record', '1,932 records']);
});

test('an error shows its code once, whatever was thrown', () => {
  expect(errorText({ code: 'CODE', message: 'it failed' })).toBe('it failed (CODE)');
  expect(errorText({ code: 'ENOENT', message: 'ENOENT: no such file' })).toBe('ENOENT: no such file');
  expect(errorText(new Error('plain'))).toBe('plain');
  expect(errorText('text')).toBe('text');
  expect(errorText(undefined)).toBe('undefined');
});

test('names tell JSON lines from binary, and first bytes a snapshot file from both', () => {
  const start = Uint8Array.of(1, 5, 0);
  const names = ['a.jsonl', 'A.NDJSON', 'a.records', 'jsonl', ''];
  expect(names.map((name) => formatOf(name, start))).toEqual(['jsonl', 'jsonl', 'binary', 'binary', 'binary']);
  const magic = Uint8Array.from(Buffer.from('004853530d0a1a0a', 'hex'));
  expect(names.map((name) => formatOf(name, magic))).toEqual(names.map(() => 'snapshot'));
});

test('looking at the first bytes of a stream loses none, and closes what nobody reads on', async () => {
  let isClosed = false;
  const stream = async function* (length: number): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < length; at += 3) yield Uint8Array.of(at, at + 1, at + 2);
    } finally {
      isClosed = true;
    }
  };
  for (const length of [0, 3, 9, 30]) {
    const { start, chunks } = await firstBytes(stream(length));
    expect([...start].slice(0, 8)).toEqual([...Array(length).keys()].slice(0, 8));
    const all: number[] = [];
    for await (const chunk of chunks) all.push(...chunk);
    expect(all).toEqual([...Array(length).keys()]);
  }
  isClosed = false;
  const { chunks } = await firstBytes(stream(30));
  for await (const _ of chunks) break;
  expect(isClosed).toBe(true);
});
