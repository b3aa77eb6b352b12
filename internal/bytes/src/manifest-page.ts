import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { concatBytes } from './compare.js';
import { u32be, u64be } from './integers.js';

/** One range of a manifest: the records whose keys, read as bits padded with zeros, begin with `depth` bits of `start`. */
export interface ManifestEntry {
  readonly start: Uint8Array;
  readonly depth: number;
  readonly count: number;
  readonly bytes: number;
  readonly sum: Uint8Array;
}

/** SHA-256 of one message; passed in, because this folder has no dependencies. */
export type Sha256 = (message: Uint8Array) => Uint8Array;

/** Entries in every page of a manifest but the last. */
export const entriesPerManifestPage = 1024;

const pageVersion = 1;
const sumBytes = 32;
const pageDomain: Uint8Array = /* @__PURE__ */ new TextEncoder().encode('HS:page:v1');
const rootDomain: Uint8Array = /* @__PURE__ */ new TextEncoder().encode('HS:snapshot-root:v1');

/** Page bytes: version, number of entries, then per entry depth, start, count, bytes and sum. */
export function encodeManifestPage(entries: readonly ManifestEntry[]): Uint8Array {
  const writer = new ByteWriter(5 + entries.length * 64).byte(pageVersion).u32be(entries.length);
  for (const { start, depth, count, bytes, sum } of entries) {
    writer.u32be(depth).bytes(start).u64be(count).u64be(bytes).bytes(sum);
  }
  return writer.finish();
}

/** The entries of exactly one page, as copies; what they say is not checked here. */
export function decodeManifestPage(page: Uint8Array, fail: (detail: string) => Error): ManifestEntry[] {
  const reader = new ByteReader(page, (_problem, detail) => fail(detail));
  const version = reader.byte();
  if (version !== pageVersion) throw fail(`unknown version ${version}`);
  const length = reader.u32be();
  if (length > entriesPerManifestPage) throw fail(`${length} entries are too many`);
  const number = (): number => {
    const value = reader.u64be();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fail(`${value} is too large`);
    return Number(value);
  };
  const entries: ManifestEntry[] = [];
  for (let i = 0; i < length; i++) {
    const depth = reader.u32be();
    const start = new Uint8Array(reader.bytes(Math.ceil(depth / 8)));
    entries.push({ depth, start, count: number(), bytes: number(), sum: new Uint8Array(reader.bytes(sumBytes)) });
  }
  reader.end();
  return entries;
}

/** SHA-256 of a manifest page under its own domain. */
export function manifestPageHash(page: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(pageDomain, page));
}

/** One hash over chain, height and the page hashes of a manifest: its snapshot root. Identity and hashes have 32 bytes. */
export function manifestRoot(
  snapshot: {
    readonly identity: Uint8Array;
    readonly height: number;
    readonly pageHashes: readonly Uint8Array[];
  },
  sha256: Sha256,
): Uint8Array {
  const { identity, height, pageHashes } = snapshot;
  return sha256(concatBytes(rootDomain, identity, u64be(height), u32be(pageHashes.length), ...pageHashes));
}
