import { equalBytes } from '@hs/bytes';
import {
  type AuthorizeDerivedKeyMetadata,
  atomicMetadataCodec,
  authorizeDerivedKeyMetadataCodec,
  checkAtomicTransactions,
  type DaoCoinMetadata,
  type DaoCoinTransferMetadata,
  daoCoinMetadataCodec,
  daoCoinTransferMetadataCodec,
} from '@hs/dao-coin';
import {
  doubleSha256,
  hasLowS,
  type Signature,
  signatureCodec,
  signingHash,
  type Transaction,
  transactionCodec,
} from '@hs/wire';
import { hasCode } from '../node-error.js';
import { maxNanos } from './chain-spec-check.js';
import { checkExtraData } from './extra-data-check.js';
import { type ProfileMetadata, profileMetadataCodec } from './profile-metadata.js';
import { transactionRefusal, withoutDaoCoinError } from './refusal.js';
import type { VerifySignature } from './signature.js';
import { exampleTransactionTypes } from './transaction-types.js';
import { checkProfileMetadata } from './update-profile.js';

/** A transaction's type and its metadata, decoded. */
export type TransactionAction =
  | { readonly kind: 'basic-transfer' }
  | { readonly kind: 'update-profile'; readonly metadata: ProfileMetadata }
  | { readonly kind: 'authorize-derived-key'; readonly metadata: AuthorizeDerivedKeyMetadata }
  | { readonly kind: 'dao-coin'; readonly metadata: DaoCoinMetadata }
  | { readonly kind: 'dao-coin-transfer'; readonly metadata: DaoCoinTransferMetadata }
  /** Transactions that happen in this order, all or none. */
  | { readonly kind: 'atomic'; readonly parts: readonly CheckedTransaction[] };

/** A transaction that keeps every rule that needs no state; its signature may still be unchecked. */
export interface CheckedTransaction {
  readonly transaction: Transaction;
  /** Double SHA-256 of the encoded transaction. */
  readonly id: Uint8Array;
  /** Encoded. */
  readonly bytes: number;
  /** Outputs and fee; 0 for atomic transactions, whose parts pay. */
  readonly spendNanos: bigint;
  /** The derived key that signs for the transaction's public key; `undefined` if that key signs itself. */
  readonly derivedPublicKey: Uint8Array | undefined;
  readonly action: TransactionAction;
}

/** What bounds a transaction, and whether it stands alone or is a part of atomic ones. */
export interface TransactionLimits {
  readonly minFeeNanosPerKb: bigint;
  readonly maxTransactionBytes: number;
  readonly isPart?: boolean;
}

/** Checks form, type, metadata, amounts and fee, of all parts too. @throws NODE_TRANSACTION_REFUSED */
export function checkTransaction(transaction: Transaction, limits: TransactionLimits): CheckedTransaction {
  if (transaction.version !== 1) {
    throw transactionRefusal('TransactionVersion', `transaction version ${transaction.version} instead of 1`);
  }
  if (transaction.inputs.length > 0) {
    throw transactionRefusal('RuleErrorBalanceModelDoesNotUseUTXOInputs', 'the transaction has inputs');
  }
  if (transaction.publicKey.length !== 33) {
    throw transactionRefusal('RuleErrorTransactionMissingPublicKey', 'the signer must have a key of 33 bytes');
  }
  const { derivedPublicKey } = checkExtraData(transaction, { isPart: limits.isPart ?? false });
  const action = decodeAction(transaction, limits);
  const spendNanos = action.kind === 'atomic' ? 0n : checkOutputs(transaction) + transaction.feeNanos;
  const encoded = transactionCodec.encode(transaction);
  const bytes = encoded.length;
  if (bytes > limits.maxTransactionBytes) {
    throw transactionRefusal('TransactionTooLarge', `${bytes} bytes do not fit into a block`);
  }
  if ((transaction.feeNanos * 1000n) / BigInt(bytes) < limits.minFeeNanosPerKb) {
    throw transactionRefusal('RuleErrorTxnFeeBelowNetworkMinimum', 'the fee is below the minimum', {
      details: { bytes, feeNanos: String(transaction.feeNanos), minFeeNanosPerKb: String(limits.minFeeNanosPerKb) },
    });
  }
  return { transaction, id: doubleSha256(encoded), bytes, spendNanos, derivedPublicKey, action };
}

/** What a transaction takes from a key's balance, its parts together. */
export function spendOf({ transaction, spendNanos, action }: CheckedTransaction, publicKey: Uint8Array): bigint {
  if (action.kind === 'atomic') return action.parts.reduce((sum, part) => sum + spendOf(part, publicKey), 0n);
  return equalBytes(transaction.publicKey, publicKey) ? spendNanos : 0n;
}

/**
 * Checks the signature of a transaction, by its public key or the derived key that signs for it. Whether that key may is in the
 * state.
 *
 * @throws NODE_TRANSACTION_REFUSED
 */
export function checkTransactionSignature(
  { transaction, derivedPublicKey }: CheckedTransaction,
  verifySignature: VerifySignature,
): void {
  const publicKey = derivedPublicKey ?? transaction.publicKey;
  checkSignature(transaction.signature, { hash: signingHash(transaction), publicKey, verifySignature });
}

