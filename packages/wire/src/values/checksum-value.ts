import { WireError } from '../wire-error.js';
import type { EncoderParams } from './encoder-params.js';
import type { EntryCodec, EntryCodecs } from './entry-codecs.js';
import { createEntryCodecs } from './entry-codecs.js';
import { statePrefixes } from './state-prefixes.js';

/** What decides in which form a value enters the checksum. */
export interface ChecksumValueOptions {
  /** Height that the checksum is for: values written before by an older layout are laid out anew as of this height. */
  readonly height: number;
  readonly params: EncoderParams;
}

/**
 * The bytes that stand for `value` in the state checksum. A value that is an entry goes there without the encoder types and versions, at
 * every level; any other as it is, and then the result is `value` itself.
 *
 * The codecs of `params` are made once and kept as long as that object.
 *
 * @throws WireError if `key` has no state prefix, or `value` is no entry of the type that its prefix says
 * @throws RangeError if `height` or `params` are not as they must be
 */
export function checksumValue(key: Uint8Array, value: Uint8Array, options: ChecksumValueOptions): Uint8Array {
  const prefix = statePrefixes.get(key[0] ?? -1);
  if (prefix === undefined) {
    throw new WireError('WIRE_INVALID_VALUE', `no state is kept under prefix ${key[0] ?? 'of an empty key'}`, {
      details: { reading: 'key', prefix: key[0] ?? -1 },
    });
  }
  if (prefix.entry === undefined) return value;
  const codec = codecsOf(options.params)[prefix.entry] as EntryCodec<unknown>;
  const entry = codec.decode(value);
  return entry === undefined ? value : codec.encode(entry, { height: options.height, form: 'checksum' });
}

const known = /* @__PURE__ */ new WeakMap<EncoderParams, EntryCodecs>();

function codecsOf(params: EncoderParams): EntryCodecs {
  const found = known.get(params) ?? createEntryCodecs({ params });
  known.set(params, found);
  return found;
}
