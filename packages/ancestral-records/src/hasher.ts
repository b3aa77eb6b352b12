/**
 * Records in one byte string: `offsets` has four numbers per record (key start, key end, value start, value end) into
 * `bytes`. Keys and values need not be adjacent, and two records may share a key's bytes.
 */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Packed records to hash, each with a sign (+1 adds, -1 subtracts; default +1) and a group (default 0). */
export interface HashBatch extends PackedRecords {
  readonly signs?: Int8Array;
  readonly groups?: Uint32Array;
  readonly groupCount?: number;
}

/** Length of an encoded sum. */
export const encodedSumBytes = 32;

/** Length of an uncompressed sum: the form in which sums are added and stored, never compared. */
export const uncompressedSumBytes = 128;

/** What every operation of a {@link StateHasher} accepts. */
export interface HashOptions {
  readonly signal?: AbortSignal;
}

/**
 * The multiset hash of records. Sums form a commutative group; their encoding is canonical and that of the identity is
 * 32 zero bytes. Uncompressed sums of 128 bytes may have many forms for one group element.
 */
export interface StateHasher {
  /** One uncompressed sum per group: `groupCount * 128` bytes. */
  sum(batch: HashBatch, options?: HashOptions): Promise<Uint8Array>;
  /** Pairwise sums of two equally long lists of uncompressed sums. */
  combine(left: Uint8Array, right: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * The sum of each of many lists: `sizes` has the number of sums of each, at least 1, one list after the other in `sums`. Left
   * out, lists are added up with several calls of `combine`.
   */
  addUp?(sums: Uint8Array, sizes: Uint32Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * The inverse of each uncompressed sum. Left out, a range that is split is hashed whole instead of all but its largest part.
   */
  negate?(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /** Uncompressed sums to 32 bytes each. */
  encode(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /** Encoded sums to uncompressed ones. Rejects if one of them is no canonical encoding. */
  decode(encoded: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
}

/** The state root over prefix checksums (32 bytes each, any order). */
export type StateRootFunction = (checksums: Iterable<readonly [prefix: number, checksum: Uint8Array]>) => Uint8Array;
