import type { CoinEntryVersion } from './entries/coin-entry.js';

/**
 * `strict` closes the holes of the Go node; `deso` reproduces them bit by bit. Whatever the Go node refuses, both modes
 * refuse with the same error.
 */
export type DaoCoinMode = 'strict' | 'deso';

/** What a connect needs to know beside the transaction and the state. */
export interface DaoCoinContext {
  /** Height of the block that holds the transaction. */
  readonly blockHeight: number;
  /** First height at which DAO coin transactions are valid. */
  readonly forkHeight: number;
  /** Default `strict`. */
  readonly mode?: DaoCoinMode;
  /** Version in which coin entries are written; default 4, see {@link coinEntryVersionAt}. */
  readonly coinEntryVersion?: CoinEntryVersion;
  /** True if 33 bytes are a compressed secp256k1 point; default {@link isValidPublicKey}. */
  readonly isValidPublicKey?: (publicKey: Uint8Array) => boolean;
  /** Sum of the transaction's inputs, on a chain that spends outputs; leave out under the balance model. */
  readonly totalInputNanos?: bigint;
}

/** A transaction as far as the DAO coin rules look at it: the signer and the decoded metadata. */
export interface DaoCoinTransaction<Metadata> {
  /** The signer's compressed public key, 33 bytes, checked by whoever checks the signature. */
  readonly publicKey: Uint8Array;
  readonly metadata: Metadata;
}
