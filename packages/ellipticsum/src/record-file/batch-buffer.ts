import type { RecordBatch } from './record-batch.js';

const initialBytes = 65_536;
const initialRecords = 1024;

/**
 * Collects the bytes and offsets of records until a batch of them is taken.
 *
 * Both arrays grow with what arrives, never to what a length claims. What is taken is given away: what lies behind the
 * taken records moves to a new array.
 */
export class BatchBuffer {
  bytes: Uint8Array;
  /** How many of `bytes` are in use. */
  filled = 0;
  /** How many records are complete. */
  count = 0;
  #offsets: Uint32Array;
  #taken = 0;
  #inputOffset = 0;
  readonly #maxBatchBytes: number;

  constructor({
    maxBatchBytes,
    maxBatchRecords,
  }: { readonly maxBatchBytes: number; readonly maxBatchRecords: number }) {
    this.#maxBatchBytes = maxBatchBytes;
    this.bytes = new Uint8Array(Math.min(initialBytes, maxBatchBytes));
    this.#offsets = new Uint32Array(4 * Math.min(initialRecords, maxBatchRecords));
  }

  /** Number of the record to come, counted from 1. */
  get nextRecordNumber(): number {
    return this.#taken + this.count + 1;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const wanted = this.filled + count;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.filled));
    this.bytes = grown;
  }

  /** Notes a complete record. */
  add(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const at = 4 * this.count++;
    if (at === this.#offsets.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    const offsets = this.#offsets;
    offsets[at] = keyStart;
    offsets[at + 1] = keyEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
  }

  /** The complete records, which end at `end` here and at `inputOffset` in the file. */
  take(end: number, inputOffset: number): RecordBatch {
    const batch = {
      bytes: this.bytes.subarray(0, end),
      offsets: this.#offsets.slice(0, 4 * this.count),
      firstRecordNumber: this.#taken + 1,
      inputBytes: inputOffset - this.#inputOffset,
    };
    const rest = this.bytes.subarray(end, this.filled);
    this.bytes = new Uint8Array(Math.max(rest.length, Math.min(this.bytes.length, this.#maxBatchBytes)));
    this.bytes.set(rest);
    this.filled = rest.length;
    this.#taken += this.count;
    this.count = 0;
    this.#inputOffset = inputOffset;
    return batch;
  }
}
