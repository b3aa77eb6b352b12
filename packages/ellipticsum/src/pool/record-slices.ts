import { invalidBatch, type PackedRecords } from '../packed-records.js';

/** The part of hashing a record that does not depend on its length costs as much as this many bytes. */
const recordCost = 2048;
const minSliceCost = 128 * recordCost;
const maxSliceCost = 16_384 * recordCost;
/** A slice ends with the record that reaches this many bytes. */
const maxSliceBytes = 1536 * 1024;

/** Some records, by their places in the order. */
export interface RecordRange {
  readonly from: number;
  readonly to: number;
  /** Lengths of their keys and values together. */
  readonly length: number;
  /** The span of the bytes that they lie in. */
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts a batch into slices by cost. Slices become smaller towards the end, so that all threads finish at about the same time, also
 * if one is slower.
 */
export class RecordSlices {
  /** Not worth cutting: the first slice has all. */
  readonly isWhole: boolean;
  readonly #packed: PackedRecords;
  readonly #count: number;
  readonly #threads: number;
  readonly #byteLength: number;
  #remainingCost: number;
  #next = 0;

  constructor(packed: PackedRecords, count: number, threads: number) {
    this.#packed = packed;
    this.#count = count;
    this.#threads = threads;
    this.#byteLength = packed.bytes.length;
    const { offsets } = packed;
    let length = 0;
    for (let at = 0; at < 4 * count; at += 2) length += (offsets[at + 1] as number) - (offsets[at] as number);
    this.#remainingCost = count * recordCost + length;
    const wholeCost = threads === 1 ? maxSliceCost : 2 * minSliceCost;
    this.isWhole = count <= 1 || (this.#remainingCost <= wholeCost && length <= maxSliceBytes);
  }

  get hasNext(): boolean {
    return this.#next < this.#count;
  }

  /** The next slice of the records in this order. @throws ELLIPTICSUM_INVALID_BATCH if the batch changed since it was checked */
  next(order: Uint32Array | undefined): RecordRange {
    const { bytes, offsets } = this.#packed;
    const share = Math.ceil(this.#remainingCost / (2 * this.#threads));
    const isWhole = this.isWhole;
    const sliceCost = this.#threads === 1 ? maxSliceCost : Math.max(minSliceCost, Math.min(maxSliceCost, share));
    const from = this.#next;
    let to = from;
    let length = 0;
    let cost = 0;
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    while (to < this.#count && (isWhole || (cost < sliceCost && length < maxSliceBytes))) {
      const at = 4 * (order === undefined ? to : (order[to] as number));
      const keyStart = offsets[at] as number;
      const keyEnd = offsets[at + 1] as number;
      const valueStart = offsets[at + 2] as number;
      const valueEnd = offsets[at + 3] as number;
      const size = keyEnd - keyStart + valueEnd - valueStart;
      length += size;
      cost += recordCost + size;
      start = Math.min(start, keyStart, valueStart);
      end = Math.max(end, keyEnd, valueEnd);
      to++;
    }
    if (bytes.length !== this.#byteLength || !(end <= bytes.length)) throw invalidBatch('the batch changed meanwhile');
    this.#next = to;
    this.#remainingCost -= cost;
    return { from, to, length, start, end };
  }
}
