import type { VerackV0Message, VerackV1Message } from '../messages.js';
import { constant, type Field, refined, struct } from './field.js';
import { byteString, uint32, uint64 } from './primitives.js';

/** The Go node tells the two veracks apart by this payload length alone: up to it, version 0. */
const maxVerackV0Bytes = 10;

const verackV0: Field<VerackV0Message> = /* @__PURE__ */ struct<VerackV0Message>({
  type: /* @__PURE__ */ constant('verack'),
  version: /* @__PURE__ */ constant(0),
  nonceReceived: uint64,
});

const verackV1: Field<VerackV1Message> = /* @__PURE__ */ struct<VerackV1Message>({
  type: /* @__PURE__ */ constant('verack'),
  version: /* @__PURE__ */ refined(uint32 as Field<1>, (version) => version === 1, 'unknown version of verack'),
  nonceReceived: uint64,
  nonceSent: uint64,
  timestampMicros: uint64,
  publicKey: /* @__PURE__ */ byteString(255),
  signature: /* @__PURE__ */ byteString(255),
});

/** Either version of a verack. */
export const verackField: Field<VerackV0Message | VerackV1Message> = {
  minBytes: verackV0.minBytes,
  maxBytes: verackV1.maxBytes,
  write(writer, message) {
    if (message.version === 0) return verackV0.write(writer, message);
    const start = writer.length;
    verackV1.write(writer, message);
    if (writer.length - start <= maxVerackV0Bytes) {
      throw new RangeError('a version 1 verack this short reads as version 0; its timestamp must be in microseconds');
    }
  },
  read: (reader) => (reader.remaining <= maxVerackV0Bytes ? verackV0.read(reader) : verackV1.read(reader)),
};
