import { decodeBlock, SnapshotFileStream } from '@hs/bytes';
import type { Manifest } from '../manifest.js';
import { readSnapshotHead } from './read-snapshot-head.js';
import { snapshotFileError } from './snapshot-file-error.js';
import type { SnapshotFileOptions, SnapshotInput, SnapshotRange, SnapshotRangesOptions } from './snapshot-input.js';

/** A snapshot file that is read once, from its beginning to its end. */
export interface SnapshotStream extends SnapshotInput, AsyncDisposable {
  /**
   * The ranges in the order of the manifest, once. One that is loaded is held in memory, the others are passed over.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE with `details.index` if the stream ends early
   */
  ranges(options?: SnapshotRangesOptions): AsyncGenerator<SnapshotRange, void, undefined>;
  /** Tells the maker of the stream that no more is wanted. */
  close(): Promise<void>;
}

/**
 * Reads header and manifest of a snapshot file that comes as a stream (a pipe, a response), and checks them against the
 * snapshot root. Chunks are copied.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE, ANCESTRAL_RECORDS_INVALID_MANIFEST, ANCESTRAL_RECORDS_FORMAT_VERSION,
 *   ANCESTRAL_RECORDS_IDENTITY_MISMATCH
 */
export async function readSnapshotStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: SnapshotFileOptions = {},
): Promise<SnapshotStream> {
  const stream = new SnapshotFileStream(chunks);
  try {
    const { head } = await readSnapshotHead(stream, options);
    const close = (): Promise<void> => stream.close();
    let isTaken = false;
    const ranges = (chosen: SnapshotRangesOptions = {}): AsyncGenerator<SnapshotRange, void, undefined> => {
      if (isTaken) throw new TypeError('the ranges of a stream can be read only once');
      isTaken = true;
      return readRanges(stream, head.manifest, chosen);
    };
    return { ...head, ranges, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

async function* readRanges(
  stream: SnapshotFileStream,
  manifest: Manifest,
  { isWanted, signal }: SnapshotRangesOptions,
): AsyncGenerator<SnapshotRange, void, undefined> {
  try {
    for (const [index, entry] of manifest.entries.entries()) {
      const length = 8 * entry.count + entry.bytes;
      const block = isWanted?.(index) === false ? undefined : await stream.take(length, signal);
      const actual = block?.length ?? (await stream.skip(length, signal));
      if (actual < length) {
        const detail = `it ends ${length - actual} or more bytes early, in range ${index}`;
        throw snapshotFileError({ problem: 'truncated', detail, range: index });
      }
      if (block === undefined) continue;
      const fail = (reason: string): Error =>
        snapshotFileError({ problem: 'block', detail: `range ${index}: ${reason}`, range: index });
      yield { index, load: async () => decodeBlock(block, entry, fail) };
    }
    if (!(await stream.isAtEnd(signal))) {
      throw snapshotFileError({ problem: 'trailing-bytes', detail: 'bytes follow its end' });
    }
  } finally {
    await stream.close();
  }
}
