/** How much of a coin somebody has: under prefixes 33 and 34 of a creator coin, under 55 and 56 of a DAO coin. */
export interface BalanceEntry {
  readonly holderPkid: Uint8Array | undefined;
  readonly creatorPkid: Uint8Array | undefined;
  /** uint256. */
  readonly balance: bigint;
  readonly hasPurchased: boolean;
}

/** The economic state of a coin; a profile has one for its creator coin and one for its DAO coin. */
export interface CoinEntry {
  readonly creatorBasisPoints: bigint;
  readonly desoLockedNanos: bigint;
  readonly numberOfHolders: bigint;
  /** uint256. */
  readonly coinsInCirculation: bigint;
  readonly coinWatermarkNanos: bigint;
  readonly isMintingDisabled: boolean;
  /** One byte. */
  readonly transferRestriction: number;
  /** One byte. Only since `proofOfStake1StateSetup`; 0 before. */
  readonly lockupTransferRestriction: number;
}

/** A public profile. */
export interface ProfileEntry {
  readonly publicKey: Uint8Array;
  readonly username: Uint8Array;
  readonly description: Uint8Array;
  readonly profilePic: Uint8Array;
  readonly isHidden: boolean;
  readonly creatorCoin: CoinEntry;
  readonly daoCoin: CoinEntry;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** Which PKID a public key has. */
export interface PkidEntry {
  readonly pkid: Uint8Array | undefined;
  readonly publicKey: Uint8Array;
}

/** An order to exchange one DAO coin, or DESO, for another. */
export interface DaoCoinLimitOrderEntry {
  readonly orderId: Uint8Array | undefined;
  readonly transactorPkid: Uint8Array | undefined;
  readonly buyingCoinCreatorPkid: Uint8Array | undefined;
  readonly sellingCoinCreatorPkid: Uint8Array | undefined;
  /** uint256: coins to sell for one to buy, times 10^38. */
  readonly scaledExchangeRate: bigint | undefined;
  /** uint256. */
  readonly quantityToFill: bigint | undefined;
  /** Up to 255: 1 ask, 2 bid. */
  readonly operationType: number;
  /** Up to 255. */
  readonly fillType: number;
  readonly blockHeight: number;
}
