import { type ByteReader, ByteWriter, encodeUvarint, equalBytes } from '@hs/bytes';
import type { DaoCoinMode } from './context.js';
import { DaoCoinError } from './error.js';
import { extraDataKeys } from './extra-data.js';
import { decodeAll } from './internal/decoding.js';
import type { MetadataCodec } from './metadata.js';
import { publicKeyBytes } from './public-key.js';
import {
  type BalanceModelTransaction,
  encodeTransaction,
  maxSignatureBytes,
  transactionSigningHash,
  withLeastFee,
} from './transaction.js';
import { atomicTransactionType } from './transaction-types.js';
import { maxAtomicConnects } from './undo.js';

const { atomicChainLength, nextAtomicHash, previousAtomicHash } = extraDataKeys;

/** Metadata of transaction type 44: encoded transactions, which happen in this order, all or none. */
export const atomicMetadataCodec: MetadataCodec<readonly Uint8Array[]> = {
  encode(transactions) {
    requireAtMost(transactions.length);
    const writer = new ByteWriter().uvarint(transactions.length);
    for (const transaction of transactions) writer.byteArray(transaction);
    return writer.finish();
  },
  decode: (bytes) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_METADATA',
      what: 'atomic transactions metadata',
      read: (reader: ByteReader) =>
        Array.from({ length: reader.uvarintNumber(maxAtomicConnects) }, () => reader.byteArray()),
    }),
};

/** What links atomic transactions: the hash of what is signed, without the links to the next and the one before. */
export function atomicHash(transaction: BalanceModelTransaction): Uint8Array {
  const extraData = new Map(transaction.extraData);
  extraData.delete(nextAtomicHash);
  extraData.delete(previousAtomicHash);
  return transactionSigningHash({ ...transaction, extraData });
}

/**
 * Links unsigned transactions into a ring that only happens as a whole: each signature then covers the others' contents. Fees must
 * be final; the wrapper's bytes have to be paid for too.
 *
 * @throws RangeError on none, or more than 32
 */
export function linkAtomicTransactions<Transaction extends BalanceModelTransaction>(
  transactions: readonly Transaction[],
): Transaction[] {
  requireCount(transactions.length);
  const started = transactions.map((transaction, index) => {
    const extraData = new Map(transaction.extraData);
    if (index === 0) extraData.set(atomicChainLength, encodeUvarint(transactions.length));
    return { ...transaction, extraData };
  });
  const hashes = started.map(atomicHash);
  return started.map((transaction, index) => {
    const { next, previous } = neighbours(hashes, index);
    const extraData = new Map(transaction.extraData).set(nextAtomicHash, next).set(previousAtomicHash, previous);
    return { ...transaction, extraData };
  });
}

/**
 * Unsigned, unlinked transactions with the smallest fees that are enough at `minFeeNanosPerKb` once they are linked, signed and wrapped:
 * each pays for itself, and the first for the bytes around them too.
 *
 * @throws RangeError on none, or more than 32
 */
export function withLeastAtomicFees<Transaction extends BalanceModelTransaction>(
  transactions: readonly Transaction[],
  minFeeNanosPerKb: bigint,
): Transaction[] {
  const linked = linkAtomicTransactions(transactions).map((part) => withLeastFee(part, minFeeNanosPerKb));
  const signature = new Uint8Array(maxSignatureBytes);
  for (let extraNanos = 0n; ; ) {
    const paying = linked.map((part, index) => ({
      ...part,
      signature,
      feeNanos: part.feeNanos + (index === 0 ? extraNanos : 0n),
    }));
    const wrapper = wrapAtomicTransactions(paying);
    const least = (BigInt(encodeTransaction(wrapper).length) * minFeeNanosPerKb + 999n) / 1000n;
    if (wrapper.feeNanos >= least) {
      return transactions.map((transaction, index) => ({ ...transaction, feeNanos: paying[index]?.feeNanos ?? 0n }));
    }
    // A larger fee can need a byte more.
    extraNanos += least - wrapper.feeNanos;
  }
}

/**
 * The transaction that carries linked and signed ones. It has no key, nonce or signature of its own, and their fees together.
 *
 * @throws RangeError on none, or more than 32
 */
export function wrapAtomicTransactions(transactions: readonly BalanceModelTransaction[]): BalanceModelTransaction {
  requireCount(transactions.length);
  return {
    version: 1,
    inputs: [],
    outputs: [],
    type: atomicTransactionType,
    metadata: atomicMetadataCodec.encode(transactions.map(encodeTransaction)),
    publicKey: new Uint8Array(publicKeyBytes),
    extraData: new Map(),
    signature: new Uint8Array(0),
    feeNanos: transactions.reduce((sum, { feeNanos }) => sum + feeNanos, 0n),
    nonce: { expirationBlockHeight: 0n, partialId: 0n },
  };
}

