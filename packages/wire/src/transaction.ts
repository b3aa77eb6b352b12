import type { Codec } from './codec.js';
import { doubleSha256, type Sha256 } from './double-sha256.js';
import { codecOf } from './internal/field.js';
import { transactionField } from './internal/transaction-field.js';
import { defaultLimits } from './limits.js';

/** An unspent output that a transaction spends. */
export interface TransactionInput {
  /** 32 bytes: hash of the transaction that made the output. */
  readonly transactionId: Uint8Array;
  /** Place of the output in that transaction, below 2^32. */
  readonly index: number;
}

/** An amount paid to a key. */
export interface TransactionOutput {
  /** 33 bytes: compressed secp256k1 point. */
  readonly publicKey: Uint8Array;
  readonly amountNanos: bigint;
}

/** Makes a balance-model transaction unique, until a height. */
export interface TransactionNonce {
  readonly expirationBlockHeight: bigint;
  readonly partialId: bigint;
}

/** A transaction whose metadata, which depends on `type`, is bytes. */
export interface Transaction {
  /** 0 spends outputs; 1 spends a balance and carries `feeNanos` and `nonce`, which version 0 has no room for and must leave 0. */
  readonly version: number;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
  /** Number of the kind of transaction, which says how to read `metadata`. */
  readonly type: number;
  readonly metadata: Uint8Array;
  /** The signer: 33 bytes, or empty. As in the Go node, other lengths are left to the rules of the chain. */
  readonly publicKey: Uint8Array;
  /** Values by the lower-case hex of their key (see {@link extraDataKey}); encoded in key order. */
  readonly extraData: ReadonlyMap<string, Uint8Array>;
  /** ASN.1 DER with a first byte of 0x30, or 0x31 plus the recovery id; empty when unsigned. */
  readonly signature: Uint8Array;
  readonly feeNanos: bigint;
  readonly nonce: TransactionNonce;
}

/** Codec of a transaction alone, as in a transaction message. A version 0 transaction ends where its bytes end. */
export const transactionCodec: Codec<Transaction> = /* @__PURE__ */ codecOf(
  /* @__PURE__ */ transactionField(defaultLimits.maxTransactionBytes),
  'transaction',
);

/** The key of `Transaction.extraData` that stands for the UTF-8 bytes of `text`. */
export function extraDataKey(text: string): string {
  let hex = '';
  for (const byte of new TextEncoder().encode(text)) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** The bytes a signature covers: the transaction with an empty signature. */
export function transactionSigningBytes(transaction: Transaction): Uint8Array {
  return transactionCodec.encode({ ...transaction, signature: new Uint8Array(0) });
}

/** Double SHA-256 of the signing bytes: what is signed. */
export function signingHash(transaction: Transaction, sha256?: Sha256): Uint8Array {
  return doubleSha256(transactionSigningBytes(transaction), sha256);
}

/** Double SHA-256 of the whole transaction, signature included: its id, and its leaf in the merkle tree. */
export function transactionHash(transaction: Transaction, sha256?: Sha256): Uint8Array {
  return doubleSha256(transactionCodec.encode(transaction), sha256);
}
