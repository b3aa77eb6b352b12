import type { PackedRecords } from '@hs/ellipticsum';
import { RecordInputError } from './record-input-error.js';
import { defaultRecordLimits, type RecordLimits } from './record-limits.js';

/** Nothing that is parsed at once is longer than this, unless one record is. */
const maxBatchBytes = 256 * 1024;

/** Bytes of the longest length prefix that is accepted: 2^35 - 1, far above every limit. */
const maxLengthBytes = 5;

/**
 * Parses a record file: for each record `uvarint(length of key) key uvarint(length of value) value`, without anything between.
 *
 * A uvarint is unsigned LEB128: seven bits a byte, lowest first, the high bit set on all but the last byte. Records are not
 * copied one by one: each batch is a stretch of the file and four offsets per record into it. Memory stays below a batch and
 * the longest record.
 *
 * @throws RecordInputError
 */
export async function* parseRecordFile(
  chunks: AsyncIterable<Uint8Array>,
  limits: RecordLimits = defaultRecordLimits,
): AsyncGenerator<PackedRecords> {
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  let neededBytes = 1;
  let records = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += maxBatchBytes) {
      const piece = chunk.subarray(start, start + maxBatchBytes);
      pieces.push(piece);
      heldBytes += piece.length;
      if (heldBytes < neededBytes) continue;
      const bytes = join(pieces, heldBytes);
      const parsed = parseWholeRecords(bytes, { limits, firstRecord: records + 1 });
      if (parsed.offsets.length > 0) yield { bytes, offsets: Uint32Array.from(parsed.offsets) };
      records += parsed.offsets.length / 4;
      pieces = [bytes.subarray(parsed.end)];
      heldBytes = bytes.length - parsed.end;
      neededBytes = parsed.neededBytes;
    }
  }
  if (heldBytes > 0) throw new RecordInputError(`record ${records + 1}: the input ends in the middle of it`);
}

interface ParsedRecords {
  readonly offsets: readonly number[];
  /** Where the first record that is not whole begins. */
  readonly end: number;
  /** From there on, how many bytes are needed to get any further. */
  readonly neededBytes: number;
}

function parseWholeRecords(
  bytes: Uint8Array,
  { limits, firstRecord }: { readonly limits: RecordLimits; readonly firstRecord: number },
): ParsedRecords {
  const offsets: number[] = [];
  for (let end = 0; ; ) {
    const name = (): string => `record ${firstRecord + offsets.length / 4}`;
    const key = readLength(bytes, end, () => `${name()}, length of the key`);
    if (key === undefined) return { offsets, end, neededBytes: bytes.length - end + 1 };
    if (key.length === 0) throw new RecordInputError(`${name()}: the key has no bytes, so it has no prefix`);
    requireWithin(key.length, limits.maxKeyBytes, () => `${name()}: the key`);
    const keyEnd = key.end + key.length;
    if (keyEnd >= bytes.length) return { offsets, end, neededBytes: keyEnd + 1 - end };
    const value = readLength(bytes, keyEnd, () => `${name()}, length of the value`);
    if (value === undefined) return { offsets, end, neededBytes: bytes.length - end + 1 };
    requireWithin(value.length, limits.maxValueBytes, () => `${name()}: the value`);
    const valueEnd = value.end + value.length;
    if (valueEnd > bytes.length) return { offsets, end, neededBytes: valueEnd - end };
    offsets.push(key.end, keyEnd, value.end, valueEnd);
    end = valueEnd;
  }
}

/** Reads a uvarint at `offset`; undefined if the bytes end before it does. */
function readLength(
  bytes: Uint8Array,
  offset: number,
  name: () => string,
): { readonly length: number; readonly end: number } | undefined {
  let length = 0;
  for (let index = 0; index < maxLengthBytes; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { length, end: offset + index + 1 };
  }
  throw new RecordInputError(`${name()}: more than ${maxLengthBytes} bytes; is this a record file?`);
}

function requireWithin(length: number, limit: number, name: () => string): void {
  if (length <= limit) return;
  throw new RecordInputError(`${name()} would have ${length} bytes; the limit is ${limit}. Is this a record file?`);
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
