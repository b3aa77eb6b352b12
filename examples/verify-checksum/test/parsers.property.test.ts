import { packRecords, unpackRecords } from '@hs/ellipticsum';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRecordFile } from '../src/core/record-file.js';
import { parseRecordLines } from '../src/core/record-lines.js';
import { recordBytes } from './program.js';

type Parser = typeof parseRecordFile;
type TestRecord = readonly [key: Uint8Array, value: Uint8Array];

const record = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.uint8Array({ maxLength: 400 }));
const records = fc.array(record, { maxLength: 20 });
const cuts = fc.array(fc.nat(), { maxLength: 30 });

const asFile = (list: readonly TestRecord[]): Uint8Array =>
  Uint8Array.from(list.flatMap(([key, value]) => [...recordBytes(key, value)]));
const asLines = (list: readonly TestRecord[]): Uint8Array =>
  new TextEncoder().encode(
    list.map(([key, value]) => JSON.stringify({ key: hex(key), value: hex(value), note: 'ü' })).join('\n'),
  );

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

async function* inPieces(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (const [index, place] of sorted.entries()) yield bytes.subarray(place, sorted[index + 1] ?? bytes.length);
}

async function parseAll(parser: Parser, chunks: AsyncIterable<Uint8Array>): Promise<string[][]> {
  const found: string[][] = [];
  for await (const batch of parser(chunks)) for (const parts of unpackRecords(batch)) found.push(parts.map(hex));
  return found;
}

describe.each([
  ['record file', parseRecordFile, asFile],
  ['JSON lines', parseRecordLines, asLines],
] as const)('%s', (_name, parser, write) => {
  test('gives the same records however it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(records, cuts, async (list, places) => {
        const expected = list.map((parts) => parts.map(hex));
        expect(await parseAll(parser, inPieces(write(list), places))).toEqual(expected);
      }),
    );
  });

  test('gives records or a typed error for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), cuts, async (bytes, places) => {
        const outcome = await parseAll(parser, inPieces(bytes, places)).catch((error: { code?: string }) => error.code);
        expect(outcome === 'RECORD_INPUT' || Array.isArray(outcome)).toBe(true);
      }),
    );
  });

  test('asks for no more input while a batch is being hashed', async () => {
    const list: TestRecord[] = [[Uint8Array.of(5), Uint8Array.of(1)]];
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked++;
        yield Uint8Array.from([...write(list), ...(parser === parseRecordLines ? [10] : [])]);
      }
    };
    const batches = parser(endless());
    for (let batch = 1; batch <= 5; batch++) {
      expect((await batches.next()).value).toEqual(
        expect.objectContaining({ offsets: expect.objectContaining({ length: packRecords(list).offsets.length }) }),
      );
      expect(asked).toBe(batch);
    }
    await batches.return(undefined);
  });
});
