import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** SHA-256 of `bytes`: 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** SHA-256 of the SHA-256 of `bytes`: the hash of frames, transactions and merkle nodes. */
export function doubleSha256(bytes: Uint8Array, sha256: Sha256 = nobleSha256): Uint8Array {
  return sha256(sha256(bytes));
}
