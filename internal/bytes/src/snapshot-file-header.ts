import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { concatBytes, equalBytes, hasPrefix } from './compare.js';
import { type ManifestEntry, manifestPageHash, manifestRoot, type Sha256 } from './manifest-page.js';
import type { FailSnapshotFile, SnapshotFileLimits } from './snapshot-file-problem.js';

/**
 * First bytes of every snapshot file. No record file begins with a zero (an empty key), no text with any of it, and
 * whatever translates line ends breaks it.
 */
export const snapshotFileMagic: Uint8Array = /* @__PURE__ */ Uint8Array.of(0, 0x48, 0x53, 0x53, 0x0d, 0x0a, 0x1a, 0x0a);

/** The version written, and the only one read. */
export const snapshotFileVersion = 1;

const fieldBytes = 125;
/** Length of the part whose size never varies. */
export const snapshotFileHeaderBytes: number = fieldBytes + 32;
/** Bytes for each page in the table that follows: length and hash. */
export const pageTableRowBytes = 36;

const headerDomain: Uint8Array = /* @__PURE__ */ new TextEncoder().encode('HS:snapshot-file:v1');

/** What a snapshot file says of itself at its beginning. */
export interface SnapshotFileHeader {
  /** The chain's identity. */
  readonly identity: Uint8Array;
  readonly height: number;
  readonly stateRoot: Uint8Array;
  readonly snapshotRoot: Uint8Array;
  readonly pageCount: number;
  /** Length of the whole file. */
  readonly fileBytes: number;
}

/** The beginning of a file: header, table of pages, manifest. */
export interface SnapshotFileHead<Manifest> extends SnapshotFileHeader {
  readonly manifest: Manifest;
  /** For each range where its block begins, and the end of the file. */
  readonly offsets: Float64Array;
}

/** True if these bytes, of which eight are enough, begin a snapshot file of any version. */
export function isSnapshotFileStart(bytes: Uint8Array): boolean {
  return hasPrefix(bytes, snapshotFileMagic);
}

/** The beginning of a file: header, table of pages and pages. */
export function encodeSnapshotFileHead(
  content: Pick<SnapshotFileHeader, 'identity' | 'height' | 'stateRoot' | 'snapshotRoot'> & {
    readonly pages: readonly Uint8Array[];
    readonly entries: readonly ManifestEntry[];
  },
  sha256: Sha256,
): Uint8Array {
  const { identity, height, stateRoot, snapshotRoot, pages, entries } = content;
  const headBytes = snapshotFileHeaderBytes + pages.reduce((sum, page) => sum + pageTableRowBytes + page.length, 0);
  const fileBytes = blockOffsets(headBytes, entries)[entries.length] as number;
  const fields = new ByteWriter(fieldBytes)
    .bytes(snapshotFileMagic)
    .byte(snapshotFileVersion)
    .bytes(identity)
    .u64be(height)
    .bytes(stateRoot)
    .bytes(snapshotRoot)
    .u32be(pages.length)
    .u64be(fileBytes)
    .finish();
  const writer = new ByteWriter(headBytes).bytes(fields).bytes(headerHash(fields, sha256));
  for (const page of pages) writer.u32be(page.length).bytes(manifestPageHash(page, sha256));
  for (const page of pages) writer.bytes(page);
  return writer.finish();
}

/**
 * Reads and checks the beginning of a file through `take`, which gives the next bytes, fewer than asked for only at the
 * end. Everything up to the ranges is checked against the snapshot root; of the state root only that it is what was written.
 */
