import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cellStages, maxCells, StateMap, stageBits } from '../src/activity/state-map.js';

type MoveType = 'received' | 'proved' | 'committed' | 'refuted' | 'dropped';

const entryAt = (index: number, prefixes: number) => ({
  start: Uint8Array.of(Math.floor((index * prefixes) / 256), index & 255),
  depth: 16,
  count: index + 1,
  bytes: 10 * (index + 1),
  sum: new Uint8Array(32),
});

const step = fc.oneof(
  fc.record({
    type: fc.constantFrom('asked' as const, 'answered' as const),
    firstRange: fc.nat(39),
    rangeCount: fc.integer({ min: 1, max: 6 }),
    peer: fc.constantFrom('a', 'b', 'c'),
  }),
  fc.record({
    type: fc.constantFrom<MoveType>('received', 'proved', 'committed', 'refuted', 'dropped'),
    range: fc.nat(39),
    peer: fc.constantFrom('a', 'b', 'c'),
  }),
);

/** The codes of all cells, from pairs of how many and which. */
function codesOf(runs: readonly number[]): number[] {
  const codes: number[] = [];
  for (let i = 0; i < runs.length; i += 2) for (let n = 0; n < (runs[i] ?? 0); n++) codes.push(runs[i + 1] ?? -1);
  return codes;
}

describe('the map of the state', () => {
  test('a reader that applies changes by version always sees the whole map', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.array(fc.boolean(), { maxLength: 80 }), (steps, reads) => {
        const entries = Array.from({ length: 40 }, (_, index) => entryAt(index, 3));
        const map = new StateMap({ height: 7, entries, isCommitted: (range) => range % 11 === 0 });
        const seen = codesOf(map.runs());
        let version = map.version;
        for (const [index, event] of steps.entries()) {
          if ('range' in event) map.moved(event);
          else map.asked({ ...event, rangeCount: Math.min(event.rangeCount, 40 - event.firstRange) });
          if (reads[index] !== true) continue;
          const changes = map.changesSince(version);
          version = map.version;
          for (let i = 0; i < changes.length; i += 3) {
            const [cell = 0, count = 0, code = 0] = changes.slice(i, i + 3);
            seen.fill(code, cell, cell + count);
          }
          expect(seen).toEqual(codesOf(map.runs()));
        }
        const committed = codesOf(map.runs()).filter((code) => (code & 7) === cellStages.committed).length;
        expect(map.committed).toBe(committed);
        const prefixes = map.prefixes();
        expect(prefixes.reduce((sum, prefix) => sum + prefix.committed, 0)).toBe(committed);
        expect(prefixes.reduce((sum, prefix) => sum + prefix.ranges, 0)).toBe(40);
      }),
    );
  });

  test('what is committed stays so, with the peer that delivered it', () => {
    const entries = Array.from({ length: 4 }, (_, index) => entryAt(index, 1));
    const map = new StateMap({ height: 7, entries, isCommitted: () => false });
    map.asked({ type: 'asked', peer: 'x', firstRange: 0, rangeCount: 2 });
    map.moved({ type: 'received', peer: 'x', range: 1 });
    map.asked({ type: 'answered', peer: 'x', firstRange: 0, rangeCount: 2 });
    expect(map.describe(0)).toMatchObject({ stage: 'missing', peer: undefined, records: 1, bytes: 10 });
    map.moved({ type: 'proved', peer: 'x', range: 1 });
    map.moved({ type: 'committed', peer: 'x', range: 1 });
    map.moved({ type: 'refuted', peer: 'y', range: 2 });
    map.asked({ type: 'asked', peer: 'y', firstRange: 1, rangeCount: 1 });
    map.moved({ type: 'dropped', peer: 'y', range: 1 });
    expect(map.describe(1)).toMatchObject({ stage: 'committed', peer: 'x' });
    expect(map.describe(2)).toMatchObject({ stage: 'refuted', peer: 'y' });
    expect(map.describe(4)).toBeUndefined();
  });

  test('a range asked of two peers is missing only when both have answered', () => {
    const map = new StateMap({ height: 7, entries: [entryAt(0, 1)], isCommitted: () => false });
    const span = { firstRange: 0, rangeCount: 1 };
    map.asked({ type: 'asked', peer: 'x', ...span });
    map.asked({ type: 'asked', peer: 'y', ...span });
    map.asked({ type: 'answered', peer: 'y', ...span });
    expect(map.describe(0)?.stage).toBe('asked');
    map.asked({ type: 'answered', peer: 'x', ...span });
    expect(map.describe(0)?.stage).toBe('missing');
  });

  test('more ranges than cells share them, and a cell is as far as its last range', () => {
    const entries = Array.from({ length: maxCells + 1 }, (_, index) => entryAt(index & 255, 1));
    const map = new StateMap({ height: 7, entries, isCommitted: () => false });
    expect([map.rangesPerCell, map.cells]).toEqual([2, maxCells / 2 + 1]);
    map.moved({ type: 'committed', peer: 'x', range: 0 });
    expect(map.codeOf(0)).toBe(cellStages.missing);
    map.moved({ type: 'committed', peer: 'x', range: 1 });
    expect(map.codeOf(0)).toBe(cellStages.committed + (1 << stageBits));
    expect(map.runs()).toEqual([1, cellStages.committed + (1 << stageBits), map.cells - 1, cellStages.missing]);
  });
});
