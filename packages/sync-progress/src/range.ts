/**
 * Records as they lie in memory after decoding: `offsets` has four numbers per record (key start, key end, value start,
 * value end), all into `bytes`. Nothing is copied.
 */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What a manifest says about one range: its interval of keys, and exactly how much lies in it. */
export interface RangeSummary {
  /** First possible key, inclusive. Its first byte is the prefix under which progress is reported. */
  readonly startKey: Uint8Array;
  /** First key after the range, exclusive; undefined if the range reaches to the end of the key space. */
  readonly endKey: Uint8Array | undefined;
  /** Number of records; at least 1. */
  readonly records: number;
  /** Sum of the key and value lengths of all records. */
  readonly bytes: number;
}

/** An amount of state. */
export interface Amounts {
  readonly ranges: number;
  readonly records: number;
  readonly bytes: number;
}
