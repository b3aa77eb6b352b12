import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WriteList } from '../src/batch-draft.js';
import type { PackedRecords } from '../src/index.js';
import { stateKey } from '../src/layout.js';
import { putState } from '../src/state-writes.js';

const record = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 6 }),
  value: fc.uint8Array({ maxLength: 6 }),
  /** Bytes before the key, and between key and value. */
  gaps: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })),
});
type Record = typeof record extends fc.Arbitrary<infer T> ? T : never;

/** Records one after the other with gaps, or, where `order` says so, listed in another order than they lie in. */
function pack(records: readonly Record[], order: readonly number[]): PackedRecords {
  const bytes: number[] = [];
  const places = records.map(({ key, value, gaps: [before, between] }) => {
    bytes.push(...new Array<number>(before).fill(7));
    const keyStart = bytes.length;
    bytes.push(...key, ...new Array<number>(between).fill(9));
    const valueStart = bytes.length;
    bytes.push(...value);
    return [keyStart, keyStart + key.length, valueStart, bytes.length];
  });
  const listed = order.map((at) => places[at % places.length] ?? []);
  return { bytes: Uint8Array.from(bytes), offsets: Uint32Array.from(listed.flat()) };
}

describe('the writes of packed records', () => {
  test('are what one copy of each key and value would be, however the records lie, and share nothing with them', () => {
    const shuffled = fc.tuple(
      fc.array(record, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat({ max: 7 }), { maxLength: 8 }),
    );
    const inOrder = fc.array(record, { maxLength: 8 }).map((list) => [list, [...list.keys()]] as const);
    fc.assert(
      fc.property(fc.oneof(inOrder, shuffled), ([records, order]) => {
        const packed = pack(records, order);
        const expected = order.map((at) => {
          const { key, value } = records[at % records.length] as Record;
          return { type: 'put' as const, key: [...stateKey(key)], value: [...value] };
        });
        const list = new WriteList();
        putState(list, packed);
        packed.bytes.fill(0);
        const plain = list.writes.map((write) => ({
          ...write,
          key: [...write.key],
          value: 'value' in write ? [...write.value] : [],
        }));
        expect(plain).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
