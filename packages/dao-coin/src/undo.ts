import { type ByteReader, ByteWriter } from '@hs/bytes';
import { DaoCoinError } from './error.js';
import { decodeAll } from './internal/decoding.js';

/** Most connects that become one. */
export const maxAtomicConnects = 32;

/** One record that a connect changed. */
export interface UndoRecord {
  readonly key: Uint8Array;
  /** `undefined`: there was no record. */
  readonly before: Uint8Array | undefined;
  /** `undefined`: there is no record. */
  readonly after: Uint8Array | undefined;
}

/**
 * What `disconnectDaoCoin` needs to take back a connect: the records it changed. At most five for a DAO coin transaction, one
 * for a derived key, and those of all its parts for `connectAtomically`.
 */
export interface DaoCoinUndo {
  readonly records: readonly UndoRecord[];
}

const formatVersion = 1;
/** A profile, two balances in two indexes and a derived key, for each part of an atomic connect. */
const maxRecords = 6 * maxAtomicConnects;

/** Undo data as bytes, for keeping them beside the block. The first byte is a format version. */
export const daoCoinUndoCodec: {
  encode(undo: DaoCoinUndo): Uint8Array;
  /**
   * Byte strings in the result are views of `bytes`.
   *
   * @throws DAO_COIN_MALFORMED_UNDO
   */
  decode(bytes: Uint8Array): DaoCoinUndo;
} = {
  encode({ records }) {
    if (records.length > maxRecords) throw new RangeError(`expected at most ${maxRecords} records`);
    const writer = new ByteWriter().byte(formatVersion).uvarint(records.length);
    for (const { key, before, after } of records) {
      writer.byteArray(key);
      writeValue(writer, before);
      writeValue(writer, after);
    }
    return writer.finish();
  },
  decode: (bytes) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_UNDO',
      what: 'DAO coin undo data',
      read(reader) {
        const version = reader.byte();
        if (version !== formatVersion) throw malformedUndo(`unknown format version ${version}`);
        const records: UndoRecord[] = [];
        for (let left = reader.uvarintNumber(maxRecords); left > 0; left--) {
          records.push({ key: reader.byteArray(), before: readValue(reader), after: readValue(reader) });
        }
        return { records };
      },
    }),
};

function writeValue(writer: ByteWriter, value: Uint8Array | undefined): void {
  writer.bool(value !== undefined);
  if (value !== undefined) writer.byteArray(value);
}

function readValue(reader: ByteReader): Uint8Array | undefined {
  const flag = reader.byte();
  if (flag > 1) throw malformedUndo(`presence byte ${flag}`);
  return flag === 1 ? reader.byteArray() : undefined;
}

function malformedUndo(problem: string): DaoCoinError {
  return new DaoCoinError('DAO_COIN_MALFORMED_UNDO', `Malformed DAO coin undo data: ${problem}`, {
    details: { problem, what: 'DAO coin undo data' },
  });
}
