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
