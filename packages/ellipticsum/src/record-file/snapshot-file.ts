import {
  decodeBlock,
  decodeManifestPages,
  isSnapshotFileStart,
  readSnapshotFileHead,
  type SnapshotFileFailure,
  SnapshotFileStream,
  snapshotFileLimits,
} from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { EllipticSumError } from '../errors.js';
import type { PackedRecords } from '../packed-records.js';

/** A range of a snapshot: the records whose keys, read as bits padded with zeros, begin with `depth` bits of `start`. */
export interface SnapshotRangeEntry {
  readonly start: Uint8Array;
  readonly depth: number;
  /** Records in the range, at least 1. */
  readonly count: number;
  /** Bytes of their keys and values. */
  readonly bytes: number;
  /** The 32 bytes of their sum. */
  readonly sum: Uint8Array;
}

/** What a snapshot file says of itself. Its entries have its snapshot root; the rest is a claim. */
export interface SnapshotFileHead {
  /** 32 bytes that name the chain. */
  readonly identity: Uint8Array;
  readonly height: number;
  /** State root after the block at `height`, as the file has it. */
  readonly stateRoot: Uint8Array;
  /** Hash over identity, height and entries: checked. */
  readonly snapshotRoot: Uint8Array;
  /** All ranges in the order of their keys. */
  readonly entries: readonly SnapshotRangeEntry[];
  /** Length of the whole file. */
  readonly fileBytes: number;
}

/** One range of a snapshot file. */
export interface SnapshotFileRange {
  /** Its place among the entries. */
  readonly index: number;
  /** Length of its block in the file. */
  readonly blockBytes: number;
  /**
   * Its records, as views of memory that nothing else uses. Their number and length are right; nothing else is checked.
   *
   * @throws ELLIPTICSUM_INVALID_SNAPSHOT_FILE with `details.range` if the block makes no sense
   */
  records(): PackedRecords;
}

/** A snapshot file that is read once, from its beginning to its end. */
export interface SnapshotFileReader extends SnapshotFileHead, AsyncDisposable {
  /**
   * The ranges, once; memory holds those that the caller keeps.
   *
   * @throws ELLIPTICSUM_TRUNCATED_INPUT, ELLIPTICSUM_INVALID_SNAPSHOT_FILE if bytes follow the last range
   */
  ranges(options?: { readonly signal?: AbortSignal }): AsyncGenerator<SnapshotFileRange, void, undefined>;
  /** Tells the maker of the stream that no more is wanted. */
  close(): Promise<void>;
}

/** How to read a snapshot file. */
export interface SnapshotFileOptions {
  /** Longest list of ranges accepted; default 64 MiB. */
  readonly maxManifestBytes?: number;
  /** Longest block of a range accepted, which is 8 bytes for each record more than keys and values; default 64 MiB. */
  readonly maxBlockBytes?: number;
  readonly signal?: AbortSignal;
}

/** True if these bytes, of which eight are enough, begin a snapshot file. No record file begins so. */
export function isSnapshotFile(start: Uint8Array): boolean {
  return isSnapshotFileStart(start);
}

/**
 * Reads the beginning of a snapshot file from a stream, cut anywhere, and checks it against the file's snapshot root.
 *
 * @throws ELLIPTICSUM_INVALID_SNAPSHOT_FILE, ELLIPTICSUM_SNAPSHOT_FILE_VERSION, ELLIPTICSUM_TRUNCATED_INPUT
 * @throws RangeError if an option is out of range
 */
export async function readSnapshotFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: SnapshotFileOptions = {},
): Promise<SnapshotFileReader> {
  const limits = snapshotFileLimits(options);
  const stream = new SnapshotFileStream(chunks);
  try {
    const { identity, height, stateRoot, snapshotRoot, fileBytes, manifest } = await readSnapshotFileHead(
      (length) => stream.take(length, options.signal),
      { sha256, fail, limits, decode: decodeEntries },
    );
    const { entries } = manifest;
    let isTaken = false;
    return {
      identity,
      height,
      stateRoot,
      snapshotRoot,
      fileBytes,
      entries,
      ranges({ signal } = {}) {
        if (isTaken) throw new TypeError('the ranges of a stream can be read only once');
        isTaken = true;
        return readRanges(stream, entries, signal);
      },
      close: () => stream.close(),
      [Symbol.asyncDispose]: () => stream.close(),
    };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

function decodeEntries({ pages }: { readonly pages: readonly Uint8Array[] }): {
  readonly entries: readonly SnapshotRangeEntry[];
} {
  const entries = decodeManifestPages(pages, (reason, page) => {
    return fail({ problem: 'page', detail: `its manifest: ${reason}`, ...(page === undefined ? {} : { page }) });
  });
  return { entries };
}

async function* readRanges(
  stream: SnapshotFileStream,
  entries: readonly SnapshotRangeEntry[],
  signal: AbortSignal | undefined,
): AsyncGenerator<SnapshotFileRange, void, undefined> {
  try {
    for (const [index, entry] of entries.entries()) {
      const blockBytes = 8 * entry.count + entry.bytes;
      const block = await stream.take(blockBytes, signal);
      if (block.length < blockBytes) {
        const detail = `it ends ${blockBytes - block.length} or more bytes early, in range ${index}`;
        throw fail({ problem: 'truncated', detail, range: index });
      }
      const failBlock = (reason: string): Error =>
        fail({ problem: 'block', detail: `range ${index}: ${reason}`, range: index });
      yield { index, blockBytes, records: () => decodeBlock(block, entry, failBlock) };
    }
    if (!(await stream.isAtEnd(signal)))
      throw fail({ problem: 'trailing-bytes', detail: 'bytes follow its last range' });
  } finally {
    await stream.close();
  }
}

function fail({ problem, detail, page, range, option }: SnapshotFileFailure): EllipticSumError {
  const code =
    problem === 'version'
      ? 'ELLIPTICSUM_SNAPSHOT_FILE_VERSION'
      : problem === 'truncated'
        ? 'ELLIPTICSUM_TRUNCATED_INPUT'
        : 'ELLIPTICSUM_INVALID_SNAPSHOT_FILE';
  const remedy = option === undefined ? '' : `; raise ${option} if the file is known to be good`;
  return new EllipticSumError(code, `no good snapshot file: ${detail}${remedy}`, {
    details: { reason: problem, ...(page === undefined ? {} : { page }), ...(range === undefined ? {} : { range }) },
  });
}
