import { ByteWriter } from '@hs/bytes';
import type { Codec } from '../codec.js';
import { defaultLimits } from '../limits.js';
import { PayloadReader } from './payload-reader.js';

/**
 * A codec that can be a part of another: it writes to and reads from the middle of a message.
 *
 * `read` throws a `WireError`, `write` a `TypeError` or `RangeError`. `minBytes` lets a list refuse a count that its bytes cannot
 * hold; `maxBytes` adds up to the size limit of the message.
 */
export interface Field<T> {
  readonly minBytes: number;
  readonly maxBytes: number;
  write(writer: ByteWriter, value: T): void;
  read(reader: PayloadReader): T;
}

/** The bytes of `value` alone. */
export function encodeField<T>(field: Field<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  field.write(writer, value);
  if (writer.length > field.maxBytes) throw new RangeError(`${writer.length} bytes are over ${field.maxBytes}`);
  return writer.finish();
}

/** The value that `reader` holds from here to its end. */
export function decodeField<T>(field: Field<T>, reader: PayloadReader): T {
  if (reader.remaining > field.maxBytes) {
    throw reader.error('WIRE_LIMIT_EXCEEDED', `${reader.remaining} bytes are over ${field.maxBytes}`);
  }
  const value = field.read(reader);
  reader.end();
  return value;
}

/** The public form of a field that stands alone; `reading` names it in errors. */
export function codecOf<T>(field: Field<T>, reading: string, maxItems: number = defaultLimits.maxItems): Codec<T> {
  return {
    maxBytes: field.maxBytes,
    encode: (value) => encodeField(field, value),
    decode: (bytes) => decodeField(field, PayloadReader.over(bytes, { reading, itemsLeft: maxItems })),
  };
}

/** `field` that may take at most `maxBytes`. */
export function atMost<T>(field: Field<T>, maxBytes: number): Field<T> {
  return { ...field, maxBytes: Math.min(field.maxBytes, maxBytes) };
}

/** No bytes; the value is always `value`. */
export function constant<T>(value: T): Field<T> {
  return { minBytes: 0, maxBytes: 0, write: () => {}, read: () => value };
}

/** The fields of an object, in the order given. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Field<T[K]> }): Field<T> {
  const entries = Object.entries(fields) as unknown as readonly (readonly [keyof T, Field<T[keyof T]>])[];
  return {
    minBytes: entries.reduce((sum, [, field]) => sum + field.minBytes, 0),
    maxBytes: entries.reduce((sum, [, field]) => sum + field.maxBytes, 0),
    write(writer, value) {
      for (const [name, field] of entries) field.write(writer, value[name]);
    },
    read(reader) {
      const value: Partial<T> = {};
      for (const [name, field] of entries) value[name] = field.read(reader);
      return value as T;
    },
  };
}

/** A count, then that many items. The count is checked against `maxCount`, the bytes left and the items left before it is used. */
export function list<T>(item: Field<T>, maxCount: number): Field<readonly T[]> {
  return {
    minBytes: 1,
    maxBytes: 10 + maxCount * item.maxBytes,
    write(writer, values) {
      if (values.length > maxCount) throw new RangeError(`a list of ${values.length} items is over ${maxCount}`);
      writer.uvarint(values.length);
      for (const value of values) item.write(writer, value);
    },
    read(reader) {
      const count = reader.uvarintNumber(maxCount);
      reader.takeItems(count, item.minBytes);
      const values: T[] = [];
      for (let index = 0; index < count; index++) values.push(item.read(reader));
      return values;
    },
  };
}

/** A length, then a value that takes exactly that length. */
export function sized<T>(field: Field<T>): Field<T> {
  return {
    minBytes: 1,
    maxBytes: 10 + field.maxBytes,
    write: (writer, value) => {
      writer.byteArray(encodeField(field, value));
    },
    read: (reader) => decodeField(field, reader.part(reader.uvarintNumber(field.maxBytes))),
  };
}

/** A length, then a value that takes exactly that length; a length of 0 for none. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  const present = sized(field);
  return {
    minBytes: 1,
    maxBytes: present.maxBytes,
    write(writer, value) {
      if (value === undefined) writer.uvarint(0);
      else present.write(writer, value);
    },
    read(reader) {
      if (reader.payload[reader.offset] !== 0) return present.read(reader);
      reader.byte();
      return undefined;
    },
  };
}

/** `field` whose values must satisfy `isValid`, both ways; `message` says what they must be. */
export function refined<T>(field: Field<T>, isValid: (value: T) => boolean, message: string): Field<T> {
  return {
    ...field,
    write(writer, value) {
      if (!isValid(value)) throw new RangeError(message);
      field.write(writer, value);
    },
    read(reader) {
      const value = field.read(reader);
      if (!isValid(value)) throw reader.error('WIRE_INVALID_VALUE', message);
      return value;
    },
  };
}

/** A byte for the version of what follows, always 0. */
export function afterVersionZero<T>(field: Field<T>): Field<T> {
  return {
    minBytes: field.minBytes + 1,
    maxBytes: field.maxBytes + 1,
    write(writer, value) {
      writer.byte(0);
      field.write(writer, value);
    },
    read(reader) {
      const version = reader.byte();
      if (version !== 0) throw reader.error('WIRE_INVALID_VALUE', `unknown version ${version}`);
      return field.read(reader);
    },
  };
}
