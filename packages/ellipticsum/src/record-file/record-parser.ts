import { requireBytes } from '../internal/arguments.js';
import { BinaryParser } from './binary-parser.js';
import { JsonLinesParser } from './json-lines-parser.js';
import { type RecordBatch, type RecordFileOptions, resolveRecordFileOptions } from './record-batch.js';

/** Turns the bytes of a record file, in pieces of any size, into batches. Of no use any more once it has thrown. */
export interface RecordParser {
  /**
   * The batches that these bytes, which are copied, complete.
   *
   * @throws ELLIPTICSUM_MALFORMED_RECORD, ELLIPTICSUM_RECORD_TOO_LARGE, ELLIPTICSUM_EMPTY_KEY
   */
  push(chunk: Uint8Array): RecordBatch[];
  /** The last batch, if there is one. @throws ELLIPTICSUM_TRUNCATED_INPUT if the input ends inside a record */
  finish(): RecordBatch[];
}

/** A parser of a record file that its caller feeds. @throws TypeError, RangeError if an option is out of range */
export function createRecordParser(options: RecordFileOptions = {}): RecordParser {
  const resolved = resolveRecordFileOptions(options);
  return resolved.format === 'jsonl' ? new JsonLinesParser(resolved) : new BinaryParser(resolved);
}

/** Largest piece given to a parser, so that few batches of a large chunk exist at a time. */
const pieceBytes = 1_048_576;

/**
 * The records of a file, batch by batch, with memory for a few batches however long it is.
 *
 * @throws ELLIPTICSUM_MALFORMED_RECORD, ELLIPTICSUM_RECORD_TOO_LARGE, ELLIPTICSUM_EMPTY_KEY, ELLIPTICSUM_TRUNCATED_INPUT,
 * with `recordNumber`, `recordOffset`, `byteOffset` and, in JSON lines, `lineNumber` in `details`
 */
export async function* readRecordFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: RecordFileOptions = {},
): AsyncGenerator<RecordBatch, void, undefined> {
  const parser = createRecordParser(options);
  for await (const chunk of chunks) {
    requireBytes(chunk, 'chunk');
    for (let at = 0; at < chunk.length; at += pieceBytes) yield* parser.push(chunk.subarray(at, at + pieceBytes));
  }
  yield* parser.finish();
}
