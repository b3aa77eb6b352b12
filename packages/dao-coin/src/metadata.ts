import { ByteWriter } from '@hs/bytes';
import { decodeAll, readUint256 } from './internal/decoding.js';
import { requireByte, requireUint256 } from './uint256.js';

/** Metadata of a DAO coin transaction. */
export interface DaoCoinMetadata {
  /** Public key of the profile whose coin it is. */
  readonly profilePublicKey: Uint8Array;
  /** One byte, see {@link daoCoinOperations}. */
  readonly operation: number;
  /** uint256; 0 unless minting. */
  readonly coinsToMint: bigint;
  /** uint256; 0 unless burning. */
  readonly coinsToBurn: bigint;
  /** One byte, see {@link transferRestrictions}; 0 unless updating it. */
  readonly transferRestriction: number;
}

/** Metadata of a DAO coin transfer transaction. */
export interface DaoCoinTransferMetadata {
  /** Public key of the profile whose coin it is. */
  readonly profilePublicKey: Uint8Array;
  /** uint256, in base units. */
  readonly amount: bigint;
  readonly receiverPublicKey: Uint8Array;
}

/** The operation byte of a DAO coin transaction. */
export const daoCoinOperations = { mint: 0, burn: 1, disableMinting: 2, updateTransferRestriction: 3 } as const;

/** The transfer restriction byte of a DAO coin. */
export const transferRestrictions = {
  unrestricted: 0,
  profileOwnerOnly: 1,
  daoMembersOnly: 2,
  permanentlyUnrestricted: 3,
} as const;

/** Encoder and decoder of transaction metadata, byte for byte as in the Go node. */
export interface MetadataCodec<Metadata> {
  /** @throws RangeError if a field is out of its range */
  encode(metadata: Metadata): Uint8Array;
  /**
   * Byte strings in the result are views of `bytes`, of any length: a wrong one is for the rules to name.
   *
   * @throws DAO_COIN_MALFORMED_METADATA
   */
  decode(bytes: Uint8Array): Metadata;
}

/** Transaction type 24: mint, burn, disable minting, update transfer restriction. */
export const daoCoinMetadataCodec: MetadataCodec<DaoCoinMetadata> = {
  encode(metadata) {
    requireDaoCoinMetadata(metadata);
    return new ByteWriter(64)
      .byteArray(metadata.profilePublicKey)
      .byte(metadata.operation)
      .minimalBigint(metadata.coinsToMint)
      .minimalBigint(metadata.coinsToBurn)
      .byte(metadata.transferRestriction)
      .finish();
  },
  decode: (bytes) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_METADATA',
      what: 'DAO coin metadata',
      read: (reader) => ({
        profilePublicKey: reader.byteArray(),
        operation: reader.byte(),
        coinsToMint: readUint256(reader),
        coinsToBurn: readUint256(reader),
        transferRestriction: reader.byte(),
      }),
    }),
};

/** Transaction type 25: transfer. */
export const daoCoinTransferMetadataCodec: MetadataCodec<DaoCoinTransferMetadata> = {
  encode(metadata) {
    requireDaoCoinTransferMetadata(metadata);
    return new ByteWriter(112)
      .byteArray(metadata.profilePublicKey)
      .minimalBigint(metadata.amount)
      .byteArray(metadata.receiverPublicKey)
      .finish();
  },
  decode: (bytes) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_METADATA',
      what: 'DAO coin transfer metadata',
      read: (reader) => ({
        profilePublicKey: reader.byteArray(),
        amount: readUint256(reader),
        receiverPublicKey: reader.byteArray(),
      }),
    }),
};

/** Metadata that mints `amount` base units to the profile's owner. */
export function mintMetadata(profilePublicKey: Uint8Array, amount: bigint): DaoCoinMetadata {
  return { ...noOperation, profilePublicKey, operation: daoCoinOperations.mint, coinsToMint: amount };
}

/** Metadata that burns `amount` base units of the signer's. */
export function burnMetadata(profilePublicKey: Uint8Array, amount: bigint): DaoCoinMetadata {
  return { ...noOperation, profilePublicKey, operation: daoCoinOperations.burn, coinsToBurn: amount };
}

/** Metadata that ends minting for good. */
export function disableMintingMetadata(profilePublicKey: Uint8Array): DaoCoinMetadata {
  return { ...noOperation, profilePublicKey, operation: daoCoinOperations.disableMinting };
}

/** Metadata that sets who may transfer the coin, see {@link transferRestrictions}. */
export function transferRestrictionMetadata(
  profilePublicKey: Uint8Array,
  transferRestriction: number,
): DaoCoinMetadata {
  const operation = daoCoinOperations.updateTransferRestriction;
  return { ...noOperation, profilePublicKey, operation, transferRestriction };
}

/** @throws RangeError if a field cannot be encoded */
export function requireDaoCoinMetadata(metadata: DaoCoinMetadata): void {
  requireByte(metadata.operation, 'operation');
  requireUint256(metadata.coinsToMint, 'coinsToMint');
  requireUint256(metadata.coinsToBurn, 'coinsToBurn');
  requireByte(metadata.transferRestriction, 'transferRestriction');
}

/** @throws RangeError if a field cannot be encoded */
export function requireDaoCoinTransferMetadata(metadata: DaoCoinTransferMetadata): void {
  requireUint256(metadata.amount, 'amount');
}

const noOperation = { coinsToMint: 0n, coinsToBurn: 0n, transferRestriction: 0 };
