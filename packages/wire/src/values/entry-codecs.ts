import { decodeField, encodeField } from '../internal/field.js';
import { PayloadReader } from '../internal/payload-reader.js';
import type { EncoderParams } from './encoder-params.js';
import type { Entries, EntryName } from './entries.js';
import type { EntryForm } from './entry-form.js';
import { EntryLayouts, type EntryType } from './internal/entry-context.js';
import { entryTypes } from './internal/entry-types.js';
import { defaultValueLimits, type ValueLimits } from './value-limits.js';

/** What entries are written by. */
export interface EncodeEntryOptions {
  /** Height of the block that writes the entry, which decides its layout. */
  readonly height: number;
  /** Default `stored`. */
  readonly form?: EntryForm;
}

/** What entries are read by: the stored form says itself which layout it has, the checksum form does not. */
export type DecodeEntryOptions = { readonly form?: 'stored' } | { readonly form: 'checksum'; readonly height: number };

/** Bytes of one of the Go node's encoder types, with existence byte. `undefined` is the entry that does not exist: one zero byte. */
export interface EntryCodec<T> {
  readonly name: EntryName;
  /** The Go node's number for the type. */
  readonly encoderType: number;
  /** Most bytes that `decode` accepts and `encode` returns. */
  readonly maxBytes: number;
  /**
   * New bytes. What the layout at that height has no room for is left out, as in the Go node.
   *
   * @throws TypeError or RangeError if a field has a value that it cannot have
   */
  encode(entry: T | undefined, options: EncodeEntryOptions): Uint8Array;
  /**
   * The entry that is exactly `bytes`. Byte strings in it are views.
   *
   * @throws WireError `WIRE_TRUNCATED`, `WIRE_TRAILING_BYTES`, `WIRE_VARINT_OVERFLOW`, `WIRE_LIMIT_EXCEEDED`, `WIRE_INVALID_VALUE`
   */
  decode(bytes: Uint8Array, options?: DecodeEntryOptions): T | undefined;
}

/** One codec for each encoder type. */
export type EntryCodecs = { readonly [N in EntryName]: EntryCodec<Entries[N]> };

/** What entry codecs are made of. */
export interface EntryCodecOptions {
  readonly params: EncoderParams;
  /** Limits to use in place of the defaults. */
  readonly limits?: Partial<ValueLimits>;
}

/** The codecs of all entries of a network. @throws RangeError if `params` or `limits` are not as they must be */
export function createEntryCodecs(options: EntryCodecOptions): EntryCodecs {
  const limits = { ...defaultValueLimits, ...options.limits };
  for (const [name, limit] of Object.entries(limits)) {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0xffff_ffff) {
      throw new RangeError(`${name} must be an integer from 1 to 2^32 - 1`);
    }
  }
  const layouts = new EntryLayouts(options.params, limits);
  const names = Object.keys(entryTypes) as EntryName[];
  return Object.fromEntries(
    names.map((name) => [name, entryCodec(name, entryTypes[name] as EntryType<unknown>, layouts)]),
  ) as unknown as EntryCodecs;
}

function entryCodec<T>(name: EntryName, type: EntryType<T>, layouts: EntryLayouts): EntryCodec<T> {
  const { maxValueBytes, maxItems } = layouts.limits;
  return {
    name,
    encoderType: type.encoderType,
    maxBytes: maxValueBytes,
    encode(entry, { height, form = 'stored' }) {
      const bytes = encodeField(layouts.at(height, form).nested(type), entry);
      if (bytes.length > maxValueBytes) throw new RangeError(`${bytes.length} bytes are over ${maxValueBytes}`);
      return bytes;
    },
    decode(bytes, options = {}) {
      const reader = PayloadReader.over(bytes, { reading: name, itemsLeft: maxItems });
      if (bytes.length > maxValueBytes) {
        throw reader.error('WIRE_LIMIT_EXCEEDED', `${bytes.length} bytes are over ${maxValueBytes}`);
      }
      const height = options.form === 'checksum' ? options.height : 0;
      return decodeField(layouts.at(height, options.form ?? 'stored').nested(type), reader);
    },
  };
}
