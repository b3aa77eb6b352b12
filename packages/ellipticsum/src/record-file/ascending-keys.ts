import { EllipticSumError } from '../errors.js';
import type { RecordBatch } from './record-batch.js';

/**
 * Checks that every key is greater than the one before it, byte by byte, so that no key comes twice: the one thing about
 * duplicates that can be known without keeping the keys. One checker may watch the batches of several files in a row.
 */
export class AscendingKeyCheck {
  #last: Uint8Array = new Uint8Array(0);

  /** Checks the keys of the next batch. @throws ELLIPTICSUM_KEYS_NOT_ASCENDING with `details.recordNumber` */
  check({ bytes, offsets, firstRecordNumber }: RecordBatch): void {
    let before = this.#last;
    let beforeStart = 0;
    let beforeEnd = before.length;
    for (let at = 0; at < offsets.length; at += 4) {
      const start = offsets[at] as number;
      const end = offsets[at + 1] as number;
      const length = Math.min(end - start, beforeEnd - beforeStart);
      let same = 0;
      while (same < length && bytes[start + same] === before[beforeStart + same]) same++;
      const isGreater =
        same < length
          ? (bytes[start + same] as number) > (before[beforeStart + same] as number)
          : end - start > beforeEnd - beforeStart;
      if (!isGreater) throw notAscending(firstRecordNumber + at / 4);
      before = bytes;
      beforeStart = start;
      beforeEnd = end;
    }
    this.#last = before.slice(beforeStart, beforeEnd);
  }
}

function notAscending(recordNumber: number): EllipticSumError {
  const message = `record ${recordNumber}: its key is not greater than the key before it`;
  return new EllipticSumError('ELLIPTICSUM_KEYS_NOT_ASCENDING', message, { details: { recordNumber } });
}
