import type { Codec } from './codec.js';
import { codecOf, type Field } from './internal/field.js';

/** Bytes of a compact signature: r and s, big-endian, 32 bytes each. */
export const compactSignatureBytes = 64;

/** An ECDSA signature over secp256k1. */
export interface Signature {
  /** r and s, big-endian, 32 bytes each; neither is zero. */
  readonly compact: Uint8Array;
  /** Which of the points that fit the signature is the signer's key: 0 to 3. Without it, verifying needs the key. */
  readonly recoveryId?: number;
}

/** Tag of a DER sequence; a recoverable signature has one more than this and its recovery id. */
const sequenceTag = 0x30;
/** Two integers of 33 bytes. */
const maxDerBytes = 72;
const minDerBytes = 8;

/**
 * Codec of the signature of a transaction: DER, whose first byte is 0x31 plus the recovery id if there is one.
 *
 * Strict: definite lengths of one byte, shortest integers, none negative or zero, nothing after the end. Whether r and s are below the
 * group order, and whether s is low ({@link hasLowS}), is left to whoever verifies.
 */
export const signatureCodec: Codec<Signature> = /* @__PURE__ */ codecOf<Signature>(
  /* @__PURE__ */ ((): Field<Signature> => ({
    minBytes: minDerBytes,
    maxBytes: maxDerBytes,
    write(writer, { compact, recoveryId }) {
      if (compact.length !== compactSignatureBytes) throw new RangeError('a compact signature has 64 bytes');
      if (recoveryId !== undefined && ![0, 1, 2, 3].includes(recoveryId)) {
        throw new RangeError('a recovery id is 0, 1, 2 or 3');
      }
      const r = shortestInteger(compact.subarray(0, 32));
      const s = shortestInteger(compact.subarray(32));
      writer.byte(recoveryId === undefined ? sequenceTag : sequenceTag + 1 + recoveryId);
      writer.byte(r.length + s.length + 4);
      for (const integer of [r, s]) writer.byte(0x02).byte(integer.length).bytes(integer);
    },
    read(reader) {
      const der = reader.bytes(reader.remaining);
      const compact = compactFromDer(der);
      if (compact === undefined) throw reader.error('WIRE_INVALID_VALUE', 'expected a strict DER signature');
      const tag = der[0] as number;
      return tag === sequenceTag ? { compact } : { compact, recoveryId: tag - sequenceTag - 1 };
    },
  }))(),
  'signature',
);

/** Half of the group order, rounded down: the largest s that counts as low. */
const maxLowS: readonly number[] = [
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
  0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/** True if the s of a compact signature is at most half of the group order, so that nobody can negate it unnoticed. */
export function hasLowS(compact: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = (compact[32 + i] as number) - (maxLowS[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** r and s of the one canonical encoding of two positive integers of at most 32 bytes, under any of the five tags. */
function compactFromDer(der: Uint8Array): Uint8Array | undefined {
  const tag = der[0] ?? 0;
  if (der.length < minDerBytes || tag < sequenceTag || tag > sequenceTag + 4 || der[1] !== der.length - 2)
    return undefined;
  const compact = new Uint8Array(compactSignatureBytes);
  const afterR = readInteger(der, 2, compact.subarray(0, 32));
  if (afterR === undefined) return undefined;
  return readInteger(der, afterR, compact.subarray(32)) === der.length ? compact : undefined;
}

/** Reads a positive integer at `offset` into 32 bytes; gives the offset after it. */
function readInteger(der: Uint8Array, offset: number, target: Uint8Array): number | undefined {
  const length = der[offset + 1];
  if (der[offset] !== 0x02 || length === undefined || length === 0 || length > 33) return undefined;
  const start = offset + 2;
  const end = start + length;
  if (end > der.length) return undefined;
  const first = der[start] as number;
  if (first >= 0x80) return undefined;
  if (first !== 0) {
    if (length > 32) return undefined;
    target.set(der.subarray(start, end), 32 - length);
    return end;
  }
  if (length === 1 || (der[start + 1] as number) < 0x80) return undefined;
  target.set(der.subarray(start + 1, end), 33 - length);
  return end;
}

/** Shortest two's complement form of an unsigned 32-byte integer. @throws RangeError if it is zero */
function shortestInteger(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0);
  if (start === -1) throw new RangeError('neither r nor s of a signature is zero');
  const shortest = value.subarray(start);
  return (shortest[0] as number) < 0x80 ? shortest : Uint8Array.of(0, ...shortest);
}
