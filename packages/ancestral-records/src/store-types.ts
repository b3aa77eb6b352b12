import type { Manifest } from './manifest.js';
import type { RecordChange } from './record-change.js';

/**
 * What a store can be asked for: state is read and blocks are committed only when it is `ready`. `unproved`: it holds records that
 * nothing has proved yet.
 */
export type StorePhase = 'empty' | 'downloading' | 'unproved' | 'ready' | 'rewinding';

/** Count, key and value bytes, and checksum of all records under one state prefix. */
export interface PrefixSummary {
  readonly count: number;
  readonly bytes: number;
  readonly checksum: Uint8Array;
}

/** A block whose effect on the state is known but not written. Void once the height has moved. */
export interface PreparedBlock {
  readonly height: number;
  readonly stateRoot: Uint8Array;
  /** Checksums of all prefixes with records after the block, ascending. */
  readonly checksums: ReadonlyMap<number, Uint8Array>;
  /** Keys whose value the block really changes. */
  readonly changedRecords: number;
}

/** A snapshot that can be served. */
export interface SnapshotInfo {
  readonly height: number;
  /** Hash over the manifest. */
  readonly root: Uint8Array;
  /** State root after the block at `height`. */
  readonly stateRoot: Uint8Array;
  readonly records: number;
  readonly bytes: number;
}

/** A download under way. */
export interface DownloadStatus {
  readonly height: number;
  /** Snapshot root of the manifest. */
  readonly root: Uint8Array;
  readonly manifest: Manifest;
  /** Indexes of the ranges that are committed. */
  readonly proved: ReadonlySet<number>;
}

/** Records that were proved to be a range; the records themselves must not change until they are committed. */
export interface ProvedRange {
  readonly index: number;
  readonly records: number;
  readonly bytes: number;
}

/** Writes outside of the state that belong into the same batch. */
export interface OtherWrites {
  readonly otherWrites?: Iterable<RecordChange>;
}

/** Lets an operation be given up before it writes. */
export interface Abortable {
  readonly signal?: AbortSignal;
}
