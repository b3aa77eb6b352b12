import { type PackedRecords, type SnapshotDataMessage, statePrefixes } from '@hs/wire';
import { AuditError } from '../audit-error.js';

/** How far a download of the state is. Plain data, kept in the store with the records it speaks of. */
export interface DownloadProgress {
  /** Prefix under way; undefined when all are complete. */
  readonly prefix: number | undefined;
  /** Last key of it that is stored; undefined if none is. */
  readonly lastKey: Uint8Array | undefined;
}

/** What a chunk is worth. */
export interface AcceptedChunk {
  /** Records that are new, in the order of their keys. */
  readonly records: PackedRecords;
  readonly progress: DownloadProgress;
  /** Value that the chunk gives for the key before its new ones; undefined where there is no such key. */
  readonly repeatedValue: Uint8Array | undefined;
}

const prefixes = [...statePrefixes.keys()];

export const startOfDownload: DownloadProgress = { prefix: prefixes[0], lastKey: undefined };

/** The key to ask from, which the answer repeats; undefined if nothing is left to ask for. */
export function startKeyOf({ prefix, lastKey }: DownloadProgress): Uint8Array | undefined {
  return prefix === undefined ? undefined : (lastKey ?? Uint8Array.of(prefix));
}

/**
 * Checks the answer to `startKeyOf(progress)`: every key under the prefix asked for, in strictly ascending order, from where the last answer
 * ended; and that it gets the download ahead. The Go node checks less (it lets the first new key of an answer be anything), and repeats
 * forever what does not get it ahead.
 *
 * @throws AuditError `AUDIT_SNAPSHOT_INVALID`, `AUDIT_SNAPSHOT_STUCK`
 */
export function acceptChunk(progress: DownloadProgress, chunk: SnapshotDataMessage): AcceptedChunk {
  const { prefix, lastKey } = progress;
  if (prefix === undefined) throw new RangeError('the download is complete');
  const invalid = (what: string): AuditError =>
    new AuditError('AUDIT_SNAPSHOT_INVALID', `prefix ${prefix}, after key ${hexOrNone(lastKey)}: ${what}`);
  if (chunk.prefix.length !== 1 || chunk.prefix[0] !== prefix) {
    throw invalid(`the answer is for prefix ${Buffer.from(chunk.prefix).toString('hex') || 'none'}`);
  }
  const { bytes, offsets } = chunk.records;
  const next = (key: Uint8Array | undefined): DownloadProgress =>
    chunk.isFull ? { prefix, lastKey: key } : { prefix: prefixes[prefixes.indexOf(prefix) + 1], lastKey: undefined };
  if (isEmptyChunk(chunk.records)) {
    if (chunk.isFull) throw stuck(progress, 'the answer has no records and says that there are more');
    if (lastKey !== undefined) throw invalid('the answer has no records, not even the one it must repeat');
    return { records: { bytes, offsets: offsets.subarray(0, 0) }, progress: next(undefined), repeatedValue: undefined };
  }
  const firstKey = keyAt(chunk.records, 0);
  if (lastKey !== undefined && Buffer.compare(firstKey, lastKey) !== 0) {
    throw invalid(`the answer begins with key ${hexOrNone(firstKey)} instead of repeating that one`);
  }
  let previous: Uint8Array | undefined;
  for (let index = 0; index < offsets.length / 4; index++) {
    const key = keyAt(chunk.records, index);
    if (key[0] !== prefix) throw invalid(`the answer has a key under prefix ${key[0]}`);
    if (previous !== undefined && Buffer.compare(previous, key) >= 0) {
      throw invalid(`the answer has key ${hexOrNone(key)} after key ${hexOrNone(previous)}`);
    }
    previous = key;
  }
  const repeated = lastKey === undefined ? 0 : 1;
  if (chunk.isFull && offsets.length === 4 * repeated) {
    throw stuck(progress, 'the answer has only the record that it repeats, and says that there are more');
  }
  return {
    records: { bytes, offsets: offsets.subarray(4 * repeated) },
    progress: next(previous?.slice()),
    repeatedValue: repeated === 1 ? bytes.subarray(offsets[2], offsets[3]) : undefined,
  };
}

/** One record with key `00` and no value stands for no records. */
function isEmptyChunk({ bytes, offsets }: PackedRecords): boolean {
  const [keyStart, keyEnd, valueStart, valueEnd] = offsets;
  return (
    offsets.length === 4 && keyEnd === (keyStart ?? 0) + 1 && bytes[keyStart ?? 0] === 0 && valueStart === valueEnd
  );
}

function keyAt({ bytes, offsets }: PackedRecords, index: number): Uint8Array {
  return bytes.subarray(offsets[4 * index], offsets[4 * index + 1]);
}

function stuck({ prefix, lastKey }: DownloadProgress, what: string): AuditError {
  return new AuditError(
    'AUDIT_SNAPSHOT_STUCK',
    `prefix ${prefix}, after key ${hexOrNone(lastKey)}: ${what}. The node cannot get past this key: it does so when more than a chunk of ` +
      'records was created there since its snapshot. It can be audited again after its next snapshot',
  );
}

function hexOrNone(key: Uint8Array | undefined): string {
  return key === undefined ? 'none' : Buffer.from(key.subarray(0, 80)).toString('hex');
}
