import { isTypedArray } from './internal/arguments.js';
import { invalidBatch, type PackedRecords, validatePackedRecords } from './packed-records.js';

/** Records to hash, each with a sign and a group. */
export interface HashBatch extends PackedRecords {
  /** One of +1 (add) and -1 (subtract) for each record; all +1 if absent. */
  readonly signs?: Int8Array;
  /** For each record the group that its element is summed into, below `groupCount`; all 0 if absent. */
  readonly groups?: Uint32Array;
  /** Number of groups, 1 to 2^24; default 1. A group without records sums to zero. */
  readonly groupCount?: number;
}

/** Options of every method of a {@link HashBackend}. */
export interface HashOptions {
  /** Aborts the call: it rejects with the signal's reason at its next pause. */
  readonly signal?: AbortSignal;
}

/**
 * Hashes and adds in bulk. All backends give the same sums.
 *
 * Sums go in and out in uncompressed form, 128 bytes each, concatenated (see `EllipticSum.toUncompressed`). The same sum
 * has many such forms: encode before comparing. The form is for memory this program owns: backends check
 * that what they are given lies on the curve, not that it stands for a group element (`EllipticSum.fromUncompressed` does).
 *
 * Inputs are borrowed until the promise settles and must not change before; results are new arrays. Calls may overlap. Bad
 * input rejects before any hashing.
 */
export interface HashBackend extends AsyncDisposable {
  /** Which implementation this is, such as `noble`. */
  readonly name: string;
  /** Domain separation tag of the elements. */
  readonly domain: string;
  /**
   * For each group the signed sum of its records' elements: `groupCount * 128` bytes.
   *
   * @throws ELLIPTICSUM_INVALID_BATCH if offsets, signs or groups are inconsistent
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  sum(batch: HashBatch, options?: HashOptions): Promise<Uint8Array>;
  /**
   * Pairwise sums of two lists of the same length.
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH if the lengths differ or are no multiple of 128
   * @throws ELLIPTICSUM_INVALID_POINT with `details.index`, if a sum is not on the curve
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  combine(left: Uint8Array, right: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * The sum of each of many lists: `sizes` has the number of sums of each, one list after the other in `sums`. A list without any
   * gives zero.
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH if the sizes do not add up to the number of sums
   * @throws ELLIPTICSUM_INVALID_POINT with `details.index`, if a sum is not on the curve
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  addUp(sums: Uint8Array, sizes: Uint32Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * The inverse of each sum.
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH if the length is no multiple of 128
   * @throws ELLIPTICSUM_INVALID_POINT with `details.index`, if a sum is not on the curve
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  negate(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * The canonical 32 bytes of each sum, concatenated.
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH if the length is no multiple of 128
   * @throws ELLIPTICSUM_INVALID_POINT with `details.index`, if a sum is not on the curve
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  encode(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /**
   * Uncompressed sums from canonical encodings, strictly.
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH if the length is no multiple of 32
   * @throws ELLIPTICSUM_INVALID_ENCODING with `details.index`, if 32 bytes are not the encoding of a sum
   * @throws ELLIPTICSUM_BACKEND_CLOSED after `close`
   */
  decode(encoded: Uint8Array, options?: HashOptions): Promise<Uint8Array>;
  /** Refuses further calls and ends running ones with ELLIPTICSUM_BACKEND_CLOSED at their next pause. Idempotent. */
  close(): Promise<void>;
}

const maxGroupCount = 2 ** 24;

/** Checks a whole batch and returns its sizes. @throws ELLIPTICSUM_INVALID_BATCH */
export function validateHashBatch(batch: HashBatch): { readonly count: number; readonly groupCount: number } {
  const count = validatePackedRecords(batch);
  const { signs, groups, groupCount = 1 } = batch;
  if (!Number.isInteger(groupCount) || groupCount < 1 || groupCount > maxGroupCount) {
    throw invalidBatch(`groupCount must be 1 to ${maxGroupCount}`);
  }
  if (signs !== undefined) {
    if (!isTypedArray(signs, 'Int8Array')) throw invalidBatch('signs must be an Int8Array');
    if (signs.length !== count) throw invalidBatch(`${signs.length} signs for ${count} records`);
    const record = signs.findIndex((sign) => sign !== 1 && sign !== -1);
    if (record >= 0) throw invalidBatch(`record ${record}: a sign must be +1 or -1`, { record });
  }
  if (groups !== undefined) {
    if (!isTypedArray(groups, 'Uint32Array')) throw invalidBatch('groups must be a Uint32Array');
    if (groups.length !== count) throw invalidBatch(`${groups.length} groups for ${count} records`);
    const record = groups.findIndex((group) => group >= groupCount);
    if (record >= 0) throw invalidBatch(`record ${record}: a group must be below ${groupCount}`, { record });
  }
  return { count, groupCount };
}
