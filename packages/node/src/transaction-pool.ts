import { toHex, uvarintLength } from '@hs/bytes';
import { doubleSha256, type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import type { Chain, ExecutionView, Payer } from './chain/chain.js';
import { NodeError } from './node-error.js';

/** Bounds of a {@link TransactionPool}, and the chain whose rules admit. */
export interface TransactionPoolOptions<Header> {
  readonly chain: Pick<Chain<Header>, 'admitTransaction' | 'payerOf'>;
  /** Default 20,000. */
  readonly maxTransactions?: number;
  /** Encoded bytes of all transactions together. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Default 1,000. */
  readonly maxTransactionsPerKey?: number;
  /** How many ids are remembered of transactions that were here, and as many of those refused. Default 50,000. */
  readonly maxSeen?: number;
}

interface Entry {
  readonly transaction: Transaction;
  readonly id: Uint8Array;
  readonly name: string;
  readonly owner: string;
  readonly nonce: string;
  readonly expirationBlockHeight: bigint;
  readonly bytes: number;
  /** False while the chain is still being asked; such an entry holds its place but is not given out. */
  isAdmitted: boolean;
}

/**
 * Loose transactions that wait for a block, in order of arrival.
 *
 * Each was admitted by the chain against the state at its arrival, less what the transactions of the same key that wait before
 * it spend. What it gets from another waiting transaction does not count, and what it does beside paying is not tried:
 * assembling a block decides. A full pool refuses what comes next. No timers: time passes with {@link TransactionPool.removeIncluded}.
 */
export class TransactionPool<Header> {
  readonly #chain: Pick<Chain<Header>, 'admitTransaction' | 'payerOf'>;
  readonly #maxTransactions: number;
  readonly #maxBytes: number;
  readonly #maxTransactionsPerKey: number;
  readonly #maxSeen: number;
  readonly #entries = new Map<string, Entry>();
  /** By signer, then by nonce, in order of arrival. */
  readonly #owners = new Map<string, Map<string, Entry>>();
  readonly #seen = new Set<string>();
  readonly #refused = new Set<string>();
  #bytes = 0;

  constructor(options: TransactionPoolOptions<Header>) {
    this.#chain = options.chain;
    this.#maxTransactions = positive(options.maxTransactions ?? 20_000, 'maxTransactions');
    this.#maxBytes = positive(options.maxBytes ?? 16 * 1024 * 1024, 'maxBytes');
    this.#maxTransactionsPerKey = positive(options.maxTransactionsPerKey ?? 1_000, 'maxTransactionsPerKey');
    this.#maxSeen = positive(options.maxSeen ?? 50_000, 'maxSeen');
  }

  /** Transactions, those that are just being admitted included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Encoded bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if the transaction is here, was here lately, or was refused since the last block: not worth asking a peer for. */
  hasSeen(id: Uint8Array): boolean {
    const name = toHex(id);
    return this.#entries.has(name) || this.#seen.has(name) || this.#refused.has(name);
  }

  /** An admitted transaction by its id. */
  get(id: Uint8Array): Transaction | undefined {
    const entry = this.#entries.get(toHex(id));
    return entry?.isAdmitted === true ? entry.transaction : undefined;
  }

  /**
   * Admits a transaction, which nobody may change afterwards, against the state at the tip; gives its id.
   *
   * @throws NODE_TRANSACTION_REFUSED with `details.rule`: one of the chain's rules, or `PoolDuplicate`, `PoolNonceTaken`, `PoolFull`,
   *   `PoolKeyFull`, `PoolSuperseded` (a block made it void meanwhile)
   */
  async add(transaction: Transaction, view: ExecutionView, nextHeight: number): Promise<Uint8Array> {
    const entry = this.#reserve(transaction);
    const pending: Transaction[] = [];
    for (const other of this.#owners.get(entry.owner)?.values() ?? []) {
      if (other === entry) break;
      pending.push(other.transaction);
    }
    try {
      await this.#chain.admitTransaction(transaction, view, nextHeight, pending);
    } catch (error) {
      this.#drop(entry);
      remember(this.#refused, entry.name, this.#maxSeen);
      throw error;
    }
    if (this.#entries.get(entry.name) !== entry) {
      throw refusal('PoolSuperseded', 'a block made the transaction void while it was being checked');
    }
    entry.isAdmitted = true;
    remember(this.#seen, entry.name, this.#maxSeen);
    return entry.id;
  }

  /**
   * The oldest transactions that fit into `maxBytes` of a block, in order of arrival, up to the first that does not fit.
   *
   * They stay in the pool until {@link TransactionPool.removeIncluded} or {@link TransactionPool.remove}.
   */
  take(maxBytes: number): readonly Transaction[] {
    const taken: Transaction[] = [];
    let bytesLeft = maxBytes;
    for (const entry of this.#entries.values()) {
      if (!entry.isAdmitted) continue;
      bytesLeft -= uvarintLength(entry.bytes) + entry.bytes;
      if (bytesLeft < 0) break;
      taken.push(entry.transaction);
    }
    return taken;
  }

  /** Forgets what the block at `height` included or made void: the same nonce used, or a nonce that expired with it. */
  removeIncluded(transactions: readonly Transaction[], height: number): void {
    this.#refused.clear();
    for (const transaction of transactions) {
      remember(this.#seen, toHex(transactionHash(transaction)), this.#maxSeen);
      const payer = this.#payerOf(transaction);
      this.#drop(this.#owners.get(toHex(payer.publicKey))?.get(nonceName(payer)));
    }
    const last = BigInt(height);
    for (const entry of this.#entries.values()) {
      if (entry.expirationBlockHeight <= last) this.#drop(entry);
    }
  }

  /** Forgets transactions, for instance those that could not be put into a block. */
  remove(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.#drop(this.#entries.get(toHex(transactionHash(transaction))));
  }

  /** Gives a transaction its place before the chain is asked, so that two at once cannot get the same. */
  #reserve(transaction: Transaction): Entry {
    const encoded = transactionCodec.encode(transaction);
    const id = doubleSha256(encoded);
    const name = toHex(id);
    const payer = this.#payerOf(transaction);
    const owner = toHex(payer.publicKey);
    const nonce = nonceName(payer);
    const { expirationBlockHeight } = payer.nonce;
    const waiting = this.#owners.get(owner);
    if (this.#entries.has(name)) throw refusal('PoolDuplicate', 'the transaction is in the pool');
    if (waiting?.has(nonce) === true) {
      throw refusal('PoolNonceTaken', 'a transaction of the same key with the same nonce is in the pool');
    }
    if ((waiting?.size ?? 0) >= this.#maxTransactionsPerKey) {
      throw refusal('PoolKeyFull', `${this.#maxTransactionsPerKey} transactions of the same key wait already`);
    }
    if (this.#entries.size >= this.#maxTransactions || this.#bytes + encoded.length > this.#maxBytes) {
      throw refusal('PoolFull', 'the pool is full');
    }
    const place = { owner, nonce, expirationBlockHeight, bytes: encoded.length, isAdmitted: false };
    const entry: Entry = { transaction, id, name, ...place };
    this.#entries.set(name, entry);
    if (waiting === undefined) this.#owners.set(owner, new Map([[nonce, entry]]));
    else waiting.set(nonce, entry);
    this.#bytes += entry.bytes;
    return entry;
  }

  #payerOf(transaction: Transaction): Payer {
    return this.#chain.payerOf?.(transaction) ?? transaction;
  }

  #drop(entry: Entry | undefined): void {
    if (entry === undefined || this.#entries.get(entry.name) !== entry) return;
    this.#entries.delete(entry.name);
    this.#bytes -= entry.bytes;
    const waiting = this.#owners.get(entry.owner);
    waiting?.delete(entry.nonce);
    if (waiting?.size === 0) this.#owners.delete(entry.owner);
  }
}

/** Adds a name to a set that forgets its oldest beyond `max`. */
function remember(names: Set<string>, name: string, max: number): void {
  names.add(name);
  if (names.size <= max) return;
  for (const oldest of names) {
    names.delete(oldest);
    return;
  }
}

function nonceName({ nonce }: Payer): string {
  return `${nonce.expirationBlockHeight}:${nonce.partialId}`;
}

function refusal(rule: string, message: string): NodeError {
  return new NodeError('NODE_TRANSACTION_REFUSED', `${message} (${rule})`, { details: { rule } });
}

function positive(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`);
  return value;
}
