import { describe, expect, test } from '@jest/globals';
import { unpackRecords } from '../src/index.js';
import {
  AscendingKeyCheck,
  createRecordParser,
  type RecordBatch,
  type RecordFileOptions,
  readRecordFile,
  recordFileDefaults,
} from '../src/record-file/index.js';
import { binaryFile, fromHex, jsonLinesFile, type KeyValue, toHex } from './record-files.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const record = (key: string, value: string): KeyValue => [fromHex(key), fromHex(value)];
const hexPairs = (batches: readonly RecordBatch[]) =>
  batches.flatMap((batch) => [...unpackRecords(batch)].map(([key, value]) => [toHex(key), toHex(value)]));

function parse(file: Uint8Array, options: RecordFileOptions = {}, pieceBytes = file.length || 1): RecordBatch[] {
  const parser = createRecordParser(options);
  const batches: RecordBatch[] = [];
  for (let at = 0; at < file.length; at += pieceBytes) batches.push(...parser.push(file.slice(at, at + pieceBytes)));
  return [...batches, ...parser.finish()];
}

const parseLines = (text: string) => parse(bytesOf(text), { format: 'jsonl' });

function failure(act: () => unknown): { code: string; details: object; message: string } {
  try {
    act();
  } catch (error) {
    return error as ReturnType<typeof failure>;
  }
  throw new Error('nothing was thrown');
}

const formats = [
  ['binary', binaryFile],
  ['jsonl', jsonLinesFile],
] as const;

describe.each(formats)('a record file in format %s', (format, write) => {
  const records = [record('05aa', 'ff'), record('0500', ''), record('05', '00'.repeat(300)), record('05aa', 'ff')];

  test('gives its records in order, duplicates and empty values included', () => {
    const expected = records.map(([key, value]) => [toHex(key), toHex(value)]);
    for (const pieceBytes of [1, 2, 7, 10_000]) {
      expect(hexPairs(parse(write(records), { format }, pieceBytes))).toEqual(expected);
    }
  });

  test('without bytes has no records', () => {
    expect(parse(new Uint8Array(0), { format })).toEqual([]);
  });

  test('with values of megabytes is read in whatever pieces it comes', () => {
    const big = Uint8Array.from({ length: 5_000_000 }, (_, index) => index * 7);
    const file = write([record('05', '01'), [Uint8Array.of(6), big], record('07', '02')]);
    for (const pieceBytes of [65_536, file.length]) {
      const batches = parse(file, { format }, pieceBytes);
      expect(batches.map((batch) => batch.offsets.length / 4)).toEqual([1, 1, 1]);
      const [[, value] = []] = [...unpackRecords(batches[1] as RecordBatch)];
      expect(Buffer.compare(value as Uint8Array, big)).toBe(0);
    }
  });

  test('gives batches that keep the limits, number their records and account for every byte', () => {
    const many = Array.from({ length: 1000 }, (_, index) => record('05', 'ab'.repeat(index % 90)));
    const file = write([...many, record('06', 'cd'.repeat(700)), ...many]);
    for (const [maxBatchBytes, maxBatchRecords] of [
      [500, 1000],
      [100_000, 17],
      [1, 1000],
    ] as const) {
      const batches = parse(file, { format, maxBatchBytes, maxBatchRecords }, 1013);
      let number = 1;
      for (const { bytes, offsets, firstRecordNumber } of batches) {
        const count = offsets.length / 4;
        expect(firstRecordNumber).toBe(number);
        expect(count <= maxBatchRecords && (bytes.length <= maxBatchBytes || count === 1)).toBe(true);
        number += count;
      }
      expect(number).toBe(2002);
      const trailing = format === 'jsonl' ? 1 : 0;
      expect(batches.reduce((sum, { inputBytes }) => sum + inputBytes, 0)).toBe(file.length - trailing);
    }
  });

  test('gives batches whose memory nobody else uses', () => {
    const many = Array.from({ length: 50 }, (_, index) => record('05', 'ab'.repeat(index)));
    const batches = parse(write(many), { format, maxBatchRecords: 7 });
    expect(new Set(batches.map(({ bytes }) => bytes.buffer)).size).toBe(8);
    expect(new Set(batches.map(({ offsets }) => offsets.buffer)).size).toBe(8);
    for (const { bytes } of batches.slice(0, 7)) bytes.fill(0);
    const last = batches.slice(7);
    expect(hexPairs(last)).toEqual([['05', 'ab'.repeat(49)]]);
  });

  test('may have keys and values as long as the limits, and no longer', () => {
    const options = { format, maxKeyBytes: 3, maxValueBytes: 200 };
    expect(parse(write([record('050505', 'aa'.repeat(200))]), options).length).toBe(1);
    const long = failure(() => parse(write([record('05', ''), record('05050505', '')]), options, 1));
    expect(long).toMatchObject({ code: 'ELLIPTICSUM_RECORD_TOO_LARGE', details: { recordNumber: 2 } });
    expect(failure(() => parse(write([record('05', 'aa'.repeat(201))]), options, 1)).code).toBe(
      'ELLIPTICSUM_RECORD_TOO_LARGE',
    );
  });

  test('that ends inside a record is refused, wherever it ends', () => {
    const file = write(records.slice(0, 2));
    const ends = new Set<number>([0, write(records.slice(0, 1)).length, file.length]);
    if (format === 'jsonl') for (const end of [...ends]) ends.add(end - 1);
    for (let end = 1; end < file.length; end++) {
      if (ends.has(end)) continue;
      const { code, details } = failure(() => parse(file.slice(0, end), { format }));
      expect([end, code]).toEqual([end, 'ELLIPTICSUM_TRUNCATED_INPUT']);
      expect(details).toMatchObject({ byteOffset: end });
    }
  });

  test('with a key without bytes is refused', () => {
    const file = write([record('05', ''), record('', '00')]);
    expect(failure(() => parse(file, { format }))).toMatchObject({
      code: 'ELLIPTICSUM_EMPTY_KEY',
      details: { recordNumber: 2 },
    });
  });
});

