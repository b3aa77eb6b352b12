import { type Field, refined } from './field.js';

const emptyBytes = /* @__PURE__ */ new Uint8Array(0);

/** Unsigned LEB128 below 2^64. */
export const uint64: Field<bigint> = {
  minBytes: 1,
  maxBytes: 10,
  write: (writer, value) => {
    writer.uvarint(value);
  },
  read: (reader) => reader.uvarint(),
};

/** Zig-zag LEB128 of a signed 64-bit integer. */
export const int64: Field<bigint> = {
  minBytes: 1,
  maxBytes: 10,
  write: (writer, value) => {
    writer.varint(value);
  },
  read: (reader) => reader.varint(),
};

/** Unsigned LEB128 of a number up to `limit`. */
export function integer(limit: number): Field<number> {
  return {
    minBytes: 1,
    maxBytes: 10,
    write(writer, value) {
      if (!Number.isSafeInteger(value) || value < 0 || value > limit) {
        throw new RangeError(`expected an integer from 0 to ${limit}`);
      }
      writer.uvarint(value);
    },
    read: (reader) => reader.uvarintNumber(limit),
  };
}

/** Unsigned LEB128 below 2^32. */
export const uint32: Field<number> = integer(0xffff_ffff);

/** Unsigned LEB128 up to 2^53 - 1. */
export const safeInteger: Field<number> = integer(Number.MAX_SAFE_INTEGER);

/** One byte; any value but zero reads as true, as in the Go node. */
export const flag: Field<boolean> = {
  minBytes: 1,
  maxBytes: 1,
  write: (writer, value) => {
    writer.bool(value);
  },
  read: (reader) => reader.bool(),
};

/** One byte, 0 or 1. */
export const strictFlag: Field<boolean> = {
  minBytes: 1,
  maxBytes: 1,
  write: (writer, value) => {
    writer.bool(value);
  },
  read(reader) {
    const byte = reader.byte();
    if (byte > 1) throw reader.error('WIRE_INVALID_VALUE', 'a flag is 0 or 1');
    return byte === 1;
  },
};

/** Exactly `length` bytes. */
export function fixedBytes(length: number): Field<Uint8Array> {
  return {
    minBytes: length,
    maxBytes: length,
    write(writer, value) {
      if (value.length !== length) throw new RangeError(`expected ${length} bytes, not ${value.length}`);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

/** 32 bytes. */
export const hash: Field<Uint8Array> = fixedBytes(32);

/** A length, then that many bytes. */
export function byteString(maxLength: number): Field<Uint8Array> {
  return {
    minBytes: 1,
    maxBytes: 10 + maxLength,
    write(writer, value) {
      if (value.length > maxLength) throw new RangeError(`${value.length} bytes are over ${maxLength}`);
      writer.byteArray(value);
    },
    read(reader) {
      const length = reader.uvarintNumber(maxLength);
      return length === 0 ? emptyBytes : reader.bytes(length);
    },
  };
}

/** A length, then that many bytes, at least one. */
export function nonEmptyBytes(maxLength: number): Field<Uint8Array> {
  return refined(byteString(maxLength), (value) => value.length > 0, 'expected at least one byte');
}

/** A length that is one of `lengths`, then that many bytes. */
export function bytesOfLength(...lengths: readonly number[]): Field<Uint8Array> {
  return refined(
    byteString(Math.max(...lengths)),
    (value) => lengths.includes(value.length),
    `expected ${lengths.join(' or ')} bytes`,
  );
}

/** A length, then that many bytes of well-formed UTF-8. */
export function text(maxLength: number): Field<string> {
  const bytes = byteString(maxLength);
  return {
    minBytes: bytes.minBytes,
    maxBytes: bytes.maxBytes,
    write(writer, value) {
      if (/\p{Surrogate}/u.test(value)) throw new RangeError('expected text without lone surrogates');
      bytes.write(writer, new TextEncoder().encode(value));
    },
    read(reader) {
      const encoded = bytes.read(reader);
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(encoded);
      } catch (cause) {
        throw reader.error('WIRE_INVALID_VALUE', 'expected UTF-8', cause);
      }
    },
  };
}
