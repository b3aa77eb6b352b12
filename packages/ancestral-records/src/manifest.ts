import { compareBytes } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import { AncestralRecordsError } from './errors.js';
import type { HashOptions, StateHasher } from './hasher.js';
import { decodePage, encodePage, entriesPerPage, pageHash, snapshotRoot } from './manifest-page.js';
import { combineGroups, joinSums } from './prefix-sums.js';
import { checkEntry, equalEntries, type KeyInterval, type RangeEntry, rangeInterval } from './range.js';

/** All ranges of one snapshot, ascending and disjoint; keys outside of them have no records. Immutable; bytes are shared, not copied. */
export class Manifest {
  readonly height: number;
  readonly entries: readonly RangeEntry[];
  /** Encoded entries, 1024 to a page; the manifest of an empty state has one page without entries. */
  readonly pages: readonly Uint8Array[];
  readonly pageHashes: readonly Uint8Array[];
  readonly totals: { readonly records: number; readonly bytes: number };

  private constructor(height: number, entries: readonly RangeEntry[], pages: readonly Uint8Array[]) {
    if (!Number.isSafeInteger(height) || height < 0) throw new RangeError('height must be a non-negative safe integer');
    let records = 0;
    let bytes = 0;
    for (const [index, entry] of entries.entries()) {
      checkEntry(entry, index, entries[index - 1]);
      records += entry.count;
      bytes += entry.bytes;
    }
    if (!Number.isSafeInteger(records) || !Number.isSafeInteger(bytes)) throw invalid('its totals are too large');
    this.height = height;
    this.entries = entries;
    this.pages = pages;
    this.pageHashes = pages.map(pageHash);
    this.totals = { records, bytes };
  }

  /**
   * A manifest of these entries, which must be ascending and disjoint.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST
   */
  static fromEntries(content: { readonly height: number; readonly entries: readonly RangeEntry[] }): Manifest {
    const entries = [...content.entries];
    const pages: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < entries.length; at += entriesPerPage) {
      pages.push(encodePage(entries.slice(at, at + entriesPerPage)));
    }
    return new Manifest(content.height, entries, pages);
  }

  /**
   * Strictly decodes pages: canonical bytes, ascending disjoint entries, every page but the last full.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST
   */
  static fromPages(content: { readonly height: number; readonly pages: readonly Uint8Array[] }): Manifest {
    const pages = [...content.pages];
    if (pages.length === 0) throw invalid('it has no page');
    const entries: RangeEntry[] = [];
    for (const [index, page] of pages.entries()) {
      const decoded = decodePage(page, index);
      const isLast = index === pages.length - 1;
      if (!isLast && decoded.length !== entriesPerPage) throw invalid(`page ${index} is not full`);
      if (isLast && index > 0 && decoded.length === 0) throw invalid('its last page is empty');
      for (const entry of decoded) entries.push(entry);
    }
    return new Manifest(content.height, entries, pages);
  }

  /** The snapshot root under the chain's identity (32 bytes). */
  root(identity: Uint8Array): Uint8Array {
    return snapshotRoot({ identity, height: this.height, pageHashes: this.pageHashes });
  }

  /** The interval of keys of the entry at `index`. @throws RangeError if there is none */
  range(index: number): KeyInterval {
    const entry = this.entries[index];
    if (entry === undefined) throw new RangeError(`the manifest has ${this.entries.length} ranges, none at ${index}`);
    return rangeInterval(entry);
  }

  /** Index of the entry with the same interval and the same content as `entry`; -1 if there is none. */
  indexOf(entry: RangeEntry): number {
    let low = 0;
    let high = this.entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const candidate = this.entries[middle] as RangeEntry;
      const order = compareBytes(candidate.start, entry.start);
      if (order === 0) return equalEntries(candidate, entry) ? middle : -1;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /**
   * Adds the sums of the ranges up to one checksum per prefix, ascending.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST if the hasher refuses one of the sums
   */
  async prefixChecksums(hasher: StateHasher, options: HashOptions = {}): Promise<Map<number, Uint8Array>> {
    const sums = await this.prefixSums(hasher, options);
    if (sums.size === 0) return new Map();
    const encoded = await hasher.encode(joinSums([...sums.values()]), options);
    return new Map([...sums.keys()].map((prefix, i) => [prefix, copyBytes(encoded.subarray(32 * i, 32 * i + 32))]));
  }

  /** As {@link prefixChecksums}, but uncompressed. */
  async prefixSums(hasher: StateHasher, options: HashOptions = {}): Promise<Map<number, Uint8Array>> {
    if (this.entries.length === 0) return new Map();
    let decoded: Uint8Array;
    try {
      decoded = await hasher.decode(joinSums(this.entries.map((entry) => entry.sum)), options);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw invalid('one of its sums is no valid encoding', cause);
    }
    return combineGroups(
      hasher,
      decoded,
      this.entries.map((entry) => entry.start[0] as number),
      options,
    );
  }
}

function invalid(reason: string, cause?: unknown): AncestralRecordsError {
  return new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `the manifest is not valid: ${reason}`, {
    details: { reason },
    cause,
  });
}