/** Checks a signature: strict DER without a recovery id, low S, of the hash by the key. @throws NODE_TRANSACTION_REFUSED */
export function checkSignature(
  signature: Uint8Array,
  by: { readonly hash: Uint8Array; readonly publicKey: Uint8Array; readonly verifySignature: VerifySignature },
): void {
  const { compact, recoveryId } = decodeSignature(signature);
  if (recoveryId !== undefined) {
    const message = 'derived keys are named on this chain, not recovered';
    throw transactionRefusal('RuleErrorInvalidTransactionSignature', message);
  }
  if (!hasLowS(compact)) throw transactionRefusal('RuleErrorTxnSigHasHighS', 'the signature has a high S');
  if (!by.verifySignature(by.hash, compact, by.publicKey)) {
    throw transactionRefusal('RuleErrorInvalidTransactionSignature', "the signature is not the signer's");
  }
}

function decodeSignature(bytes: Uint8Array): Signature {
  try {
    return signatureCodec.decode(bytes);
  } catch (cause) {
    const message = 'the signature is not strict DER';
    throw transactionRefusal('RuleErrorInvalidTransactionSignature', message, { cause });
  }
}

/**
 * A transaction from bytes, with its type known and its metadata well-formed.
 *
 * @throws WIRE_* if the bytes are no transaction
 * @throws NODE_TRANSACTION_REFUSED for a type or metadata that this chain does not have
 */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const transaction = transactionCodec.decode(bytes);
  decodeAction(transaction, { minFeeNanosPerKb: 0n, maxTransactionBytes: bytes.length });
  return transaction;
}

function decodeAction(transaction: Transaction, limits: TransactionLimits): TransactionAction {
  const { type, metadata, publicKey } = transaction;
  switch (type) {
    case exampleTransactionTypes.basicTransfer:
      if (metadata.length > 0) throw transactionRefusal('MetadataMalformed', 'a basic transfer has no metadata');
      return { kind: 'basic-transfer' };
    case exampleTransactionTypes.updateProfile: {
      const profile = profileMetadataCodec.decode(metadata);
      checkProfileMetadata(profile, publicKey);
      return { kind: 'update-profile', metadata: profile };
    }
    case exampleTransactionTypes.authorizeDerivedKey:
      return { kind: 'authorize-derived-key', metadata: decodeDaoCoin(authorizeDerivedKeyMetadataCodec, metadata) };
    case exampleTransactionTypes.daoCoin:
      return { kind: 'dao-coin', metadata: decodeDaoCoin(daoCoinMetadataCodec, metadata) };
    case exampleTransactionTypes.daoCoinTransfer:
      return { kind: 'dao-coin-transfer', metadata: decodeDaoCoin(daoCoinTransferMetadataCodec, metadata) };
    case exampleTransactionTypes.atomic:
      return { kind: 'atomic', parts: decodeParts(transaction, limits) };
    default:
      throw transactionRefusal('UnknownTransactionType', `unknown transaction type ${type}`, { details: { type } });
  }
}

/**
 * The parts of atomic transactions, checked. Nobody signs the bytes around them, so there is only one way to write those: otherwise
 * anyone could make another id for the same transactions.
 */
function decodeParts(wrapper: Transaction, limits: TransactionLimits): readonly CheckedTransaction[] {
  const encoded = decodeDaoCoin(atomicMetadataCodec, wrapper.metadata);
  const parts = encoded.map((bytes) => {
    try {
      return transactionCodec.decode(bytes);
    } catch (error) {
      throw transactionRefusal('MetadataMalformed', 'a part is no transaction', { cause: error });
    }
  });
  const canonical = atomicMetadataCodec.encode(parts.map((part) => transactionCodec.encode(part)));
  if (!equalBytes(canonical, wrapper.metadata)) {
    throw transactionRefusal('MetadataMalformed', 'the parts are not written in the shortest way');
  }
  withoutDaoCoinError(() => checkAtomicTransactions(wrapper, parts));
  return parts.map((part) => checkTransaction(part, { ...limits, isPart: true }));
}

function decodeDaoCoin<Metadata>(codec: { decode(bytes: Uint8Array): Metadata }, bytes: Uint8Array): Metadata {
  try {
    return codec.decode(bytes);
  } catch (error) {
    if (!hasCode(error, 'DAO_COIN_MALFORMED_METADATA')) throw error;
    throw transactionRefusal('MetadataMalformed', 'malformed DAO coin metadata', { cause: error });
  }
}

/** The sum of the outputs. */
function checkOutputs({ outputs }: Transaction): bigint {
  let total = 0n;
  for (const { publicKey, amountNanos } of outputs) {
    if (publicKey[0] !== 2 && publicKey[0] !== 3) {
      throw transactionRefusal('OutputPublicKey', 'an output is not for a compressed public key');
    }
    if (amountNanos > maxNanos) {
      throw transactionRefusal('RuleErrorOutputExceedsMax', `an output is above ${maxNanos} nanos`);
    }
    total += amountNanos;
    if (total > maxNanos) {
      throw transactionRefusal('RuleErrorTotalOutputExceedsMax', `the outputs are above ${maxNanos} nanos`);
    }
  }
  return total;
}