describe('a binary record file', () => {
  test('whose lengths have surplus bytes is refused', () => {
    for (const length of ['8100', '808000', 'ff8000', '80'.repeat(10), `${'80'.repeat(9)}00`]) {
      const { code, details } = failure(() => parse(fromHex(`0105010a${length}`), {}, 1));
      expect([length, code]).toEqual([length, 'ELLIPTICSUM_MALFORMED_RECORD']);
      expect(details).toEqual({ recordNumber: 2, recordOffset: 4, byteOffset: 4 });
    }
  });

  test('that claims lengths up to 2^64 and beyond is refused before anything is allocated', () => {
    for (const length of ['ffffffff0f', 'ffffffffffffffffff01', 'ff'.repeat(10), '818080801f']) {
      const { code, details } = failure(() => parse(fromHex(`0105${length}`)));
      expect([length, code]).toEqual([length, 'ELLIPTICSUM_RECORD_TOO_LARGE']);
      expect(details).toEqual({ recordNumber: 1, recordOffset: 0, byteOffset: 2 });
    }
  });

  test('takes memory for what arrives, not for what a length claims', () => {
    const parser = createRecordParser({ maxValueBytes: 2 ** 30 });
    const before = process.memoryUsage().arrayBuffers;
    parser.push(fromHex('0105ffffffff03'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

describe('a file of JSON lines', () => {
  test('may have spaces, empty lines, upper case, either order and no last line end', () => {
    const text = ' \r\n\n{ "key" :\t"0A" , "value": "fF" }\r\n\n{"value":"","key":"0b0c"}';
    expect(hexPairs(parseLines(text))).toEqual([
      ['0a', 'ff'],
      ['0b0c', ''],
    ]);
  });

  test.each([
    ['another member', '{"key":"0a","value":"","height":1}', 'a comma and the other member, or }'],
    ['another name', '{"key":"0a","val":""}', '"key" or "value"'],
    ['an escaped name', '{"\\u006bey":"0a","value":""}', '"key" or "value"'],
    ['no value', '{"key":"0a"}', 'a comma'],
    ['a key twice', '{"key":"0a","key":"0a"}', '"key" comes twice'],
    ['an odd digit', '{"key":"0a1","value":""}', 'odd number'],
    ['no hex digit', '{"key":"0g","value":""}', 'hex digits'],
    ['a number', '{"key":10,"value":""}', 'a string'],
    ['null', '{"key":"0a","value":null}', 'a string'],
    ['an array', '[{"key":"0a","value":""}]', '{'],
    ['a trailing comma', '{"key":"0a","value":"",}', '}'],
    ['a record over two lines', '{"key":"0a",\n"value":""}', 'the line ends'],
    ['a byte order mark', '\ufeff{"key":"0a","value":""}', '0xef'],
    ['a prefix 0x', '{"key":"0x0a","value":""}', 'hex digits'],
  ])('with %s is refused', (_, line, message) => {
    const good = '{"key":"05","value":""}\n\n';
    const error = failure(() => parseLines(good + line));
    expect(error.code).toBe('ELLIPTICSUM_MALFORMED_RECORD');
    expect(error.message).toContain(message);
    expect(error.details).toMatchObject({ recordNumber: 2, lineNumber: 3, recordOffset: good.length });
  });

  test('with two records in a line is refused', () => {
    expect(failure(() => parseLines('{"key":"05","value":""}\n{"key":"05","value":""} {'))).toMatchObject({
      code: 'ELLIPTICSUM_MALFORMED_RECORD',
      details: { recordNumber: 3, lineNumber: 2, byteOffset: 48 },
    });
  });

  test('names the byte where it cannot be read on', () => {
    expect(failure(() => parseLines('{"key":"05","value":"zz"}'))).toMatchObject({
      message: 'line 1, record 1, byte 21: expected hex digits, two a byte, found z',
      details: { byteOffset: 21, recordOffset: 0 },
    });
  });
});

describe('reading a record file', () => {
  test('takes chunks from any iterable, and cuts large ones', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) => record('05', 'ab'.repeat(index % 200)));
    const file = binaryFile(many);
    async function* slowly() {
      for (let at = 0; at < file.length; at += 100_000) yield file.subarray(at, at + 100_000);
    }
    const counts: number[] = [];
    for (const chunks of [[file], slowly()]) {
      for await (const { bytes, offsets } of readRecordFile(chunks)) {
        expect(bytes.length).toBeLessThanOrEqual(recordFileDefaults.maxBatchBytes);
        counts.push(offsets.length / 4);
      }
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60_000);
  });

  test.each([
    ['format', { format: 'csv' as 'binary' }, TypeError],
    ['maxKeyBytes', { maxKeyBytes: 0 }, RangeError],
    ['maxValueBytes', { maxValueBytes: 2 ** 30 + 1 }, RangeError],
    ['maxBatchBytes', { maxBatchBytes: 1.5 }, RangeError],
    ['maxBatchRecords', { maxBatchRecords: Number.NaN }, RangeError],
  ])('refuses a wrong %s', (name, options, kind) => {
    expect(() => createRecordParser(options)).toThrow(kind);
    expect(() => createRecordParser(options)).toThrow(name);
  });

  test('refuses chunks that are no bytes', async () => {
    const batches = readRecordFile(['text'] as unknown as Uint8Array[]);
    await expect(batches.next()).rejects.toThrow(TypeError);
  });
});

describe('the check of ascending keys', () => {
  const check = (...keys: string[]) => {
    const checker = new AscendingKeyCheck();
    const batches = parse(binaryFile(keys.map((key) => record(key, '00'))), { maxBatchRecords: 2 });
    for (const batch of batches) checker.check(batch);
  };

  test('passes keys that ascend, longer after their beginning', () => {
    check('00', '01', '0100', '010000', '0101', '02', 'ff', 'ffff');
  });

  test.each([
    ['equal keys', 2, ['01', '01']],
    ['equal keys of two batches', 3, ['01', '02', '02']],
    ['a smaller key', 4, ['01', '02', '03', '0200']],
    ['the beginning of the key before', 3, ['01', '0200', '02']],
  ])('refuses %s', (_, recordNumber, keys) => {
    expect(failure(() => check(...keys))).toMatchObject({
      code: 'ELLIPTICSUM_KEYS_NOT_ASCENDING',
      details: { recordNumber },
    });
  });
});
