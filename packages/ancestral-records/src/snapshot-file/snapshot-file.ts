import { decodeBlock, SnapshotFileStream } from '@hs/bytes';
import type { PackedRecords } from '../hasher.js';
import type { Manifest } from '../manifest.js';
import type { RangeEntry } from '../range.js';
import type { Abortable } from '../store-types.js';
import { readSnapshotHead } from './read-snapshot-head.js';
import { snapshotFileError } from './snapshot-file-error.js';
import type {
  SnapshotFileOptions,
  SnapshotHead,
  SnapshotInput,
  SnapshotRange,
  SnapshotRangesOptions,
} from './snapshot-input.js';
import type { SnapshotSource } from './snapshot-source.js';

/** How much of a file is read at a time before its ranges begin. */
const readAheadBytes = 65_536;

/** A snapshot file that can be read anywhere: any range, in any order, several at a time. */
export class SnapshotFile implements SnapshotInput, AsyncDisposable {
  readonly identity: Uint8Array;
  readonly height: number;
  readonly stateRoot: Uint8Array;
  readonly snapshotRoot: Uint8Array;
  readonly manifest: Manifest;
  readonly size: number;
  readonly #source: SnapshotSource;
  readonly #offsets: Float64Array;
  #closing: Promise<void> | undefined;

  private constructor(source: SnapshotSource, head: SnapshotHead, offsets: Float64Array) {
    this.identity = head.identity;
    this.height = head.height;
    this.stateRoot = head.stateRoot;
    this.snapshotRoot = head.snapshotRoot;
    this.manifest = head.manifest;
    this.size = head.size;
    this.#source = source;
    this.#offsets = offsets;
  }

  /**
   * Reads header and manifest and checks them against the snapshot root, and the length of the file against both. The
   * source belongs to the file once this has succeeded.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE, ANCESTRAL_RECORDS_INVALID_MANIFEST, ANCESTRAL_RECORDS_FORMAT_VERSION,
   *   ANCESTRAL_RECORDS_IDENTITY_MISMATCH, ANCESTRAL_RECORDS_SOURCE_FAILED
   */
  static async open(source: SnapshotSource, options: SnapshotFileOptions = {}): Promise<SnapshotFile> {
    const stream = new SnapshotFileStream(readAhead(source, options.signal));
    const { head, offsets } = await readSnapshotHead(stream, options);
    const fileBytes = head.size;
    if (source.size < fileBytes) {
      const range = Math.max(0, offsets.findIndex((offset) => offset > source.size) - 1);
      const detail = `it ends ${fileBytes - source.size} bytes early, in range ${range}`;
      throw snapshotFileError({ problem: 'truncated', detail, range });
    }
    if (source.size > fileBytes) {
      const detail = `${source.size - fileBytes} bytes follow its end`;
      throw snapshotFileError({ problem: 'trailing-bytes', detail });
    }
    return new SnapshotFile(source, head, offsets);
  }

  /**
   * The records of a range, as views of memory that nothing else uses: their number and length are those of the manifest,
   * nothing else is proved.
   *
   * @throws RangeError if there is no such range, ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE, ANCESTRAL_RECORDS_SOURCE_FAILED
   */
  async readRange(index: number, options: Abortable = {}): Promise<PackedRecords> {
    this.manifest.range(index);
    options.signal?.throwIfAborted();
    const start = this.#offsets[index] as number;
    const length = (this.#offsets[index + 1] as number) - start;
    const block = await this.#source.read(start, length, options);
    options.signal?.throwIfAborted();
    if (block.length !== length) {
      const detail = `range ${index} has ${block.length} of ${length} bytes`;
      throw snapshotFileError({ problem: 'truncated', detail, range: index });
    }
    return decodeBlock(block, this.manifest.entries[index] as RangeEntry, (reason) => {
      return snapshotFileError({ problem: 'block', detail: `range ${index}: ${reason}`, range: index });
    });
  }

  /** The ranges in the order of the manifest; each is read when it is loaded, so several may be loaded at a time. */
  async *ranges(options: SnapshotRangesOptions = {}): AsyncGenerator<SnapshotRange, void, undefined> {
    const { isWanted, ...abortable } = options;
    for (const index of this.manifest.entries.keys()) {
      if (isWanted?.(index) !== false) yield { index, load: () => this.readRange(index, abortable) };
    }
  }

  /** Closes the source. Later calls do nothing. */
  close(): Promise<void> {
    this.#closing ??= Promise.resolve(this.#source.close?.());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function* readAhead(source: SnapshotSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += readAheadBytes) {
    yield await source.read(at, Math.min(readAheadBytes, source.size - at), signal === undefined ? {} : { signal });
  }
}
