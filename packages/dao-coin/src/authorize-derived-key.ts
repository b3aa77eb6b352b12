import { ByteWriter, concatBytes, u64be } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { decodeAll } from './internal/decoding.js';
import type { MetadataCodec } from './metadata.js';
import { requirePublicKeyBytes } from './public-key.js';
import { requireByte } from './uint256.js';

/** Metadata of an authorize derived key transaction, type 22. */
export interface AuthorizeDerivedKeyMetadata {
  readonly derivedPublicKey: Uint8Array;
  /** First height at which the key may sign no more. */
  readonly expirationBlock: bigint;
  /** One byte, see `derivedKeyOperations`. */
  readonly operation: number;
  /** DER; only looked at when a derived key signs the authorization. May be empty. */
  readonly accessSignature: Uint8Array;
}

/** Transaction type 22: allow or revoke a derived key. */
export const authorizeDerivedKeyMetadataCodec: MetadataCodec<AuthorizeDerivedKeyMetadata> = {
  encode({ derivedPublicKey, expirationBlock, operation, accessSignature }) {
    requireByte(operation, 'operation');
    return new ByteWriter(128)
      .byteArray(derivedPublicKey)
      .uvarint(expirationBlock)
      .byte(operation)
      .byteArray(accessSignature)
      .finish();
  },
  decode: (bytes) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_METADATA',
      what: 'authorize derived key metadata',
      read: (reader) => ({
        derivedPublicKey: reader.byteArray(),
        expirationBlock: reader.uvarint(),
        operation: reader.byte(),
        accessSignature: reader.byteArray(),
      }),
    }),
};

/**
 * What an owner signs so that a derived key may authorize itself: double SHA-256 of the derived key, the expiration as 8 bytes, and
 * the encoded spending limit. (The Go node's first encoding; its second one, a text for wallets, is not supported.)
 *
 * @throws RangeError unless the key has 33 bytes
 */
export function accessHash(
  metadata: Pick<AuthorizeDerivedKeyMetadata, 'derivedPublicKey' | 'expirationBlock'>,
  spendingLimit: Uint8Array,
): Uint8Array {
  requirePublicKeyBytes(metadata.derivedPublicKey, 'derivedPublicKey');
  return sha256(sha256(concatBytes(metadata.derivedPublicKey, u64be(metadata.expirationBlock), spendingLimit)));
}