/** True if a transaction is a part of atomic ones, which must not happen alone. */
export function isAtomicPart({ extraData }: Pick<BalanceModelTransaction, 'extraData'>): boolean {
  return extraData.has(nextAtomicHash) && extraData.has(previousAtomicHash);
}

/**
 * Checks a wrapper and the transactions in it, which the caller has decoded, in the Go node's order. Their signatures, fees and nonces
 * are checked like those of other transactions.
 *
 * @throws DaoCoinError with the code of the first rule that they break
 */
export function checkAtomicTransactions(
  wrapper: BalanceModelTransaction,
  transactions: readonly BalanceModelTransaction[],
  { mode = 'strict' }: { readonly mode?: DaoCoinMode } = {},
): void {
  checkWrapper(wrapper, transactions);
  if (transactions.length === 0) throw new DaoCoinError('DAO_COIN_ATOMIC_EMPTY', 'No transactions in the wrapper');
  for (const [index, transaction] of transactions.entries()) {
    const isStart = transaction.extraData.has(atomicChainLength);
    if (transaction.type === atomicTransactionType) {
      throw broken('DAO_COIN_ATOMIC_NESTED', 'A wrapper in a wrapper', index);
    }
    if (!isAtomicPart(transaction)) throw broken('DAO_COIN_ATOMIC_NOT_LINKED', 'A transaction without links', index);
    if (!isStart && index === 0) throw broken('DAO_COIN_ATOMIC_NO_START', 'The first transaction is no start', index);
    if (isStart && index > 0) throw broken('DAO_COIN_ATOMIC_TWO_STARTS', 'A second transaction is a start', index);
  }
  for (const [index, { version, inputs }] of transactions.entries()) {
    if (version === 1 && inputs.length === 0) continue;
    throw broken('DAO_COIN_ATOMIC_PART_FORM', 'A transaction of another version, or with inputs', index);
  }
  const hashes = transactions.map(atomicHash);
  for (const [index, { extraData }] of transactions.entries()) {
    const { next, previous } = neighbours(hashes, index);
    const isLinked =
      equalBytes(extraData.get(nextAtomicHash) as Uint8Array, next) &&
      equalBytes(extraData.get(previousAtomicHash) as Uint8Array, previous);
    if (!isLinked) throw broken('DAO_COIN_ATOMIC_BROKEN_CHAIN', 'A link that does not match', index);
  }
  const length = transactions[0]?.extraData.get(atomicChainLength) as Uint8Array;
  if (mode === 'strict' && !equalBytes(length, encodeUvarint(transactions.length))) {
    throw new DaoCoinError('DAO_COIN_ATOMIC_CHAIN_LENGTH', 'The first transaction names another number');
  }
}

function checkWrapper(wrapper: BalanceModelTransaction, transactions: readonly BalanceModelTransaction[]): void {
  const { publicKey, nonce } = wrapper;
  if (publicKey.length !== publicKeyBytes || publicKey.some((byte) => byte !== 0)) {
    throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_KEY', "The wrapper's public key must be 33 zero bytes");
  }
  if (wrapper.signature.length > 0) {
    throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_SIGNATURE', 'The wrapper must have no signature');
  }
  if (wrapper.inputs.length > 0) throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_INPUTS', 'The wrapper has inputs');
  if (wrapper.outputs.length > 0) throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_OUTPUTS', 'The wrapper has outputs');
  if (wrapper.feeNanos !== transactions.reduce((sum, { feeNanos }) => sum + feeNanos, 0n)) {
    throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_FEE', "The wrapper's fee must be those in it together");
  }
  if (nonce.expirationBlockHeight !== 0n || nonce.partialId !== 0n) {
    throw new DaoCoinError('DAO_COIN_ATOMIC_WRAPPER_NONCE', 'The wrapper must have no nonce');
  }
}

/** The ring: after the last comes the first. */
function neighbours(hashes: readonly Uint8Array[], index: number): { next: Uint8Array; previous: Uint8Array } {
  return { next: hashes[(index + 1) % hashes.length] as Uint8Array, previous: hashes.at(index - 1) as Uint8Array };
}

function requireCount(count: number): void {
  if (count < 1) throw new RangeError('expected a transaction');
  requireAtMost(count);
}

function requireAtMost(count: number): void {
  if (count > maxAtomicConnects) throw new RangeError(`expected at most ${maxAtomicConnects} transactions`);
}

function broken(
  code: `DAO_COIN_ATOMIC_${'NESTED' | 'NOT_LINKED' | 'NO_START' | 'TWO_STARTS' | 'PART_FORM' | 'BROKEN_CHAIN'}`,
  message: string,
  index: number,
): DaoCoinError {
  return new DaoCoinError(code, message, { details: { index } });
}
