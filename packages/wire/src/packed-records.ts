/**
 * Records without an object for each: four numbers per record in `offsets` (key start, key end, value start, value end), into `bytes`.
 * Keys and values need not be adjacent.
 */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}
