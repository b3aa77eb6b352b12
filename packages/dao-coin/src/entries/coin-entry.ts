import { coinEntryEncoding } from '../internal/coin-entry-encoding.js';
import { entryCodec } from '../internal/entry-encoding.js';
import type { EntryCodec } from './entry-codec.js';

/** 0: without the lockup transfer restriction. 4: with it (DeSo's ProofOfStake1StateSetup migration). */
export type CoinEntryVersion = 0 | 4;

/** The economic state of a coin; a profile has one for its creator coin and one for its DAO coin. */
export interface CoinEntry {
  /** Creator coins only. */
  readonly creatorBasisPoints: bigint;
  /** Creator coins only. */
  readonly desoLockedNanos: bigint;
  /** uint64. */
  readonly numberOfHolders: bigint;
  /** uint256, in base units. */
  readonly coinsInCirculation: bigint;
  /** Creator coins only. */
  readonly coinWatermarkNanos: bigint;
  readonly isMintingDisabled: boolean;
  /** See `transferRestrictions`; one byte. */
  readonly transferRestriction: number;
  /** One byte; 0 in entries written with version 0. */
  readonly lockupTransferRestriction: number;
}

/** A coin that was never used. */
export const zeroCoinEntry: CoinEntry = /* @__PURE__ */ Object.freeze({
  creatorBasisPoints: 0n,
  desoLockedNanos: 0n,
  numberOfHolders: 0n,
  coinsInCirculation: 0n,
  coinWatermarkNanos: 0n,
  isMintingDisabled: false,
  transferRestriction: 0,
  lockupTransferRestriction: 0,
});

/** Encoder type 18, version 0 or 4. */
export const coinEntryCodec: EntryCodec<CoinEntry> = /* @__PURE__ */ entryCodec(coinEntryEncoding);
