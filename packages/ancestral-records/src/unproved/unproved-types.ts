import type { PackedRecords } from '../hasher.js';

/** What all records of one prefix are said to be. */
export interface UnprovedPart {
  readonly prefix: number;
  readonly records: number;
  /** Key and value bytes. */
  readonly bytes: number;
  /** 32 bytes, not zero. */
  readonly checksum: Uint8Array;
}

/** The state that an unproved download must come to. */
export interface UnprovedTarget {
  /** A snapshot height. */
  readonly height: number;
  /** Checksum of the whole state: all that is relied on. 32 bytes, not zero. */
  readonly checksum: Uint8Array;
  /**
   * How somebody says that the checksum is made up, ascending by prefix: prefixes that are left out have no records. Each
   * prefix is compared as soon as it is there, so that what is wrong shows early. Without it, only the whole is compared.
   */
  readonly parts?: readonly UnprovedPart[];
}

/** `dirty`: it may hold records that belong to no state; `whole`: its last record is there; `clearing`: it is being emptied. */
export type UnprovedIntervalState = 'dirty' | 'whole' | 'clearing';

/** The records of one prefix in an unproved download, as they stand on disk. */
export interface UnprovedInterval {
  readonly prefix: number;
  readonly state: UnprovedIntervalState;
  /** Where to go on. */
  readonly nextKey: Uint8Array;
  readonly records: number;
  readonly bytes: number;
  /** What it is said to be, if anything is said of single prefixes. */
  readonly expected: UnprovedPart | undefined;
}

/** An unproved download under way. */
export interface UnprovedDownloadStatus extends UnprovedTarget {
  /** One for each state prefix, ascending. */
  readonly intervals: readonly UnprovedInterval[];
}

/** Records that follow each other under one prefix. */
export interface UnprovedChunk {
  /** Ascending by key, from where the interval goes on. */
  readonly records: PackedRecords;
  /** Where the interval goes on after them; undefined if it ends with them. */
  readonly nextKey: Uint8Array | undefined;
}

/** Why a chunk cannot be a part of the state, whatever the rest is. */
export type ChunkRefutationReason =
  | 'out-of-order'
  | 'out-of-prefix'
  | 'key-too-long'
  | 'value-too-long'
  | 'next-key'
  | 'too-many-records'
  | 'too-many-bytes';
