import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** SHA-256 of `bytes`: 32 bytes. */
export interface Sha256 {
  (bytes: Uint8Array): Uint8Array;
  /** Begins the same hash of bytes that come in pieces. Where it is there, large payloads are hashed as they arrive. */
  readonly create?: () => IncrementalHash;
}

/** A hash in the making. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  /** The hash of all bytes so far; nothing follows it. */
  digest(): Uint8Array;
}

/** SHA-256 of the SHA-256 of `bytes`: the hash of frames, transactions and merkle nodes. */
export function doubleSha256(bytes: Uint8Array, sha256: Sha256 = nobleSha256): Uint8Array {
  return sha256(sha256(bytes));
}
