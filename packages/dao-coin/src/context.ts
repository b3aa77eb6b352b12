import type { CoinEntryVersion } from './entries/coin-entry.js';
import { requirePublicKeyBytes } from './public-key.js';

/**
 * `strict` closes the holes of the Go node; `deso` reproduces them bit by bit. Whatever the Go node refuses, both modes
 * refuse with the same error; the checks that only `strict` has come after all others.
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
  /** True if 33 bytes are a compressed secp256k1 point; default `isValidPublicKey`. */
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

/** The heights of a network at which the rules and encodings of this package change. */
export interface DaoCoinHeights {
  /** First height with DAO coin transactions. */
  readonly forkHeight: number;
  /** First height without inputs: leave out `totalInputNanos` from here on. */
  readonly balanceModelHeight: number;
  /** First height at which coin entries are written with version 4. */
  readonly coinEntryVersion4Height: number;
}

/** The DeSo networks. */
export const desoHeights: Readonly<Record<'mainnet' | 'testnet' | 'regtest', DaoCoinHeights>> = {
  mainnet: { forkHeight: 98_474, balanceModelHeight: 226_839, coinEntryVersion4Height: 349_167 },
  testnet: { forkHeight: 97_322, balanceModelHeight: 683_058, coinEntryVersion4Height: 1_113_866 },
  regtest: { forkHeight: 0, balanceModelHeight: 1, coinEntryVersion4Height: 1 },
};

/** The version in which a network writes coin entries at a height. */
export function coinEntryVersionAt(heights: DaoCoinHeights, blockHeight: number): CoinEntryVersion {
  return blockHeight >= heights.coinEntryVersion4Height ? 4 : 0;
}

/**
 * Refuses what no node should pass on: these are mistakes of the caller, not of whoever signed the transaction.
 *
 * @throws RangeError
 */
export function requireConnectArguments(publicKey: Uint8Array, context: DaoCoinContext): void {
  requirePublicKeyBytes(publicKey, "The signer's public key");
  for (const name of ['blockHeight', 'forkHeight'] as const) {
    if (!Number.isSafeInteger(context[name]) || context[name] < 0) {
      throw new RangeError(`${name} must be a non-negative integer`);
    }
  }
  const { mode = 'strict' } = context;
  if (mode !== 'strict' && mode !== 'deso') throw new RangeError("mode must be 'strict' or 'deso'");
}
