import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unpackRecords } from '../src/index.js';
import { createRecordParser, type RecordBatch, type RecordFileOptions } from '../src/record-file/index.js';
import { binaryFile, jsonLinesFile, toHex } from './record-files.js';

const writers = { binary: binaryFile, jsonl: jsonLinesFile };
const format = fc.constantFrom('binary' as const, 'jsonl' as const);
const records = fc.array(
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 140 }), fc.uint8Array({ minLength: 0, maxLength: 300 })),
  { maxLength: 40 },
);
const limits = fc.record({
  maxBatchBytes: fc.integer({ min: 1, max: 2000 }),
  maxBatchRecords: fc.integer({ min: 1, max: 20 }),
});
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 60 });

/** Pushes a file in pieces of these sizes, again and again; the rest at once. */
function parse(file: Uint8Array, options: RecordFileOptions, sizes: readonly number[]): RecordBatch[] {
  const parser = createRecordParser(options);
  const batches: RecordBatch[] = [];
  let at = 0;
  for (const size of sizes) {
    const piece = file.slice(at, at + size);
    batches.push(...parser.push(piece));
    piece.fill(0xff);
    at += size;
  }
  return [...batches, ...parser.push(file.subarray(at)), ...parser.finish()];
}

/** Everything a parser says about a file: its records, or its error. */
function outcome(file: Uint8Array, options: RecordFileOptions, sizes: readonly number[]): unknown {
  try {
    const batches = parse(file, options, sizes);
    return batches.flatMap((batch) => [...unpackRecords(batch)].map(([key, value]) => [toHex(key), toHex(value)]));
  } catch (error) {
    const { code, message, details } = error as { code?: string; message: string; details: object };
    if (!code?.startsWith('ELLIPTICSUM_')) throw error;
    return { code, message, details };
  }
}

describe('parsers of record files', () => {
  test('give the records that were written, however the file is cut and whatever the size of batches', () => {
    fc.assert(
      fc.property(format, records, limits, cuts, (kind, list, sizes, pieces) => {
        const options = { format: kind, ...sizes };
        const batches = parse(writers[kind](list), options, pieces);
        const read = batches.flatMap((batch) => [...unpackRecords(batch)].map((pair) => pair.map(toHex)));
        expect(read).toEqual(list.map((pair) => pair.map(toHex)));
        for (const { bytes, offsets } of batches) {
          expect(offsets.length).toBeLessThanOrEqual(4 * sizes.maxBatchRecords);
          if (offsets.length > 4) expect(bytes.length).toBeLessThanOrEqual(sizes.maxBatchBytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('say the same about a damaged file, records or error and place, however it is cut', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(format, records, damage, fc.nat(), cuts, limits, (kind, list, changes, end, pieces, sizes) => {
        const file = writers[kind](list);
        for (const [at, byte] of changes) if (file.length > 0) file[at % file.length] = byte;
        const cut = file.subarray(0, end % 3 === 0 ? end % (file.length + 1) : file.length);
        const whole = outcome(cut, { format: kind, maxValueBytes: 5000 }, []);
        expect(outcome(cut, { format: kind, maxValueBytes: 5000, ...sizes }, pieces)).toEqual(whole);
        expect(outcome(cut, { format: kind, maxValueBytes: 5000 }, Array(cut.length).fill(1))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('give records or a typed error for any bytes', () => {
    const text = fc.array(fc.constantFrom(...'{}",:\n 0aFg', '"key"', '"value"', '{"key":"', '"}\n'), {
      maxLength: 60,
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map((parts) => new TextEncoder().encode(parts.join(''))),
    );
    fc.assert(
      fc.property(format, bytes, cuts, (kind, file, pieces) => {
        const whole = outcome(file, { format: kind }, []);
        expect(outcome(file, { format: kind }, pieces)).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  test('of JSON lines accept a line only if JSON.parse gives the same key and value', () => {
    const member = fc.constantFrom('"key":"0a"', '"key":"0A"', '"value":"FF"', '"value":""', '"key":""', '"x":1');
    const line = fc
      .tuple(
        fc.oneof(fc.tuple(member, member), fc.array(member, { maxLength: 3 })),
        fc.constantFrom(', ', ',', ' ', ',,'),
        fc.constantFrom('', ' ', ','),
      )
      .map(([members, separator, end]) => `{${members.join(separator)}${end}}`);
    let accepted = 0;
    fc.assert(
      fc.property(line, (text) => {
        const result = outcome(new TextEncoder().encode(text), { format: 'jsonl' }, []);
        if (!Array.isArray(result)) return;
        accepted++;
        const { key, value, ...rest } = JSON.parse(text);
        expect(result).toEqual([[key.toLowerCase(), value.toLowerCase()]]);
        expect(rest).toEqual({});
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});
