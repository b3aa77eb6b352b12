import { compareBytes } from '@hs/bytes';
import type { Manifest } from '../manifest.js';
import type { KeyInterval } from '../range.js';

/** An interval of the state: a range of the manifest, or a gap between two of them, which must be empty. */
export interface Region extends KeyInterval {
  /** Index of the range; undefined for a gap. */
  readonly range: number | undefined;
}

/** All ranges and gaps of a manifest, ascending, without holes: together they are the whole key space. */
export function regionsOf(manifest: Manifest): Region[] {
  const regions: Region[] = [];
  let startKey: Uint8Array | undefined = new Uint8Array(0);
  for (const index of manifest.entries.keys()) {
    const range = manifest.range(index);
    if (startKey !== undefined && compareBytes(startKey, range.startKey) < 0) {
      regions.push({ range: undefined, startKey, endKey: range.startKey });
    }
    regions.push({ range: index, ...range });
    startKey = range.endKey;
  }
  if (startKey !== undefined) regions.push({ range: undefined, startKey, endKey: undefined });
  return regions;
}
