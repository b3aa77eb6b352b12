import { equalBytes, readSnapshotFileHead, type SnapshotFileStream, snapshotFileLimits } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { Manifest } from '../manifest.js';
import { foreignSnapshotFile, snapshotFileError } from './snapshot-file-error.js';
import type { SnapshotFileOptions, SnapshotHead } from './snapshot-input.js';

/** What a file says of itself, and where the blocks of its ranges begin. */
export interface ReadHead {
  readonly head: SnapshotHead;
  /** One for each range, and the end of the file. */
  readonly offsets: Float64Array;
}

/** Reads header and manifest, and checks both against the snapshot root, and the chain. */
export async function readSnapshotHead(stream: SnapshotFileStream, options: SnapshotFileOptions): Promise<ReadHead> {
  const read = await readSnapshotFileHead((length) => stream.take(length, options.signal), {
    sha256,
    fail: snapshotFileError,
    limits: snapshotFileLimits(options),
    decode: Manifest.fromPages,
  });
  const { identity, height, stateRoot, snapshotRoot, manifest, fileBytes, offsets } = read;
  if (options.identity !== undefined && !equalBytes(options.identity, identity)) {
    throw foreignSnapshotFile(identity, options.identity);
  }
  return { head: { identity, height, stateRoot, snapshotRoot, manifest, size: fileBytes }, offsets };
}
