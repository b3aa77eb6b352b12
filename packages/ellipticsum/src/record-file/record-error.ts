import { EllipticSumError, type EllipticSumErrorCode } from '../errors.js';

/** Where in a file something is wrong. Goes into the error's `details` as it is. */
export interface RecordPosition {
  /** Number of the record, counted from 1. */
  readonly recordNumber: number;
  /** Where the record starts in the file. */
  readonly recordOffset: number;
  /** Where in the file it cannot be read on. */
  readonly byteOffset: number;
  /** Number of the line, counted from 1, in JSON lines. */
  readonly lineNumber?: number;
}

/** The error for a record that cannot be read. */
export function recordError(code: EllipticSumErrorCode, what: string, position: RecordPosition): EllipticSumError {
  const { recordNumber, byteOffset, lineNumber } = position;
  const where = lineNumber === undefined ? `record ${recordNumber}` : `line ${lineNumber}, record ${recordNumber}`;
  return new EllipticSumError(code, `${where}, byte ${byteOffset}: ${what}`, { details: { ...position } });
}
