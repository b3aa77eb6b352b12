import {
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
import { type ProfileMetadata, profileMetadataCodec } from './profile-metadata.js';
import { transactionRefusal } from './refusal.js';
import type { VerifySignature } from './signature.js';
import { exampleTransactionTypes } from './transaction-types.js';
import { checkProfileMetadata } from './update-profile.js';

/** A transaction's type and its metadata, decoded. */
export type TransactionAction =
  | { readonly kind: 'basic-transfer' }
  | { readonly kind: 'update-profile'; readonly metadata: ProfileMetadata }
  | { readonly kind: 'dao-coin'; readonly metadata: DaoCoinMetadata }
  | { readonly kind: 'dao-coin-transfer'; readonly metadata: DaoCoinTransferMetadata };

/** A transaction that keeps every rule that needs no state; its signature may still be unchecked. */
export interface CheckedTransaction {
  readonly transaction: Transaction;
  /** Double SHA-256 of the encoded transaction. */
  readonly id: Uint8Array;
  /** Encoded. */
  readonly bytes: number;
  /** Outputs and fee. */
  readonly spendNanos: bigint;
  readonly action: TransactionAction;
}

/** Checks form, type, metadata, amounts and fee. @throws NODE_TRANSACTION_REFUSED */
export function checkTransaction(
  transaction: Transaction,
  limits: { readonly minFeeNanosPerKb: bigint; readonly maxTransactionBytes: number },
): CheckedTransaction {
  if (transaction.version !== 1) {
    throw transactionRefusal('TransactionVersion', `transaction version ${transaction.version} instead of 1`);
  }
  if (transaction.inputs.length > 0) {
    throw transactionRefusal('RuleErrorBalanceModelDoesNotUseUTXOInputs', 'the transaction has inputs');
  }
  if (transaction.publicKey.length !== 33) {
    throw transactionRefusal('RuleErrorTransactionMissingPublicKey', 'the signer must have a key of 33 bytes');
  }
  if (transaction.extraData.size > 0) {
    throw transactionRefusal('ExtraDataNotSupported', 'this chain has no use for extra data');
  }
  const action = decodeAction(transaction);
  const spendNanos = checkOutputs(transaction) + transaction.feeNanos;
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
  return { transaction, id: doubleSha256(encoded), bytes, spendNanos, action };
}

/** Checks the signature: strict DER, low S, by the signer over the transaction. @throws NODE_TRANSACTION_REFUSED */
export function checkTransactionSignature(transaction: Transaction, verifySignature: VerifySignature): void {
  const { compact, recoveryId } = decodeSignature(transaction.signature);
  if (recoveryId !== undefined) {
    throw transactionRefusal('RuleErrorInvalidTransactionSignature', 'this chain has no derived keys');
  }
  if (!hasLowS(compact)) throw transactionRefusal('RuleErrorTxnSigHasHighS', 'the signature has a high S');
  if (!verifySignature(signingHash(transaction), compact, transaction.publicKey)) {
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
  decodeAction(transaction);
  return transaction;
}

function decodeAction(transaction: Transaction): TransactionAction {
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
    case exampleTransactionTypes.daoCoin:
      return { kind: 'dao-coin', metadata: decodeDaoCoin(daoCoinMetadataCodec, metadata) };
    case exampleTransactionTypes.daoCoinTransfer:
      return { kind: 'dao-coin-transfer', metadata: decodeDaoCoin(daoCoinTransferMetadataCodec, metadata) };
    default:
      throw transactionRefusal('UnknownTransactionType', `unknown transaction type ${type}`, { details: { type } });
  }
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
