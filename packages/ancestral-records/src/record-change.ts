import { toHex } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { otherKey } from './layout.js';
import type { StateParameters } from './parameters.js';

/** A record to write (`value`) or to delete (`undefined`). Bytes are copied. */
export interface RecordChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Longest key of a record outside of the state. */
const maxOtherKeyBytes = 65_535;

/** True if keys with this first byte are consensus state. */
export function isStateKey(parameters: StateParameters, key: Uint8Array): boolean {
  return key.length > 0 && parameters.statePrefixes.includes(key[0] as number);
}

/**
 * Checks that a record may be in the state.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_RECORD
 */
export function checkStateRecord(parameters: StateParameters, key: Uint8Array, value: Uint8Array | undefined): void {
  if (!isStateKey(parameters, key)) throw invalid(key, 'its first byte is no state prefix');
  if (key.length > parameters.maxKeyBytes) throw invalid(key, `its key is longer than ${parameters.maxKeyBytes} bytes`);
  if (value !== undefined && value.length > parameters.maxValueBytes) {
    throw invalid(key, `its value is longer than ${parameters.maxValueBytes} bytes`);
  }
}

/** Checks changes of the state, and copies their bytes. @throws ANCESTRAL_RECORDS_INVALID_RECORD */
export function copiedChanges(parameters: StateParameters, changes: Iterable<RecordChange>): RecordChange[] {
  return Array.from(changes, ({ key, value }) => {
    checkStateRecord(parameters, key, value);
    return { key: copyBytes(key), value: value && copyBytes(value) };
  });
}

/**
 * Database writes of changes outside of the state.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_RECORD for a state prefix, an empty or an overlong key
 */
export function otherRecordWrites(parameters: StateParameters, changes: Iterable<RecordChange>): DatabaseWrite[] {
  const writes: DatabaseWrite[] = [];
  for (const { key, value } of changes) {
    if (isStateKey(parameters, key)) throw invalid(key, 'state changes only through blocks');
    if (key.length === 0 || key.length > maxOtherKeyBytes) throw invalid(key, 'its key is empty or too long');
    writes.push(
      value === undefined
        ? { type: 'del', key: otherKey(key) }
        : { type: 'put', key: otherKey(key), value: copyBytes(value) },
    );
  }
  return writes;
}

function invalid(key: Uint8Array, reason: string): AncestralRecordsError {
  const shown = toHex(key.subarray(0, 64));
  return new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_RECORD', `record ${shown} is refused: ${reason}`, {
    details: { key: shown, reason },
  });
}
