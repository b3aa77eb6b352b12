import { type ByteWriter, bigintFromBytes, bigintToMinimalBytes, compareBytes, toHex } from '@hs/bytes';
import { encodeField, type Field, refined } from '../../internal/field.js';
import type { PayloadReader } from '../../internal/payload-reader.js';
import { byteString, fixedBytes } from '../../internal/primitives.js';
import type { Limit } from '../spending-limit.js';

/** One byte. */
export const byte: Field<number> = {
  minBytes: 1,
  maxBytes: 1,
  write(writer, value) {
    if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError('expected a byte');
    writer.byte(value);
  },
  read: (reader) => reader.byte(),
};

/** A length of 33, then 33 bytes: a compressed secp256k1 point, or a PKID. */
export const key33: Field<Uint8Array> = /* @__PURE__ */ exactly(33);

/** 33 bytes without a length. */
export const bareKey33: Field<Uint8Array> = /* @__PURE__ */ fixedBytes(33);

/** A length of 32, then 32 bytes: a hash, or the name of a group, filled up with zeros. */
export const bytes32: Field<Uint8Array> = /* @__PURE__ */ exactly(32);

function exactly(length: number): Field<Uint8Array> {
  const message = `expected ${length} bytes`;
  return { ...refined(byteString(length), (value) => value.length === length, message), minBytes: 1 + length };
}

const maxUint256 = 2n ** 256n - 1n;
const uint256Bytes = /* @__PURE__ */ byteString(32);

/** A length up to 32, then the big-endian bytes of an unsigned 256-bit integer, without leading zeros where we write it. */
export const minimalUint256: Field<bigint> = {
  minBytes: 1,
  maxBytes: uint256Bytes.maxBytes,
  write(writer, value) {
    requireUint256(value);
    uint256Bytes.write(writer, bigintToMinimalBytes(value));
  },
  read: (reader) => bigintFromBytes(uint256Bytes.read(reader)),
};

/** A flag, and if it is set what {@link minimalUint256} writes. */
export const optionalUint256: Field<bigint | undefined> = /* @__PURE__ */ optional(minimalUint256);

/** {@link optionalUint256} that must be there: the Go node crashes on one that is not. */
export const uint256: Field<bigint> = /* @__PURE__ */ refined(
  optionalUint256 as Field<bigint>,
  (value) => value !== undefined,
  'expected a number, not nothing',
);

/** A length of 32, then 32 big-endian bytes; a length of 0 for nothing. */
export const fixedUint256: Field<bigint | undefined> = {
  minBytes: 1,
  maxBytes: 33,
  write(writer, value) {
    if (value === undefined) return void writer.byte(0);
    requireUint256(value);
    const minimal = bigintToMinimalBytes(value);
    writer
      .byte(32)
      .bytes(new Uint8Array(32 - minimal.length))
      .bytes(minimal);
  },
  read(reader) {
    const length = reader.uvarintNumber(32);
    if (length !== 0 && length !== 32) throw reader.error('WIRE_INVALID_VALUE', 'expected a length of 0 or 32');
    return length === 0 ? undefined : bigintFromBytes(reader.bytes(32));
  },
};

function requireUint256(value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value > maxUint256) {
    throw new RangeError('expected an unsigned 256-bit integer');
  }
}

/** A flag, and if it is set the value. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    minBytes: 1,
    maxBytes: 1 + field.maxBytes,
    write(writer, value) {
      writer.bool(value !== undefined);
      if (value !== undefined) field.write(writer, value);
    },
    read: (reader) => (reader.bool() ? field.read(reader) : undefined),
  };
}

/** A count, then items that each have a key of their own; written in the byte order of their keys, read in any. */
export function keyedList<T>(options: {
  readonly item: Field<T>;
  readonly maxCount: number;
  readonly keyOf: (item: T) => Uint8Array;
  /** By default the order of the key bytes. */
  readonly compare?: (a: T, b: T) => number;
}): Field<readonly T[]> {
  const { item, maxCount, keyOf } = options;
  const distinct = (items: readonly T[]): boolean =>
    new Set(items.map((each) => toHex(keyOf(each)))).size === items.length;
  const message = 'expected no key twice';
  return {
    minBytes: 1,
    maxBytes: 10 + maxCount * item.maxBytes,
    write(writer: ByteWriter, items: readonly T[]) {
      if (items.length > maxCount) throw new RangeError(`a list of ${items.length} items is over ${maxCount}`);
      if (!distinct(items)) throw new RangeError(message);
      const compare = options.compare ?? ((a: T, b: T) => compareBytes(keyOf(a), keyOf(b)));
      writer.uvarint(items.length);
      for (const each of [...items].sort(compare)) item.write(writer, each);
    },
    read(reader: PayloadReader) {
      const count = reader.uvarintNumber(maxCount);
      reader.takeItems(count, item.minBytes);
      const items: T[] = [];
      for (let index = 0; index < count; index++) items.push(item.read(reader));
      if (!distinct(items)) throw reader.error('WIRE_INVALID_VALUE', message);
      return items;
    },
  };
}

/** A count, then key and value of each entry of a map whose keys have several fields; written in the byte order of the keys. */
export function limitMap<K extends object, V>(options: {
  readonly key: Field<K>;
  readonly limit: Field<V>;
  readonly maxCount: number;
}): Field<readonly Limit<K, V>[]> {
  const { key, limit, maxCount } = options;
  return keyedList<Limit<K, V>>({
    maxCount,
    keyOf: (entry) => encodeField(key, entry),
    item: {
      minBytes: key.minBytes + limit.minBytes,
      maxBytes: key.maxBytes + limit.maxBytes,
      write(writer, entry) {
        key.write(writer, entry);
        limit.write(writer, entry.limit);
      },
      read: (reader) => ({ ...key.read(reader), limit: limit.read(reader) }),
    },
  });
}
