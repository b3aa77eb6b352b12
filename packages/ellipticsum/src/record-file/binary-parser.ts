import { BatchBuffer } from './batch-buffer.js';
import type { RecordBatch, RecordFileOptions } from './record-batch.js';
import { recordError } from './record-error.js';
import type { RecordParser } from './record-parser.js';

/**
 * Reads `uvarint(key length) key uvarint(value length) value`, repeated.
 *
 * Input is copied into one buffer and stays there: the offsets of a batch point between the lengths. The buffer takes
 * no more than a batch or, if that is larger, the record it begins with, so that what is left behind a batch is less than one.
 */
export class BinaryParser implements RecordParser {
  readonly #options: Required<RecordFileOptions>;
  readonly #buffer: BatchBuffer;
  /** Where the buffer starts in the file. */
  #bufferOffset = 0;
  /** End of the last complete record in the buffer. */
  #parsed = 0;
  /** How far the buffer must be filled before the next record can be complete, as far as that is known. */
  #wanted = 0;
  /** The length that was read last. */
  #lastLength = 0;

  constructor(options: Required<RecordFileOptions>) {
    this.#options = options;
    this.#buffer = new BatchBuffer(options);
  }

  push(chunk: Uint8Array): RecordBatch[] {
    const batches: RecordBatch[] = [];
    const buffer = this.#buffer;
    const { maxBatchBytes, maxBatchRecords } = this.#options;
    for (let at = 0; at < chunk.length; ) {
      const room = Math.max(maxBatchBytes, this.#wanted) - buffer.filled;
      const piece = chunk.subarray(at, at + room);
      buffer.reserve(piece.length);
      buffer.bytes.set(piece, buffer.filled);
      buffer.filled += piece.length;
      at += piece.length;
      if (buffer.filled < this.#wanted) continue;
      this.#parse();
      while (buffer.count === maxBatchRecords) {
        batches.push(this.#take());
        this.#parse();
      }
      if (buffer.count > 0 && Math.max(buffer.filled, this.#wanted) > maxBatchBytes) {
        batches.push(this.#take());
        this.#parse();
      }
    }
    return batches;
  }

  finish(): RecordBatch[] {
    const { filled, count } = this.#buffer;
    if (filled > this.#parsed) {
      const missing = this.#wanted - filled;
      throw this.#error(
        'ELLIPTICSUM_TRUNCATED_INPUT',
        `the input ends inside the record, ${missing} or more bytes early`,
        filled,
      );
    }
    return count === 0 ? [] : [this.#take()];
  }

  /** Notes all complete records of the buffer, up to the number that a batch takes. */
  #parse(): void {
    const buffer = this.#buffer;
    const { maxKeyBytes, maxValueBytes, maxBatchRecords } = this.#options;
    while (buffer.count < maxBatchRecords) {
      const keyStart = this.#length(this.#parsed, maxKeyBytes, 'key');
      if (keyStart < 0) return;
      if (this.#lastLength === 0) throw this.#error('ELLIPTICSUM_EMPTY_KEY', 'the key is empty', this.#parsed);
      const keyEnd = keyStart + this.#lastLength;
      const valueStart = this.#length(keyEnd, maxValueBytes, 'value');
      if (valueStart < 0) return;
      const valueEnd = valueStart + this.#lastLength;
      this.#wanted = valueEnd;
      if (valueEnd > buffer.filled) return;
      buffer.add(keyStart, keyEnd, valueStart, valueEnd);
      this.#parsed = valueEnd;
    }
  }

  /** Reads a length into `#lastLength`; returns where what it measures begins, or -1 if the buffer ends before. */
  #length(start: number, limit: number, what: string): number {
    const { bytes, filled } = this.#buffer;
    let length = 0;
    for (let at = start; at < filled; at++) {
      const byte = bytes[at] as number;
      length += (byte & 0x7f) * 2 ** (7 * (at - start));
      if (length > limit) {
        throw this.#error('ELLIPTICSUM_RECORD_TOO_LARGE', `the ${what} is longer than ${limit} bytes`, start);
      }
      if ((byte === 0 && at > start) || at - start === 9) {
        throw this.#error(
          'ELLIPTICSUM_MALFORMED_RECORD',
          `the length of the ${what} has more bytes than it needs`,
          start,
        );
      }
      if (byte < 0x80) {
        this.#lastLength = length;
        return at + 1;
      }
    }
    this.#wanted = Math.max(start, filled) + 1;
    return -1;
  }

  #take(): RecordBatch {
    const end = this.#parsed;
    this.#bufferOffset += end;
    this.#parsed = 0;
    this.#wanted = 0;
    return this.#buffer.take(end, this.#bufferOffset);
  }

  #error(code: Parameters<typeof recordError>[0], what: string, at: number): Error {
    return recordError(code, what, {
      recordNumber: this.#buffer.nextRecordNumber,
      recordOffset: this.#bufferOffset + this.#parsed,
      byteOffset: this.#bufferOffset + at,
    });
  }
}
