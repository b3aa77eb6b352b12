import { ByteReader, ByteWriter } from '@hs/bytes';
import { transactionRefusal } from './refusal.js';

/** Metadata of an update profile transaction. Text fields are raw bytes; an empty one leaves the old value. */
export interface ProfileMetadata {
  /** The profile's owner; empty for the signer. */
  readonly profilePublicKey: Uint8Array;
  readonly username: Uint8Array;
  readonly description: Uint8Array;
  readonly profilePic: Uint8Array;
  readonly creatorBasisPoints: bigint;
  readonly stakeMultipleBasisPoints: bigint;
  readonly isHidden: boolean;
}

/** Encoder and decoder of update profile metadata, byte for byte as in the Go node. */
export const profileMetadataCodec: {
  encode(metadata: ProfileMetadata): Uint8Array;
  /** Byte strings in the result are views of `bytes`. @throws NODE_TRANSACTION_REFUSED with rule `MetadataMalformed` */
  decode(bytes: Uint8Array): ProfileMetadata;
} = {
  encode: (metadata) =>
    new ByteWriter()
      .byteArray(metadata.profilePublicKey)
      .byteArray(metadata.username)
      .byteArray(metadata.description)
      .byteArray(metadata.profilePic)
      .uvarint(metadata.creatorBasisPoints)
      .uvarint(metadata.stakeMultipleBasisPoints)
      .bool(metadata.isHidden)
      .finish(),
  decode: (bytes) => {
    const reader = new ByteReader(bytes, (problem, detail) =>
      transactionRefusal('MetadataMalformed', `malformed profile metadata: ${problem}: ${detail}`),
    );
    const metadata: ProfileMetadata = {
      profilePublicKey: reader.byteArray(),
      username: reader.byteArray(),
      description: reader.byteArray(),
      profilePic: reader.byteArray(),
      creatorBasisPoints: reader.uvarint(),
      stakeMultipleBasisPoints: reader.uvarint(),
      isHidden: reader.bool(),
    };
    reader.end();
    return metadata;
  },
};
