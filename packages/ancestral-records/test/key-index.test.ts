import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyIndex, noEntry, noSlot } from '../src/key-index.js';

/** An index of `slotCount` places over a list of keys: the number of an entry is where its key is in the list. */
function openIndex(keys: readonly string[], slotCount: number, maxProbes?: number): KeyIndex {
  return new KeyIndex({ hasKey: (entry, keyText) => keys[entry] === keyText }, slotCount, maxProbes);
}

describe('an index of keys', () => {
  test('tells keys apart that have one hash', () => {
    const keys = ['a', 'b', 'c'];
    const index = openIndex(keys, 8);
    for (const entry of keys.keys()) expect(index.add(entry, 7)).toBe(true);
    for (const [entry, key] of keys.entries()) expect(index.entryAt(index.find(key, 7))).toBe(entry);
    expect(index.find('d', 7)).toBe(noSlot);
    index.remove(index.find('a', 7));
    expect(index.find('a', 7)).toBe(noSlot);
    expect(index.entryAt(index.find('c', 7))).toBe(2);
  });

  test('finds what a plain map has, whatever comes and goes, also where it is crowded', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 30 }), hash: fc.integer({ min: 0, max: 15 }) });
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(3, 5, 256), fc.array(step, { minLength: 20, maxLength: 300 }), (maxProbes, steps) => {
        const keys = Array.from({ length: 31 }, (_, i) => `key ${i}`);
        const index = openIndex(keys, 16, maxProbes);
        const model = new Map<number, number>();
        for (const { key, hash } of steps) {
          const known = model.get(key);
          if (known !== undefined) {
            expect(index.findEntry(key, known)).toBe(index.find(keys[key] as string, known));
            index.remove(index.findEntry(key, known));
            model.delete(key);
          } else if (model.size < 13) {
            if (index.add(key, hash)) model.set(key, hash);
            else refused++;
          }
          expect(index.size).toBe(model.size);
          for (const [entry, itsHash] of model) {
            const slot = index.find(keys[entry] as string, itsHash);
            if (slot === noSlot || index.entryAt(slot) !== entry) throw new Error(`key ${entry} is lost`);
          }
        }
        const used = Array.from({ length: 16 }, (_, slot) => index.entryAt(slot)).filter((entry) => entry !== noEntry);
        expect(used.sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
      }),
      { numRuns: 100 },
    );
    expect(refused).toBeGreaterThan(20);
  });
});