export async function readSnapshotFileHead<Manifest extends { readonly entries: readonly ManifestEntry[] }>(
  take: (length: number) => Promise<Uint8Array>,
  options: {
    readonly sha256: Sha256;
    readonly fail: FailSnapshotFile;
    readonly limits: SnapshotFileLimits;
    readonly decode: (content: { readonly height: number; readonly pages: readonly Uint8Array[] }) => Manifest;
  },
): Promise<SnapshotFileHead<Manifest>> {
  const { sha256, fail, limits, decode } = options;
  const header = decodeHeader(await take(snapshotFileHeaderBytes), sha256, fail);
  const takeAll = async (length: number): Promise<Uint8Array> => {
    const bytes = await take(length);
    if (bytes.length < length) throw fail({ problem: 'truncated', detail: 'it ends within its manifest' });
    return bytes;
  };
  let manifestBytes = pageTableRowBytes * header.pageCount;
  const checkManifestBytes = (): void => {
    if (manifestBytes > limits.maxManifestBytes) {
      const detail = `its manifest has more than ${limits.maxManifestBytes} bytes`;
      throw fail({ problem: 'limit', detail, option: 'maxManifestBytes' });
    }
  };
  checkManifestBytes();
  const table = new ByteReader(await takeAll(manifestBytes), (_problem, detail) => fail({ problem: 'header', detail }));
  const rows = Array.from({ length: header.pageCount }, () => ({ length: table.u32be(), hash: table.bytes(32) }));
  const root = manifestRoot({ ...header, pageHashes: rows.map(({ hash }) => hash) }, sha256);
  if (!equalBytes(root, header.snapshotRoot)) {
    throw fail({ problem: 'table', detail: 'its page hashes do not make up its snapshot root' });
  }
  const pages: Uint8Array[] = [];
  for (const [page, { length, hash }] of rows.entries()) {
    manifestBytes += length;
    checkManifestBytes();
    if (snapshotFileHeaderBytes + manifestBytes > header.fileBytes) {
      throw fail({ problem: 'table', detail: 'its pages are longer than the file' });
    }
    const bytes = await takeAll(length);
    if (!equalBytes(manifestPageHash(bytes, sha256), hash)) {
      throw fail({ problem: 'page', detail: `manifest page ${page} does not have its hash`, page });
    }
    pages.push(bytes);
  }
  const manifest = decode({ height: header.height, pages });
  const offsets = blockOffsets(snapshotFileHeaderBytes + manifestBytes, manifest.entries);
  for (const [range, { count, bytes }] of manifest.entries.entries()) {
    if (8 * count + bytes <= limits.maxBlockBytes) continue;
    const detail = `range ${range} has ${8 * count + bytes} bytes, more than ${limits.maxBlockBytes}`;
    throw fail({ problem: 'limit', detail, range, option: 'maxBlockBytes' });
  }
  if (offsets[manifest.entries.length] !== header.fileBytes) {
    throw fail({ problem: 'header', detail: 'its length is not that of its manifest and ranges' });
  }
  return { ...header, manifest, offsets };
}

function decodeHeader(bytes: Uint8Array, sha256: Sha256, fail: FailSnapshotFile): SnapshotFileHeader {
  if (!isSnapshotFileStart(bytes))
    throw fail({ problem: 'magic', detail: 'it does not begin as a snapshot file does' });
  const reader = new ByteReader(bytes, () => fail({ problem: 'truncated', detail: 'it ends within its header' }), 8);
  const version = reader.byte();
  if (version !== snapshotFileVersion) {
    const detail = `it has version ${version}, only version ${snapshotFileVersion} can be read`;
    throw fail({ problem: 'version', detail, version });
  }
  const identity = new Uint8Array(reader.bytes(32));
  const height = reader.u64be();
  const stateRoot = new Uint8Array(reader.bytes(32));
  const snapshotRoot = new Uint8Array(reader.bytes(32));
  const pageCount = reader.u32be();
  const fileBytes = reader.u64be();
  if (!equalBytes(reader.bytes(32), headerHash(bytes.subarray(0, fieldBytes), sha256))) {
    throw fail({ problem: 'header', detail: 'its header does not have its hash' });
  }
  if (height > BigInt(Number.MAX_SAFE_INTEGER) || fileBytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw fail({ problem: 'header', detail: 'its height or length is too large' });
  }
  return { identity, height: Number(height), stateRoot, snapshotRoot, pageCount, fileBytes: Number(fileBytes) };
}

function headerHash(fields: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(headerDomain, fields));
}

function blockOffsets(headBytes: number, entries: readonly ManifestEntry[]): Float64Array {
  const offsets = new Float64Array(entries.length + 1);
  let at = headBytes;
  for (const [index, { count, bytes }] of entries.entries()) {
    offsets[index] = at;
    at += 8 * count + bytes;
  }
  offsets[entries.length] = at;
  return offsets;
}
