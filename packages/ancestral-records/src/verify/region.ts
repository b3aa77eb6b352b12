import { compareBytes } from '@hs/bytes';
import type { Manifest } from '../manifest.js';
import type { KeyInterval } from '../range.js';

/** An interval of the state: a range of the manifest, or a gap between two of them, which must be empty. */
export interface Region extends KeyInterval {
  /** Index of the range; undefined for a gap. */
  readonly range: number | undefined;
}

/**
 * All ranges and gaps of a manifest, ascending, without holes: together they are the whole key space. Each lies in one
 * prefix, or in none of these.
 */
export function regionsOf(manifest: Manifest, prefixes: readonly number[]): Region[] {
  const regions: Region[] = [];
  const borders = [...new Set(prefixes.flatMap((prefix) => [prefix, prefix + 1]))]
    .filter((first) => first > 0 && first < 256)
    .sort((a, b) => a - b)
    .map((first) => Uint8Array.of(first));
  const gap = (from: Uint8Array, endKey: Uint8Array | undefined): void => {
    let startKey = from;
    for (const border of borders) {
      if (compareBytes(border, startKey) <= 0) continue;
      if (endKey !== undefined && compareBytes(border, endKey) >= 0) break;
      regions.push({ range: undefined, startKey, endKey: border });
      startKey = border;
    }
    regions.push({ range: undefined, startKey, endKey });
  };
  let end: Uint8Array | undefined = new Uint8Array(0);
  for (const index of manifest.entries.keys()) {
    const range = manifest.range(index);
    if (end !== undefined && compareBytes(end, range.startKey) < 0) gap(end, range.startKey);
    regions.push({ range: index, ...range });
    end = range.endKey;
  }
  if (end !== undefined) gap(end, undefined);
  return regions;
}

/** The prefix that a region lies in, if it is one of those of the state. */
export function prefixOf({ startKey }: Region): number {
  return startKey[0] ?? 0;
}
