import {
  burnMetadata,
  daoCoinMetadataCodec,
  daoCoinTransferMetadataCodec,
  disableMintingMetadata,
  mintMetadata,
  transferRestrictionMetadata,
} from '@hs/dao-coin';
import {
  signatureCodec,
  signingHash,
  type Transaction,
  type TransactionNonce,
  type TransactionOutput,
  transactionCodec,
} from '@hs/wire';
import { type ProfileMetadata, profileMetadataCodec } from './profile-metadata.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import { maxLowSDerBytes, type Secp256k1 } from './signature.js';
import { exampleTransactionTypes } from './transaction-types.js';

/** What every transaction of a wallet needs. */
export interface TransactionOptions {
  /** Unique for the signer among nonces of the same expiration. */
  readonly nonce: TransactionNonce;
  /** Default: the least that the chain takes for a transaction of this size. */
  readonly feeNanos?: bigint;
}

/** Signs transactions of one key. Amounts of DAO coins are in base units; profiles are named by their owner's public key. */
export interface Wallet {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  transfer(outputs: readonly TransactionOutput[], options: TransactionOptions): Transaction;
  /** Creates or changes the signer's own profile. Fields left out are empty, which keeps the old value. */
  updateProfile(fields: ProfileFields, options: TransactionOptions): Transaction;
  mint(amount: bigint, options: TransactionOptions): Transaction;
  burn(profilePublicKey: Uint8Array, options: TransactionOptions & { readonly amount: bigint }): Transaction;
  disableMinting(options: TransactionOptions): Transaction;
  /** `restriction` is one of `transferRestrictions` of `@hs/dao-coin`. */
  updateTransferRestriction(restriction: number, options: TransactionOptions): Transaction;
  transferDaoCoin(
    profilePublicKey: Uint8Array,
    options: TransactionOptions & { readonly receiverPublicKey: Uint8Array; readonly amount: bigint },
  ): Transaction;
  /** Signs any other transaction of version 1, its fee and nonce included. */
  sign(transaction: Transaction): Transaction;
}

/** What a wallet can put into a profile. */
export interface ProfileFields {
  /** Text is encoded as UTF-8. */
  readonly username?: string;
  readonly description?: string;
  readonly profilePic?: Uint8Array;
  /** Default 0. */
  readonly creatorBasisPoints?: bigint;
  /** Default 12,500. */
  readonly stakeMultipleBasisPoints?: bigint;
  readonly isHidden?: boolean;
}

const utf8 = new TextEncoder();
const empty = new Uint8Array(0);
const noExtraData: ReadonlyMap<string, Uint8Array> = new Map();
/** What the longest signature adds to the encoding of an unsigned transaction: its length stays one byte. */
const signatureRoom = maxLowSDerBytes;

/**
 * A wallet for a 32-byte private key, which is copied.
 *
 * @throws RangeError if it is no private key
 */
export function createWallet(options: {
  readonly privateKey: Uint8Array;
  /** The chain's minimum, for the default fee. */
  readonly minFeeNanosPerKb: number;
  readonly secp256k1?: Secp256k1;
}): Wallet {
  const { secp256k1 = defaultSecp256k1 } = options;
  const privateKey = options.privateKey.slice();
  const minFeeNanosPerKb = BigInt(options.minFeeNanosPerKb);
  const publicKey = secp256k1.publicKeyOf(privateKey);

  const sign = (transaction: Transaction): Transaction => ({
    ...transaction,
    signature: signatureCodec.encode({ compact: secp256k1.sign(signingHash(transaction), privateKey) }),
  });
  const make = (
    type: number,
    metadata: Uint8Array,
    { nonce, feeNanos, outputs = [] }: TransactionOptions & { readonly outputs?: readonly TransactionOutput[] },
  ): Transaction => {
    const unsigned: Transaction = {
      version: 1,
      inputs: [],
      outputs,
      type,
      metadata,
      publicKey,
      extraData: noExtraData,
      signature: empty,
      feeNanos: feeNanos ?? 0n,
      nonce,
    };
    return sign(feeNanos === undefined ? withLeastFee(unsigned, minFeeNanosPerKb) : unsigned);
  };
  const daoCoin = (
    metadata: Parameters<typeof daoCoinMetadataCodec.encode>[0],
    rest: TransactionOptions,
  ): Transaction => make(exampleTransactionTypes.daoCoin, daoCoinMetadataCodec.encode(metadata), rest);

  return {
    publicKey,
    sign,
    transfer: (outputs, rest) => make(exampleTransactionTypes.basicTransfer, empty, { ...rest, outputs }),
    updateProfile: (fields, rest) =>
      make(exampleTransactionTypes.updateProfile, profileMetadataCodec.encode(profileMetadata(fields)), rest),
    mint: (amount, rest) => daoCoin(mintMetadata(publicKey, amount), rest),
    burn: (profilePublicKey, { amount, ...rest }) => daoCoin(burnMetadata(profilePublicKey, amount), rest),
    disableMinting: (rest) => daoCoin(disableMintingMetadata(publicKey), rest),
    updateTransferRestriction: (restriction, rest) =>
      daoCoin(transferRestrictionMetadata(publicKey, restriction), rest),
    transferDaoCoin: (profilePublicKey, { receiverPublicKey, amount, ...rest }) =>
      make(
        exampleTransactionTypes.daoCoinTransfer,
        daoCoinTransferMetadataCodec.encode({ profilePublicKey, receiverPublicKey, amount }),
        rest,
      ),
  };
}

function profileMetadata(fields: ProfileFields): ProfileMetadata {
  return {
    profilePublicKey: empty,
    username: utf8.encode(fields.username ?? ''),
    description: utf8.encode(fields.description ?? ''),
    profilePic: fields.profilePic ?? empty,
    creatorBasisPoints: fields.creatorBasisPoints ?? 0n,
    stakeMultipleBasisPoints: fields.stakeMultipleBasisPoints ?? 12_500n,
    isHidden: fields.isHidden ?? false,
  };
}

/** The smallest fee that is enough whatever the length of the signature; a larger fee can need a byte more. */
function withLeastFee(unsigned: Transaction, minFeeNanosPerKb: bigint): Transaction {
  for (let feeNanos = 0n; ; ) {
    const candidate = { ...unsigned, feeNanos };
    const bytes = BigInt(transactionCodec.encode(candidate).length + signatureRoom);
    const least = (bytes * minFeeNanosPerKb + 999n) / 1000n;
    if (feeNanos >= least) return candidate;
    feeNanos = least;
  }
}
