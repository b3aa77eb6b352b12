import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Manifest, repairState, type StateStore, storeSource, verifyState } from '../src/index.js';
import { damage, dump, grow, longStore, smallRanges } from './support/long-store.js';
import { bytes, fromHex, hex, readAll } from './support/plain-state.js';
import { classicDatabase, memoryDatabase, openStore } from './support/stores.js';

/** Damage to records of the state, or to ancestral records, by the place of the record among all of them. */
const anyDamage = fc.record({
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  isAncestral: fc.boolean(),
  kind: fc.constantFrom('alter', 'remove', 'add' as const),
  value: fc.uint8Array({ minLength: 0, maxLength: 6 }),
});

async function apply(
  database: Parameters<typeof dump>[0],
  { place, isAncestral, kind, value }: { place: number; isAncestral: boolean; kind: string; value: Uint8Array },
): Promise<void> {
  const keys = [...(await dump(database, isAncestral ? 3 : 2, isAncestral ? 3 : 2)).keys()];
  if (keys.length === 0) return;
  const key = fromHex(keys[Math.floor(place * keys.length)] as string);
  const stored = isAncestral ? bytes((value[0] ?? 0) & 1, ...((value[0] ?? 0) & 1 ? value : [])) : value;
  if (kind === 'remove') await damage(database, key, undefined);
  else await damage(database, kind === 'alter' ? key : bytes(...key, value[0] ?? 0), stored);
}

/** Ranges, and gaps by their first key, whose records differ from those of an intact copy. */
function differing(manifest: Manifest, is: readonly [string, string][], should: readonly [string, string][]): number[] {
  const within = (all: readonly [string, string][], index: number): string => {
    const { startKey, endKey } = manifest.range(index);
    const [start, end] = [hex(startKey), endKey && hex(endKey)];
    return JSON.stringify(all.filter(([key]) => key >= start && (end === undefined || key < end)));
  };
  return [...manifest.entries.keys()].filter((index) => within(is, index) !== within(should, index));
}

function differingPrefixes(is: readonly [string, string][], should: readonly [string, string][]): number[] {
  const under = (all: readonly [string, string][], prefix: number): string => {
    return JSON.stringify(all.filter(([key]) => fromHex(key)[0] === prefix));
  };
  return smallRanges.statePrefixes.filter((prefix) => under(is, prefix) !== under(should, prefix));
}

async function check(
  make: typeof classicDatabase,
  damages: readonly Parameters<typeof apply>[1][],
  size: { records: number; height: number },
): Promise<void> {
  const kind = await make();
  const database = await kind.open();
  const intact = await longStore(await memoryDatabase().open(), size);
  let store: StateStore = await longStore(database, size);
  try {
    await store.close();
    for (const each of damages) await apply(database, each);
    store = await openStore(database, { parameters: smallRanges });
    const newest = store.snapshots().at(-1)?.height as number;
    const manifest = await intact.manifest(newest);
    const [is, should] = [await readAll(store, newest), await readAll(intact, newest)];
    const report = await verifyState(store);
    expect(report.damagedRanges.map(({ index }) => index)).toEqual(differing(manifest, is, should));
    const sum = report.damagedRanges.length + report.damagedGaps.length;
    expect(sum > 0).toBe(JSON.stringify(is) !== JSON.stringify(should));
    const [tip, rightTip] = [await readAll(store, size.height), await readAll(intact, size.height)];
    expect(report.unverifiedPrefixes).toEqual([]);
    expect(report.damagedPrefixes.map(({ prefix }) => prefix)).toEqual(differingPrefixes(tip, rightTip));
    const repaired = await repairState(store, { source: storeSource(intact, manifest) });
    expect(repaired.outcome === 'clean').toBe(report.isClean);
    expect(await readAll(store, newest)).toEqual(should);
    await grow(store, size.height, size.records);
    expect(await readAll(store, size.height)).toEqual(await readAll(intact, size.height));
    expect(store.stateRoot()).toEqual(intact.stateRoot());
    expect(await verifyState(store)).toMatchObject({ isClean: true, tipHeight: size.height });
  } finally {
    await store.close();
    await intact.close();
    await database.close();
    await kind.remove();
  }
}

const sizes = fc.record({ records: fc.constantFrom(7, 60), height: fc.constantFrom(5, 8, 10) });

describe('after any damage to records', () => {
  test('verification names exactly the ranges that differ, and repair restores them or goes back to the snapshot', async () => {
    const property = fc.asyncProperty(fc.array(anyDamage, { minLength: 1, maxLength: 6 }), sizes, (damages, size) => {
      return check(async () => memoryDatabase(), damages, size);
    });
    await fc.assert(property, { numRuns: 25 });
  });

  test('so it does on a database with files', async () => {
    const property = fc.asyncProperty(fc.array(anyDamage, { minLength: 1, maxLength: 6 }), sizes, (damages, size) => {
      return check(classicDatabase, damages, size);
    });
    await fc.assert(property, { numRuns: 5 });
  });
});
