import {
  type AuthorizeDerivedKeyMetadata,
  authorizeDerivedKeyTransaction,
  burnMetadata,
  daoCoinMetadataCodec,
  daoCoinTransferMetadataCodec,
  derivedKeyOperations,
  disableMintingMetadata,
  extraDataKeys,
  linkAtomicTransactions,
  mintMetadata,
  type SpendingLimit,
  transferRestrictionMetadata,
  withLeastAtomicFees,
  withLeastFee,
  wrapAtomicTransactions,
} from '@hs/dao-coin';
import { signatureCodec, signingHash, type Transaction, type TransactionNonce, type TransactionOutput } from '@hs/wire';
import { type ProfileMetadata, profileMetadataCodec } from './profile-metadata.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import type { Secp256k1 } from './signature.js';
import { exampleTransactionTypes } from './transaction-types.js';

/** What every transaction of a wallet needs. */
export interface TransactionOptions {
  /** Unique for the signer among nonces of the same expiration. */
  readonly nonce: TransactionNonce;
  /** Default: the least that the chain takes for a transaction of this size. */
  readonly feeNanos?: bigint;
}

/** Signs transactions of one key, or as a derived key those of its owner. Amounts of DAO coins are in base units; profiles are named by their owner's public key. */
export interface Wallet {
  /** Whose transactions they are. Compressed, 33 bytes. */
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
  /** Lets another key sign for this one until `expirationBlock`, within `spendingLimit`. */
  authorizeDerivedKey(
    derivedPublicKey: Uint8Array,
    options: TransactionOptions & {
      readonly expirationBlock: bigint;
      readonly spendingLimit: SpendingLimit;
      readonly memo?: Uint8Array;
    },
  ): Transaction;
  /** Ends that for good. `expirationBlock` only has to lie ahead. */
  revokeDerivedKey(
    derivedPublicKey: Uint8Array,
    options: TransactionOptions & { readonly expirationBlock: bigint },
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

/**
 * A wallet for a 32-byte private key, which is copied.
 *
 * @throws RangeError if it is no private key
 */
export function createWallet(options: {
  readonly privateKey: Uint8Array;
  /** The chain's minimum, for the default fee. */
  readonly minFeeNanosPerKb: number;
  /** For a derived key: the owner that it signs for. */
  readonly ownerPublicKey?: Uint8Array;
  readonly secp256k1?: Secp256k1;
}): Wallet {
  const { secp256k1 = defaultSecp256k1 } = options;
  const privateKey = options.privateKey.slice();
  const minFeeNanosPerKb = BigInt(options.minFeeNanosPerKb);
  const signer = secp256k1.publicKeyOf(privateKey);
  const publicKey = options.ownerPublicKey ?? signer;
  const derived = options.ownerPublicKey === undefined ? {} : { derivedPublicKey: signer };
  const signedByDerivedKey: readonly [string, Uint8Array][] =
    options.ownerPublicKey === undefined ? [] : [[extraDataKeys.derivedPublicKey, signer]];

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
      extraData: new Map(signedByDerivedKey),
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

  const authorization = (
    metadata: Pick<AuthorizeDerivedKeyMetadata, 'derivedPublicKey' | 'expirationBlock' | 'operation'>,
    {
      feeNanos,
      nonce,
      ...rest
    }: TransactionOptions & { readonly spendingLimit?: SpendingLimit; readonly memo?: Uint8Array },
  ): Transaction => {
    const fields = { publicKey, nonce, ...derived, ...rest };
    const unsigned = authorizeDerivedKeyTransaction({ ...metadata, accessSignature: empty }, fields);
    return sign(feeNanos === undefined ? withLeastFee(unsigned, minFeeNanosPerKb) : { ...unsigned, feeNanos });
  };

  return {
    publicKey,
    sign,
    authorizeDerivedKey: (derivedPublicKey, { expirationBlock, ...rest }) =>
      authorization({ derivedPublicKey, expirationBlock, operation: derivedKeyOperations.authorize }, rest),
    revokeDerivedKey: (derivedPublicKey, { expirationBlock, ...rest }) =>
      authorization({ derivedPublicKey, expirationBlock, operation: derivedKeyOperations.revoke }, rest),
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

/**
 * One transaction of several that happen in this order, all or none: each is linked to the others, given the least fee, and signed by
 * its wallet anew.
 *
 * @throws RangeError on none, or more than 32
 */
export function signAtomically(
  parts: readonly (readonly [transaction: Transaction, wallet: Pick<Wallet, 'sign'>])[],
  { minFeeNanosPerKb }: { readonly minFeeNanosPerKb: number },
): Transaction {
  const unsigned = parts.map(([transaction]) => ({ ...transaction, signature: empty }));
  const linked = linkAtomicTransactions(withLeastAtomicFees(unsigned, BigInt(minFeeNanosPerKb)));
  const signed = linked.map((transaction, index) => (parts[index] as (typeof parts)[number])[1].sign(transaction));
  return wrapAtomicTransactions(signed);
}
