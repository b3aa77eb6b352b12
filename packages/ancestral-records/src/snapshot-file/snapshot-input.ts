import type { PackedRecords } from '../hasher.js';
import type { Manifest } from '../manifest.js';

/** What a snapshot file says of itself at its beginning. Its manifest has its snapshot root; the rest is a claim. */
export interface SnapshotHead {
  /** Identity of the chain, 32 bytes. */
  readonly identity: Uint8Array;
  readonly height: number;
  /** State root after the block at `height`, as the file has it. */
  readonly stateRoot: Uint8Array;
  /** Hash over identity, height and manifest: checked. */
  readonly snapshotRoot: Uint8Array;
  readonly manifest: Manifest;
  /** Length of the whole file. */
  readonly size: number;
}

/** One range of a snapshot file. */
export interface SnapshotRange {
  /** Its place in the manifest. */
  readonly index: number;
  /**
   * Its records, as views of memory that nothing else uses: their number and length are those of the manifest, nothing
   * else is proved.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE with `details.index`, ANCESTRAL_RECORDS_SOURCE_FAILED
   */
  load(): Promise<PackedRecords>;
}

/** Which ranges to give. */
export interface SnapshotRangesOptions {
  /** False for the index of a range to pass over; all are given without it. */
  readonly isWanted?: (index: number) => boolean;
  readonly signal?: AbortSignal;
}

/** A snapshot file, whether it can be read anywhere (`SnapshotFile`) or only once from its beginning (`SnapshotStream`). */
export interface SnapshotInput extends SnapshotHead {
  /** The ranges in the order of the manifest. */
  ranges(options?: SnapshotRangesOptions): AsyncIterable<SnapshotRange>;
}

/** How to open a snapshot file. */
export interface SnapshotFileOptions {
  /** Refuses files of another chain. */
  readonly identity?: Uint8Array;
  /** Longest manifest accepted; default 64 MiB. */
  readonly maxManifestBytes?: number;
  /** Longest block of a range accepted, which is 8 bytes for each record more than keys and values; default 64 MiB. */
  readonly maxBlockBytes?: number;
  readonly signal?: AbortSignal;
}

/** How far an export, an import or a check is. */
export interface SnapshotProgress {
  readonly ranges: number;
  readonly totalRanges: number;
  readonly records: number;
  readonly totalRecords: number;
  /** Key and value bytes. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Adds up progress over a manifest. */
export class ProgressCount {
  readonly #manifest: Manifest;
  #ranges = 0;
  #records = 0;
  #bytes = 0;

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
  }

  /** Counts a range as done and says how far it all is. */
  add(index: number): SnapshotProgress {
    const entry = this.#manifest.entries[index];
    this.#ranges++;
    this.#records += entry?.count ?? 0;
    this.#bytes += entry?.bytes ?? 0;
    return this.now;
  }

  get now(): SnapshotProgress {
    const { entries, totals } = this.#manifest;
    return {
      ranges: this.#ranges,
      totalRanges: entries.length,
      records: this.#records,
      totalRecords: totals.records,
      bytes: this.#bytes,
      totalBytes: totals.bytes,
    };
  }
}
