import type { StoreContext } from '../context.js';
import { Manifest } from '../manifest.js';
import { summariesOf } from '../manifest-summaries.js';
import type { RangeEntry } from '../range.js';
import type { RegionDamage, Tally } from './check-regions.js';
import { prefixOf, type Region } from './region.js';

/** Count, bytes and uncompressed sum of the records of a prefix. */
export type Total = Pick<Tally, 'count' | 'bytes' | 'sum'>;

/**
 * What the records of a snapshot, as they were read, add up to, per prefix: the totals of the manifest, with what was read in
 * damaged regions in place of what should be there. A prefix with a region that could not be read is left out.
 */
export async function actualTotals(
  context: StoreContext,
  checked: {
    readonly manifest: Manifest;
    readonly totals: ReadonlyMap<number, Total>;
    readonly regions: readonly Region[];
    readonly damage: ReadonlyMap<number, RegionDamage>;
  },
): Promise<Map<number, Total>> {
  const { manifest, totals, regions, damage } = checked;
  const none: Total = { count: 0, bytes: 0, sum: undefined };
  const actual = new Map<number, Total>();
  for (const prefix of context.parameters.statePrefixes) actual.set(prefix, totals.get(prefix) ?? none);
  const replaced = new Map<number, RegionDamage[]>();
  const replacedRanges = new Set<number>();
  for (const [position, found] of damage) {
    const region = regions[position] as Region;
    if (found.reason === 'inconsistent') continue;
    const prefix = prefixOf(region);
    replaced.set(prefix, [...(replaced.get(prefix) ?? []), found]);
    if (region.range !== undefined) replacedRanges.add(region.range);
  }
  for (const [prefix, regionsOfPrefix] of replaced) {
    if (!actual.has(prefix)) continue;
    if (regionsOfPrefix.some(({ tally }) => tally === undefined)) {
      actual.delete(prefix);
      continue;
    }
    const entries = manifest.entries.filter((entry: RangeEntry, index) => {
      return entry.start[0] === prefix && !replacedRanges.has(index);
    });
    const kept = await summariesOf(context, Manifest.fromEntries({ height: manifest.height, entries }));
    let total: Total = kept.get(prefix) ?? none;
    for (const { tally } of regionsOfPrefix) total = await plus(context, total, tally ?? none);
    actual.set(prefix, total);
  }
  return actual;
}

async function plus({ hasher }: StoreContext, a: Total, b: Total): Promise<Total> {
  const sum = a.sum === undefined || b.sum === undefined ? (a.sum ?? b.sum) : await hasher.combine(a.sum, b.sum);
  return { count: a.count + b.count, bytes: a.bytes + b.bytes, sum };
}
