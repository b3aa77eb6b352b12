import { ByteReader, ByteWriter, u32be, u64be } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { copyBytes } from './copy-bytes.js';
import { AncestralRecordsError } from './errors.js';
import { encodedSumBytes } from './hasher.js';
import type { RangeEntry } from './range.js';

/** Entries in every page of a manifest but the last. */
export const entriesPerPage = 1024;

const pageVersion = 1;
const pageDomain: Uint8Array = /* @__PURE__ */ new TextEncoder().encode('HS:page:v1');
const rootDomain: Uint8Array = /* @__PURE__ */ new TextEncoder().encode('HS:snapshot-root:v1');

/** Page bytes: version, number of entries, then per entry depth, start, count, bytes and sum. */
export function encodePage(entries: readonly RangeEntry[]): Uint8Array {
  const writer = new ByteWriter(5 + entries.length * 64).byte(pageVersion).u32be(entries.length);
  for (const { start, depth, count, bytes, sum } of entries) {
    writer.u32be(depth).bytes(start).u64be(count).u64be(bytes).bytes(sum);
  }
  return writer.finish();
}

/**
 * The entries of a page; what they say is not checked here.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST if the bytes are not exactly one page
 */
export function decodePage(page: Uint8Array, index: number): RangeEntry[] {
  const fail = (detail: string): AncestralRecordsError =>
    new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `manifest page ${index}: ${detail}`, {
      details: { page: index, reason: detail },
    });
  const reader = new ByteReader(page, (_problem, detail) => fail(detail));
  const version = reader.byte();
  if (version !== pageVersion) throw fail(`unknown version ${version}`);
  const length = reader.u32be();
  if (length > entriesPerPage) throw fail(`${length} entries are too many`);
  const number = (): number => {
    const value = reader.u64be();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fail(`${value} is too large`);
    return Number(value);
  };
  const entries: RangeEntry[] = [];
  for (let i = 0; i < length; i++) {
    const depth = reader.u32be();
    const start = copyBytes(reader.bytes(Math.ceil(depth / 8)));
    entries.push({ depth, start, count: number(), bytes: number(), sum: copyBytes(reader.bytes(encodedSumBytes)) });
  }
  reader.end();
  return entries;
}

/** SHA-256 of a manifest page under its own domain. */
export function pageHash(page: Uint8Array): Uint8Array {
  return sha256.create().update(pageDomain).update(page).digest();
}

/** What a header commits to: one hash over chain, height and the page hashes of the manifest. */
export function snapshotRoot(snapshot: {
  readonly identity: Uint8Array;
  readonly height: number;
  readonly pageHashes: readonly Uint8Array[];
}): Uint8Array {
  const { identity, height, pageHashes } = snapshot;
  if (identity.length !== 32) throw new TypeError('identity must be 32 bytes');
  const hash = sha256
    .create()
    .update(rootDomain)
    .update(identity)
    .update(u64be(height))
    .update(u32be(pageHashes.length));
  for (const page of pageHashes) {
    if (page.length !== 32) throw new TypeError('a page hash must be 32 bytes');
    hash.update(page);
  }
  return hash.digest();
}
