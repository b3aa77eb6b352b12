import { toHex } from '@hs/bytes';
import type { Transaction } from '@hs/wire';
import type { VerifySignature } from './signature.js';
import { type CheckedTransaction, checkTransaction, checkTransactionSignature } from './transaction-check.js';

/** How many ids of correctly signed transactions are remembered, twice over. */
const maxIdsPerGeneration = 32_768;

/**
 * Checks transactions without checking anything twice.
 *
 * What was found out about a transaction object is kept with it, so nobody may change a transaction that was handed to the
 * chain. That a signature is right is remembered by the id, which covers it: a transaction that came through the pool costs no
 * second verification in the block, where it is another object.
 */
export class TransactionChecker {
  readonly #verifySignature: VerifySignature;
  readonly #limits: { readonly minFeeNanosPerKb: bigint; readonly maxTransactionBytes: number };
  readonly #checked = new WeakMap<Transaction, CheckedTransaction>();
  #youngIds = new Set<string>();
  #oldIds = new Set<string>();

  constructor(options: {
    readonly verifySignature: VerifySignature;
    readonly minFeeNanosPerKb: bigint;
    readonly maxTransactionBytes: number;
  }) {
    this.#verifySignature = options.verifySignature;
    this.#limits = options;
  }

  /** Everything but the signature. @throws NODE_TRANSACTION_REFUSED */
  check(transaction: Transaction): CheckedTransaction {
    const known = this.#checked.get(transaction);
    if (known !== undefined) return known;
    const checked = checkTransaction(transaction, this.#limits);
    this.#checked.set(transaction, checked);
    return checked;
  }

  /** The signature of a transaction, or of each part of atomic ones, that {@link TransactionChecker.check} let pass. @throws NODE_TRANSACTION_REFUSED */
  checkSignature(checked: CheckedTransaction): void {
    if (checked.action.kind === 'atomic') {
      for (const part of checked.action.parts) this.checkSignature(part);
      return;
    }
    const name = toHex(checked.id);
    if (this.#youngIds.has(name) || this.#oldIds.has(name)) return;
    checkTransactionSignature(checked, this.#verifySignature);
    if (this.#youngIds.size >= maxIdsPerGeneration) {
      this.#oldIds = this.#youngIds;
      this.#youngIds = new Set();
    }
    this.#youngIds.add(name);
  }
}
