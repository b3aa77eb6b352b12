import { ByteWriter } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { type AuthorizeDerivedKeyMetadata, authorizeDerivedKeyMetadataCodec } from './authorize-derived-key.js';
import { type SpendingLimit, spendingLimitCodec } from './entries/spending-limit.js';
import { extraDataEntries, extraDataKeys } from './extra-data.js';
import { writeExtraData } from './internal/extra-data.js';
import {
  type DaoCoinMetadata,
  type DaoCoinTransferMetadata,
  daoCoinMetadataCodec,
  daoCoinTransferMetadataCodec,
} from './metadata.js';
import { requirePublicKeyBytes } from './public-key.js';
import { daoCoinTransactionTypes, derivedKeyTransactionType } from './transaction-types.js';

/** A transaction of the balance model: it spends the signer's balance, and a nonce keeps it from being used twice. */
export interface BalanceModelTransaction {
  readonly version: number;
  /** None under the balance model. */
  readonly inputs: readonly { readonly transactionId: Uint8Array; readonly index: number }[];
  readonly outputs: readonly { readonly publicKey: Uint8Array; readonly amountNanos: bigint }[];
  readonly type: number;
  readonly metadata: Uint8Array;
  /** Whose balance and coins it moves: 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Values by the lower-case hex of their keys, see {@link extraDataKeys}. */
  readonly extraData: ReadonlyMap<string, Uint8Array>;
  /** DER; empty while unsigned. */
  readonly signature: Uint8Array;
  readonly feeNanos: bigint;
  readonly nonce: { readonly expirationBlockHeight: bigint; readonly partialId: bigint };
}

/** What every transaction needs beside its metadata. */
export interface TransactionFields {
  readonly publicKey: Uint8Array;
  readonly nonce: BalanceModelTransaction['nonce'];
  /** Default 0; see {@link withLeastFee}. */
  readonly feeNanos?: bigint;
  /** The derived key that will sign; leave it out when the owner of `publicKey` signs. */
  readonly derivedPublicKey?: Uint8Array;
}

/** Signs a 32-byte hash: gives an ASN.1 DER signature, with a low S. */
export type SignHash = (hash: Uint8Array) => Uint8Array | Promise<Uint8Array>;

const empty = new Uint8Array(0);
/** Longest DER signature with a low S. */
export const maxSignatureBytes = 71;

/** An unsigned mint, burn, disable minting or update transfer restriction transaction. */
export function daoCoinTransaction(metadata: DaoCoinMetadata, fields: TransactionFields): BalanceModelTransaction {
  return unsigned(daoCoinTransactionTypes.daoCoin, { metadata: daoCoinMetadataCodec.encode(metadata), fields });
}

/** An unsigned transfer transaction. */
export function daoCoinTransferTransaction(
  metadata: DaoCoinTransferMetadata,
  fields: TransactionFields,
): BalanceModelTransaction {
  const type = daoCoinTransactionTypes.daoCoinTransfer;
  return unsigned(type, { metadata: daoCoinTransferMetadataCodec.encode(metadata), fields });
}

/** An unsigned transaction that allows or revokes a derived key. `fields.publicKey` is the owner's. */
export function authorizeDerivedKeyTransaction(
  metadata: AuthorizeDerivedKeyMetadata,
  fields: TransactionFields & { readonly spendingLimit?: SpendingLimit; readonly memo?: Uint8Array },
): BalanceModelTransaction {
  const extraData = new Map<string, Uint8Array>();
  if (fields.spendingLimit !== undefined) {
    extraData.set(extraDataKeys.spendingLimit, spendingLimitCodec.encode(fields.spendingLimit));
  }
  if (fields.memo !== undefined) extraData.set(extraDataKeys.derivedKeyMemo, fields.memo);
  const encoded = authorizeDerivedKeyMetadataCodec.encode(metadata);
  return unsigned(derivedKeyTransactionType, { metadata: encoded, fields, extraData });
}

/** The bytes of a transaction, as nodes take it; without its signature they are what is signed. */
export function encodeTransaction(transaction: BalanceModelTransaction): Uint8Array {
  const { version, inputs, outputs, nonce } = transaction;
  if (version !== 1 || inputs.length > 0) throw new RangeError('expected a transaction of version 1 without inputs');
  const writer = new ByteWriter().uvarint(0).uvarint(outputs.length);
  for (const { publicKey, amountNanos } of outputs) {
    requirePublicKeyBytes(publicKey, "An output's public key");
    writer.bytes(publicKey).uvarint(amountNanos);
  }
  writer.uvarint(transaction.type).byteArray(transaction.metadata).byteArray(transaction.publicKey);
  writeExtraData(writer, extraDataEntries(transaction.extraData));
  writer.byteArray(transaction.signature).uvarint(version).uvarint(transaction.feeNanos);
  return writer.uvarint(nonce.expirationBlockHeight).uvarint(nonce.partialId).finish();
}

/** What is signed: the double SHA-256 of the transaction without its signature. */
export function transactionSigningHash(transaction: BalanceModelTransaction): Uint8Array {
  return sha256(sha256(encodeTransaction({ ...transaction, signature: empty })));
}

/** The transaction with its signature. @throws RangeError if `sign` gives something else than DER */
export async function signTransaction<Transaction extends BalanceModelTransaction>(
  transaction: Transaction,
  sign: SignHash,
): Promise<Transaction> {
  const signature = await sign(transactionSigningHash(transaction));
  if (!ArrayBuffer.isView(signature) || signature[0] !== 0x30 || signature[1] !== signature.length - 2) {
    throw new RangeError('expected a DER signature');
  }
  return { ...transaction, signature };
}

/**
 * The transaction with the smallest fee that is enough at `minFeeNanosPerKb`, whatever the length of the signature that it gets: one it
 * has does not cover another fee.
 */
export function withLeastFee<Transaction extends BalanceModelTransaction>(
  transaction: Transaction,
  minFeeNanosPerKb: bigint,
): Transaction {
  for (let feeNanos = 0n; ; ) {
    const candidate = { ...transaction, feeNanos };
    const bytes = BigInt(encodeTransaction({ ...candidate, signature: empty }).length + maxSignatureBytes);
    const least = (bytes * minFeeNanosPerKb + 999n) / 1000n;
    // A larger fee can need a byte more.
    if (feeNanos >= least) return candidate;
    feeNanos = least;
  }
}

function unsigned(
  type: number,
  {
    metadata,
    fields,
    extraData = new Map(),
  }: {
    readonly metadata: Uint8Array;
    readonly fields: TransactionFields;
    readonly extraData?: Map<string, Uint8Array>;
  },
): BalanceModelTransaction {
  const { publicKey, nonce, feeNanos = 0n, derivedPublicKey } = fields;
  requirePublicKeyBytes(publicKey, 'publicKey');
  if (derivedPublicKey !== undefined) {
    requirePublicKeyBytes(derivedPublicKey, 'derivedPublicKey');
    extraData.set(extraDataKeys.derivedPublicKey, derivedPublicKey);
  }
  const shape = { version: 1, inputs: [], outputs: [], signature: empty };
  return { ...shape, type, metadata, publicKey, extraData, feeNanos, nonce };
}
