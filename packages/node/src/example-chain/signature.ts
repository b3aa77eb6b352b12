/** Checks a compact (r, s), low-S secp256k1 signature of a 32-byte hash under a compressed key; never throws. */
export type VerifySignature = (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
