import { compareBytes } from './compare.js';
import { decodeManifestPage, entriesPerManifestPage, type ManifestEntry } from './manifest-page.js';

/** Most bits a range can fix: no key is longer than 65,535 bytes. */
export const maxRangeDepth: number = 8 * 65_535;

/** All entries of a manifest's pages, strictly: canonical pages, ascending disjoint entries, every page but the last full. */
export function decodeManifestPages(
  pages: readonly Uint8Array[],
  fail: (detail: string, page?: number) => Error,
): ManifestEntry[] {
  if (pages.length === 0) throw fail('it has no page');
  const entries: ManifestEntry[] = [];
  let records = 0;
  let bytes = 0;
  for (const [index, page] of pages.entries()) {
    const decoded = decodeManifestPage(page, (detail) => fail(`page ${index}: ${detail}`, index));
    const isLast = index === pages.length - 1;
    if (!isLast && decoded.length !== entriesPerManifestPage) throw fail(`page ${index} is not full`, index);
    if (isLast && index > 0 && decoded.length === 0) throw fail('its last page is empty', index);
    for (const entry of decoded) {
      const problem = manifestEntryProblem(entry, entries[entries.length - 1]);
      if (problem !== undefined) throw fail(`entry ${entries.length}: ${problem}`, index);
      entries.push(entry);
      records += entry.count;
      bytes += entry.bytes;
    }
  }
  if (!Number.isSafeInteger(records) || !Number.isSafeInteger(bytes)) throw fail('its totals are too large');
  return entries;
}

/** What is wrong with an entry by itself or after the one before it; undefined if nothing is. */
export function manifestEntryProblem(entry: ManifestEntry, previous: ManifestEntry | undefined): string | undefined {
  const { start, depth, count, bytes, sum } = entry;
  if (!Number.isSafeInteger(depth) || depth < 8 || depth > maxRangeDepth) return 'depth out of range';
  if (start.length !== Math.ceil(depth / 8)) return 'start and depth do not fit';
  const unused = 8 * start.length - depth;
  if (((start[start.length - 1] as number) & ((1 << unused) - 1)) !== 0) return 'bits after the depth';
  if (!Number.isSafeInteger(count) || count < 1) return 'a range without records';
  if (!Number.isSafeInteger(bytes) || bytes < count) return 'fewer bytes than records';
  if (sum.length !== 32) return 'a sum that is not 32 bytes';
  if (previous === undefined) return undefined;
  const previousEnd = rangeEnd(previous.start, previous.depth);
  const isAfter = previousEnd !== undefined && compareBytes(previousEnd, withoutTrailingZeros(start)) <= 0;
  return isAfter ? undefined : 'it overlaps or precedes the range before it';
}

/**
 * The smallest key after all keys of a range, without trailing zeros, which a shorter key in the next range may lack;
 * undefined if the range reaches to the end of all keys.
 */
export function rangeEnd(start: Uint8Array, depth: number): Uint8Array | undefined {
  const end = new Uint8Array(start);
  let carry = 1 << (7 - ((depth - 1) & 7));
  for (let i = end.length - 1; i >= 0 && carry !== 0; i--) {
    const sum = (end[i] as number) + carry;
    end[i] = sum & 0xff;
    carry = sum >> 8;
  }
  return carry === 0 ? withoutTrailingZeros(end) : undefined;
}

/** A copy without zeros at the end; one byte always stays. */
export function withoutTrailingZeros(key: Uint8Array): Uint8Array {
  let length = key.length;
  while (length > 1 && key[length - 1] === 0) length--;
  return new Uint8Array(key.subarray(0, length));
}
