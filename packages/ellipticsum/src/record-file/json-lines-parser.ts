import { BatchBuffer } from './batch-buffer.js';
import type { RecordBatch, RecordFileOptions } from './record-batch.js';
import { recordError } from './record-error.js';
import type { RecordParser } from './record-parser.js';

const quote = 0x22;
const newline = 0x0a;

/** Value of each character that is a hex digit, -1 of every other. */
const nibbles: Int8Array = /* @__PURE__ */ Int8Array.from({ length: 256 }, (_, byte) =>
  /[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? Number.parseInt(String.fromCharCode(byte), 16) : -1,
);

/** Where in a line the parser is, with what it takes next. */
const expected = {
  object: '{',
  memberName: '"key" or "value"',
  nameText: '"key" or "value"',
  colon: 'a colon',
  string: 'a string of hex digits',
  hex: 'hex digits, two a byte',
  commaOrEnd: 'a comma and the other member, or }',
  lineEnd: 'the end of the line',
} as const;

type State = keyof typeof expected;
type Member = 'key' | 'value';

/**
 * Reads lines `{"key":HEX,"value":HEX}`: exactly these two members, in either order and without escapes, with JSON's spaces
 * between; empty lines are skipped, and the last line needs no end.
 *
 * Digits turn into bytes as they come: no line is held as text.
 */
export class JsonLinesParser implements RecordParser {
  readonly #options: Required<RecordFileOptions>;
  readonly #buffer: BatchBuffer;
  #state: State = 'object';
  /** Where the chunk at hand starts in the file. */
  #chunkOffset = 0;
  #lineNumber = 1;
  /** Where the record at hand starts in the buffer and in the file. */
  #recordStart = 0;
  #recordOffset = 0;
  #name = '';
  #member: Member = 'key';
  #hasKey = false;
  #hasValue = false;
  /** Start of the member at hand in the buffer. */
  #start = 0;
  /** First digit of a byte whose second is to come, or -1. */
  #high = -1;
  #keyStart = 0;
  #keyEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  /** End of the last complete record in the file. */
  #endOffset = 0;

  constructor(options: Required<RecordFileOptions>) {
    this.#options = options;
    this.#buffer = new BatchBuffer(options);
  }

  push(chunk: Uint8Array): RecordBatch[] {
    const batches: RecordBatch[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === 'hex') {
        at = this.#readHex(chunk, at);
        continue;
      }
      const byte = chunk[at] as number;
      if (this.#state === 'nameText') this.#readName(byte, at);
      else if (byte === newline) this.#endLine(at);
      else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) this.#readToken(byte, at, batches);
      at++;
    }
    this.#chunkOffset += chunk.length;
    return batches;
  }

  finish(): RecordBatch[] {
    if (this.#state !== 'object' && this.#state !== 'lineEnd') {
      throw this.#error('ELLIPTICSUM_TRUNCATED_INPUT', `the input ends where ${expected[this.#state]} should be`, 0);
    }
    const { count, filled } = this.#buffer;
    return count === 0 ? [] : [this.#buffer.take(filled, this.#endOffset)];
  }

  #readToken(byte: number, at: number, batches: RecordBatch[]): void {
    const character = String.fromCharCode(byte);
    if (this.#state === 'object' && character === '{') {
      this.#recordStart = this.#buffer.filled;
      this.#recordOffset = this.#chunkOffset + at;
      this.#hasKey = false;
      this.#hasValue = false;
      this.#state = 'memberName';
    } else if (this.#state === 'memberName' && byte === quote) {
      this.#name = '';
      this.#state = 'nameText';
    } else if (this.#state === 'colon' && character === ':') {
      this.#state = 'string';
    } else if (this.#state === 'string' && byte === quote) {
      this.#start = this.#buffer.filled;
      this.#high = -1;
      this.#state = 'hex';
    } else if (this.#state === 'commaOrEnd' && character === ',' && !(this.#hasKey && this.#hasValue)) {
      this.#state = 'memberName';
    } else if (this.#state === 'commaOrEnd' && character === '}' && this.#hasKey && this.#hasValue) {
      this.#endRecord(at, batches);
      this.#state = 'lineEnd';
    } else {
      throw this.#unexpected(byte, at);
    }
  }

  #readName(byte: number, at: number): void {
    if (byte !== quote) {
      this.#name += String.fromCharCode(byte);
      if (!'key'.startsWith(this.#name) && !'value'.startsWith(this.#name)) throw this.#unexpected(byte, at);
      return;
    }
    if (this.#name !== 'key' && this.#name !== 'value') throw this.#unexpected(byte, at);
    this.#member = this.#name;
    if (this.#member === 'key' ? this.#hasKey : this.#hasValue) {
      throw this.#error('ELLIPTICSUM_MALFORMED_RECORD', `"${this.#member}" comes twice`, at);
    }
    this.#state = 'colon';
  }

  /** Reads digits up to the closing quote or the end of the chunk; returns where it stopped. */
  #readHex(chunk: Uint8Array, start: number): number {
    const buffer = this.#buffer;
    const { maxKeyBytes, maxValueBytes } = this.#options;
    const limit = this.#member === 'key' ? maxKeyBytes : maxValueBytes;
    const left = limit - (buffer.filled - this.#start);
    buffer.reserve(Math.min(left, (chunk.length - start + 1) >> 1));
    const { bytes } = buffer;
    const end = buffer.filled + left;
    let { filled } = buffer;
    let high = this.#high;
    let at = start;
    for (; at < chunk.length; at++) {
      const nibble = nibbles[chunk[at] as number] as number;
      if (nibble < 0) break;
      if (filled === end) {
        throw this.#error('ELLIPTICSUM_RECORD_TOO_LARGE', `the ${this.#member} is longer than ${limit} bytes`, at);
      }
      if (high < 0) high = nibble;
      else {
        bytes[filled++] = (high << 4) | nibble;
        high = -1;
      }
    }
    buffer.filled = filled;
    this.#high = high;
    if (at === chunk.length) return at;
    if (chunk[at] !== quote) throw this.#unexpected(chunk[at] as number, at);
    if (high >= 0) {
      throw this.#error('ELLIPTICSUM_MALFORMED_RECORD', `"${this.#member}" has an odd number of hex digits`, at);
    }
    this.#endMember(at);
    return at + 1;
  }

  #endMember(at: number): void {
    const end = this.#buffer.filled;
    if (this.#member === 'key') {
      if (end === this.#start) throw this.#error('ELLIPTICSUM_EMPTY_KEY', 'the key is empty', at);
      this.#hasKey = true;
      this.#keyStart = this.#start;
      this.#keyEnd = end;
    } else {
      this.#hasValue = true;
      this.#valueStart = this.#start;
      this.#valueEnd = end;
    }
    this.#state = 'commaOrEnd';
  }

  #endRecord(at: number, batches: RecordBatch[]): void {
    const buffer = this.#buffer;
    const { maxBatchBytes, maxBatchRecords } = this.#options;
    let shift = 0;
    if (buffer.count > 0 && buffer.filled > maxBatchBytes) {
      shift = this.#recordStart;
      batches.push(buffer.take(this.#recordStart, this.#endOffset));
    }
    buffer.add(this.#keyStart - shift, this.#keyEnd - shift, this.#valueStart - shift, this.#valueEnd - shift);
    this.#endOffset = this.#chunkOffset + at + 1;
    if (buffer.count === maxBatchRecords || buffer.filled >= maxBatchBytes) {
      batches.push(buffer.take(buffer.filled, this.#endOffset));
    }
  }

  #endLine(at: number): void {
    if (this.#state !== 'object' && this.#state !== 'lineEnd') {
      throw this.#error('ELLIPTICSUM_MALFORMED_RECORD', `the line ends where ${expected[this.#state]} should be`, at);
    }
    this.#state = 'object';
    this.#lineNumber++;
  }

  #unexpected(byte: number, at: number): Error {
    const found =
      byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return this.#error('ELLIPTICSUM_MALFORMED_RECORD', `expected ${expected[this.#state]}, found ${found}`, at);
  }

  #error(code: Parameters<typeof recordError>[0], what: string, at: number): Error {
    const isBetween = this.#state === 'object' || this.#state === 'lineEnd';
    const byteOffset = this.#chunkOffset + at;
    return recordError(code, what, {
      recordNumber: this.#buffer.nextRecordNumber,
      recordOffset: isBetween ? byteOffset : this.#recordOffset,
      byteOffset,
      lineNumber: this.#lineNumber,
    });
  }
}
