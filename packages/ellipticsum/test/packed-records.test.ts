import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PackedRecords, packRecords, recordCount, unpackRecords } from '../src/index.js';

describe('packed records', () => {
  test('unpack to what was packed, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }))),
        (records) => {
          const packed = packRecords(records);
          expect(recordCount(packed)).toBe(records.length);
          const unpacked = [...unpackRecords(packed)];
          expect(unpacked.map((pair) => pair.map((bytes) => [...bytes]))).toEqual(
            records.map((pair) => pair.map((bytes) => [...bytes])),
          );
        },
      ),
    );
  });

  test('are copies, so one buffer may be used for record after record', () => {
    function* reusingOneBuffer(): Generator<[Uint8Array, Uint8Array]> {
      const buffer = new Uint8Array(2);
      for (let index = 0; index < 3; index++) yield [buffer.fill(index).subarray(0, 1), buffer.subarray(1)];
    }
    const keys = [...unpackRecords(packRecords(reusingOneBuffer()))].map(([key, value]) => [key[0], value[0]]);
    expect(keys).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  test('unpack to views, without copying', () => {
    const packed = packRecords([[Uint8Array.of(1), Uint8Array.of(2)]]);
    const [first] = [...unpackRecords(packed)];
    expect(first?.[0].buffer).toBe(packed.bytes.buffer);
    expect(first?.[1].buffer).toBe(packed.bytes.buffer);
  });

  test.each<[string, PackedRecords]>([
    ['not four offsets for each record', { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 1, 2) }],
    ['a key past the end', { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 5, 0, 1) }],
    ['a value past the end', { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 1, 4, 5) }],
    ['a key that ends before it starts', { bytes: new Uint8Array(4), offsets: Uint32Array.of(2, 1, 2, 3) }],
    ['a value that ends before it starts', { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 1, 4, 3) }],
    ['a bad last record', { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 1, 1, 2, 0, 1, 1, 9) }],
    ['offsets of another type', { bytes: new Uint8Array(4), offsets: [0, 1, 1, 2] as never }],
    ['bytes of another type', { bytes: [1, 2] as never, offsets: Uint32Array.of(0, 1, 1, 2) }],
  ])('with %s are refused before the first record', (_, packed) => {
    expect(() => unpackRecords(packed).next()).toThrow(expect.objectContaining({ code: 'ELLIPTICSUM_INVALID_BATCH' }));
  });

  test('an error names the record', () => {
    const packed = { bytes: new Uint8Array(4), offsets: Uint32Array.of(0, 1, 1, 2, 0, 1, 1, 9) };
    expect(() => unpackRecords(packed).next()).toThrow(expect.objectContaining({ details: { record: 1 } }));
  });

  test('are refused if a key or value is no Uint8Array', () => {
    expect(() => packRecords([['key' as never, new Uint8Array(0)]])).toThrow('key must be a Uint8Array');
    expect(() => packRecords([[new Uint8Array(0), undefined as never]])).toThrow('value must be a Uint8Array');
  });
});
