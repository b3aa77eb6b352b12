/** Checks a compact (r, s), low-S secp256k1 signature of a 32-byte hash under a compressed key; never throws. */
export type VerifySignature = (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

/** The three operations on secp256k1 that the chain and its wallet need. */
export interface Secp256k1 {
  /** Names the implementation, for logs and measurements. */
  readonly name: string;
  readonly verify: VerifySignature;
  /** Compact, low-S, deterministic (RFC 6979) signature, 64 bytes. @throws RangeError on a key outside 1..n-1 */
  sign(hash: Uint8Array, privateKey: Uint8Array): Uint8Array;
  /** The compressed public key, 33 bytes. @throws RangeError on a key outside 1..n-1 */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
}

/** Bytes of a compact signature: r and s, big-endian, 32 bytes each. */
export const compactSignatureBytes = 64;

/** Longest DER form of a low-S signature: r needs 33 bytes when its first bit is set, s never does. */
export const maxLowSDerBytes = 71;

/** Half of the group order, rounded down: the largest s that counts as low. */
const maxLowS: readonly number[] = [
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
  0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/** True if the s of a compact signature is at most half of the group order. */
export function hasLowS(compact: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = (compact[32 + i] as number) - (maxLowS[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/**
 * The compact form of a DER signature, or `undefined` if it is not the one canonical encoding of two integers in 1..2^256-1.
 *
 * Strict: definite lengths of one byte, shortest integers, no sign bit, nothing after the end. Ranges up to the group order
 * and the height of s are left to whoever verifies.
 */
export function compactFromDer(der: Uint8Array): Uint8Array | undefined {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const compact = new Uint8Array(compactSignatureBytes);
  const afterR = readInteger(der, 2, compact.subarray(0, 32));
  if (afterR === undefined) return undefined;
  return readInteger(der, afterR, compact.subarray(32)) === der.length ? compact : undefined;
}

/** The DER form of a compact signature. */
export function derFromCompact(compact: Uint8Array): Uint8Array {
  const r = integerBytes(compact.subarray(0, 32));
  const s = integerBytes(compact.subarray(32, 64));
  return Uint8Array.of(0x30, r.length + s.length + 4, 0x02, r.length, ...r, 0x02, s.length, ...s);
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

/** Shortest two's complement form of an unsigned 32-byte integer. */
function integerBytes(value: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 31 && value[start] === 0) start++;
  const shortest = value.subarray(start);
  return (shortest[0] as number) < 0x80 ? shortest : Uint8Array.of(0, ...shortest);
}
