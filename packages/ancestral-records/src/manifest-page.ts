import {
  decodeManifestPage,
  encodeManifestPage,
  entriesPerManifestPage,
  manifestPageHash,
  manifestRoot,
} from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { AncestralRecordsError } from './errors.js';
import type { RangeEntry } from './range.js';

/** Entries in every page of a manifest but the last. */
export const entriesPerPage: number = entriesPerManifestPage;

/** Page bytes: version, number of entries, then per entry depth, start, count, bytes and sum. */
export function encodePage(entries: readonly RangeEntry[]): Uint8Array {
  return encodeManifestPage(entries);
}

/**
 * The entries of a page; what they say is not checked here.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST if the bytes are not exactly one page
 */
export function decodePage(page: Uint8Array, index: number): RangeEntry[] {
  return decodeManifestPage(page, (reason) => {
    return new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `manifest page ${index}: ${reason}`, {
      details: { page: index, reason },
    });
  });
}

/** SHA-256 of a manifest page under its own domain. */
export function pageHash(page: Uint8Array): Uint8Array {
  return manifestPageHash(page, sha256);
}

/** What a header commits to: one hash over chain, height and the page hashes of the manifest. */
export function snapshotRoot(snapshot: {
  readonly identity: Uint8Array;
  readonly height: number;
  readonly pageHashes: readonly Uint8Array[];
}): Uint8Array {
  if (snapshot.identity.length !== 32) throw new TypeError('identity must be 32 bytes');
  if (snapshot.pageHashes.some((page) => page.length !== 32)) throw new TypeError('a page hash must be 32 bytes');
  return manifestRoot(snapshot, sha256);
}
