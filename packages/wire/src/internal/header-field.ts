import type { HeaderCodec } from '../header-codec.js';
import { WireError } from '../wire-error.js';
import type { Field } from './field.js';
import type { PayloadReader } from './payload-reader.js';

/** A header laid out by the chain's own codec, which is trusted with neither its errors nor its end. */
export function headerField<H>(codec: HeaderCodec<H>): Field<H> {
  if (!Number.isSafeInteger(codec.maxBytes) || codec.maxBytes < 1) {
    throw new RangeError('maxBytes of a header codec must be a positive safe integer');
  }
  return {
    minBytes: 1,
    maxBytes: codec.maxBytes,
    write(writer, header) {
      const bytes = codec.encode(header);
      if (bytes.length > codec.maxBytes)
        throw new RangeError(`${bytes.length} header bytes are over ${codec.maxBytes}`);
      writer.bytes(bytes);
    },
    read(reader) {
      const { header, end } = decodeHeader(codec, reader);
      const length = end - reader.offset;
      if (!Number.isSafeInteger(length) || length < 1 || length > codec.maxBytes) {
        throw reader.error('WIRE_LIMIT_EXCEEDED', `a header takes 1 to ${codec.maxBytes} bytes`);
      }
      reader.bytes(length);
      return header;
    },
  };
}

function decodeHeader<H>(codec: HeaderCodec<H>, reader: PayloadReader): { readonly header: H; readonly end: number } {
  try {
    return codec.decode(reader.payload, reader.offset);
  } catch (cause) {
    const code = cause instanceof WireError ? cause.code : 'WIRE_INVALID_VALUE';
    throw reader.error(code, 'the header does not decode', cause);
  }
}
