/**
 * Why a range is not what its manifest says:
 *
 * - `count`, `bytes`, `sum`: the records read are not those of the entry;
 * - `unreadable`: the database threw, `cause` is what it threw;
 * - `out-of-order`: the database gave keys that do not ascend;
 * - `invalid-mark`: an ancestral record is neither a value nor an absence;
 * - `lookup`: a record that an iterator shows has no value, or another one, when it is asked for by key;
 * - `inconsistent`: the range is right when it is read by itself, but not when it is read with its neighbours.
 */
export type DamageReason =
  | 'count'
  | 'bytes'
  | 'sum'
  | 'unreadable'
  | 'out-of-order'
  | 'invalid-mark'
  | 'lookup'
  | 'inconsistent';

/** What is wrong with an interval of keys. */
export interface Damage {
  readonly reason: DamageReason;
  /** A number of records or bytes, or a sum in hex; empty where there is nothing to compare. */
  readonly expected: string | number;
  readonly actual: string | number;
  /** What the database threw. */
  readonly cause?: unknown;
}

/** A range of the manifest that is damaged. */
export interface DamagedRange extends Damage {
  readonly index: number;
  readonly start: Uint8Array;
  readonly depth: number;
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
}

/** An interval in which the manifest has no range, but the database has records or cannot be read. */
export interface DamagedGap extends Damage {
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
  /** The first record found there. */
  readonly firstKey: Uint8Array | undefined;
}

/**
 * A prefix whose records at the tip do not add up to its stored sum. If all its ranges are right at the snapshot, some record
 * that a block wrote since then is damaged or lost.
 */
export interface DamagedPrefix extends Damage {
  readonly prefix: number;
  /**
   * Ranges that hold keys changed since the snapshot. Where a block was lost as a whole, nothing is left that could tell
   * which ranges it changed.
   */
  readonly suspects: readonly number[];
}

/** A part of the store's own records that does not fit the rest. */
export interface DamagedBookkeeping {
  readonly what: 'format' | 'tip' | 'summaries' | 'snapshot' | 'manifest' | 'ancestral-records';
  readonly why: string;
  readonly cause?: unknown;
}

/** What {@link verifyState} found. */
export interface VerifyReport {
  /** Height of the snapshot whose ranges were verified. */
  readonly height: number;
  /** Height at which the sums of the prefixes were verified; undefined if only a snapshot was asked for. */
  readonly tipHeight: number | undefined;
  /** Ranges of the manifest; 0 if the manifest itself is damaged and no other was given. */
  readonly ranges: number;
  /** Records read for the snapshot. */
  readonly records: number;
  readonly bytes: number;
  /** True if nothing is damaged and nothing was left unverified. */
  readonly isClean: boolean;
  /** Ascending by index. */
  readonly damagedRanges: readonly DamagedRange[];
  readonly damagedGaps: readonly DamagedGap[];
  readonly damagedPrefixes: readonly DamagedPrefix[];
  /** Prefixes of which the tip could not be verified, because something of them cannot be read. */
  readonly unverifiedPrefixes: readonly number[];
  readonly bookkeeping: readonly DamagedBookkeeping[];
}

/** How far a verification came. */
export interface VerifyProgress {
  readonly height: number;
  readonly records: number;
  readonly bytes: number;
  readonly totalRecords: number;
  readonly totalBytes: number;
  readonly damagedRanges: number;
}
