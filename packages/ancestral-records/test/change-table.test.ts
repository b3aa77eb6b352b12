import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChangeTable } from '../src/change-table.js';
import type { StoreContext } from '../src/context.js';
import { parameters } from './support/stores.js';

const context = { parameters: parameters({}) } as StoreContext;

/** Few different bytes, so that keys are prefixes of each other and share their heads. */
const keys = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(5, 6, 255), fc.array(fc.constantFrom(0, 1, 255), { maxLength: 9 }))
    .map(([prefix, rest]) => Buffer.from([prefix, ...rest]).toString('hex')),
  { maxLength: 300, size: 'max' },
);

test('rows are in the order of the bytes of their keys', () => {
  fc.assert(
    fc.property(keys, (chosen) => {
      const changes = chosen.map((hex) => ({ key: Buffer.from(hex, 'hex'), value: undefined }));
      const table = new ChangeTable(context, changes);
      const ordered = [...table.order()].map((row) =>
        Buffer.from(table.texts[row] as string, 'latin1').toString('hex'),
      );
      expect(ordered).toEqual([...chosen].sort());
    }),
    { numRuns: 200 },
  );
});

test.each([0, 4])(
  'so are many rows, whose numbers have room for a part of the head, with %i bytes in common',
  (common) => {
    const count = 70_000;
    const changes = Array.from({ length: count }, (_, i) => {
      const key = Buffer.alloc(9, 255);
      key[0] = [5, 6, 9, 255][common === 0 ? i % 4 : 3] as number;
      key.writeUInt32BE(Math.imul(i, 0x9e3779b1) >>> 0, 1 + common);
      return { key, value: undefined };
    });
    const table = new ChangeTable(context, changes);
    const ordered = [...table.order()].map((row) => table.texts[row] as string);
    expect(ordered).toEqual(changes.map(({ key }) => key.toString('latin1')).sort());
  },
);
