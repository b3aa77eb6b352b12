import type { StateDatabase } from './database.js';
import type { PackedRecords, StateHasher, StateRootFunction } from './hasher.js';
import type { Manifest } from './manifest.js';
import type { StateParameters } from './parameters.js';

/** A record to write (`value`) or to delete (`undefined`). Bytes are copied. */
export interface RecordChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}
export interface StateStoreOptions {
  readonly database: StateDatabase;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly parameters: StateParameters;
  readonly cacheBytes?: number;
  readonly isSynced?: boolean;
}
export type StorePhase = 'empty' | 'downloading' | 'ready' | 'rewinding';
export interface PrefixSummary {
  readonly count: number;
  readonly bytes: number;
  readonly checksum: Uint8Array;
}
export interface PreparedBlock {
  readonly height: number;
  readonly stateRoot: Uint8Array;
  readonly checksums: ReadonlyMap<number, Uint8Array>;
  readonly changedRecords: number;
}
export interface SnapshotInfo {
  readonly height: number;
  readonly root: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly records: number;
  readonly bytes: number;
}
export interface ChunkRequest {
  readonly height: number;
  readonly startKey: Uint8Array;
  readonly endKey?: Uint8Array | undefined;
  readonly maxBytes?: number;
  readonly maxScanBytes?: number;
  readonly maxScanMs?: number;
  readonly signal?: AbortSignal;
}
export interface Chunk {
  readonly records: PackedRecords;
  readonly nextKey: Uint8Array | undefined;
  readonly recordBytes: number;
}
export interface DownloadStatus {
  readonly height: number;
  readonly root: Uint8Array;
  readonly manifest: Manifest;
  readonly proved: ReadonlySet<number>;
}
export interface ProvedRange {
  readonly index: number;
  readonly records: number;
  readonly bytes: number;
}
interface OtherWrites {
  readonly otherWrites?: Iterable<RecordChange>;
}
interface Signal {
  readonly signal?: AbortSignal;
}

export declare class StateStore {
  private constructor();
  static open(options: StateStoreOptions): Promise<StateStore>;
  get parameters(): StateParameters;
  get phase(): StorePhase;
  get height(): number | undefined;
  stateRoot(): Uint8Array;
  checksums(): ReadonlyMap<number, Uint8Array>;
  summaries(): ReadonlyMap<number, PrefixSummary>;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  write(changes: Iterable<RecordChange>): Promise<void>;
  others(interval: {
    readonly gte: Uint8Array;
    readonly lt?: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncIterable<[key: Uint8Array, value: Uint8Array]>;
  initialize(
    content: { readonly records: Iterable<PackedRecords> | AsyncIterable<PackedRecords> } & OtherWrites & Signal,
  ): Promise<void>;
  prepareBlock(height: number, changes: Iterable<RecordChange>, options?: Signal): Promise<PreparedBlock>;
  commitBlock(prepared: PreparedBlock, options?: OtherWrites): Promise<void>;
  snapshots(): readonly SnapshotInfo[];
  manifest(height: number): Promise<Manifest>;
  readChunk(request: ChunkRequest): Promise<Chunk>;
  beginDownload(manifest: Manifest): Promise<void>;
  download(): DownloadStatus | undefined;
  proveRange(index: number, records: PackedRecords | readonly PackedRecords[], options?: Signal): Promise<ProvedRange>;
  commitRange(proved: ProvedRange): Promise<void>;
  finishDownload(options: { readonly stateRoot: Uint8Array } & OtherWrites): Promise<void>;
  reset(): Promise<void>;
  rewind(height: number, options?: OtherWrites): Promise<void>;
  maintenance(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
