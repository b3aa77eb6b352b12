/** A post, which may be an NFT. */
export interface PostEntry {
  readonly postHash: Uint8Array | undefined;
  readonly posterPublicKey: Uint8Array;
  readonly parentStakeId: Uint8Array;
  readonly body: Uint8Array;
  readonly repostedPostHash: Uint8Array | undefined;
  readonly isQuotedRepost: boolean;
  readonly creatorBasisPoints: bigint;
  readonly stakeMultipleBasisPoints: bigint;
  readonly confirmationBlockHeight: number;
  readonly timestampNanos: bigint;
  readonly isHidden: boolean;
  readonly likeCount: bigint;
  readonly repostCount: bigint;
  readonly quoteRepostCount: bigint;
  readonly diamondCount: bigint;
  readonly commentCount: bigint;
  readonly isPinned: boolean;
  readonly isNft: boolean;
  readonly nftCopies: bigint;
  readonly nftCopiesForSale: bigint;
  readonly nftCopiesBurned: bigint;
  readonly hasUnlockable: boolean;
  readonly nftRoyaltyToCreatorBasisPoints: bigint;
  readonly nftRoyaltyToCoinBasisPoints: bigint;
  /** Basis points by the lower-case hex of a PKID. */
  readonly additionalNftRoyaltiesToCreators: ReadonlyMap<string, bigint>;
  /** Basis points by the lower-case hex of a PKID. */
  readonly additionalNftRoyaltiesToCoins: ReadonlyMap<string, bigint>;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
  /** Only since `associationsAndAccessGroups`; false before. */
  readonly isFrozen: boolean;
}

/** Diamonds that somebody gave for a post. */
export interface DiamondEntry {
  readonly senderPkid: Uint8Array | undefined;
  readonly receiverPkid: Uint8Array | undefined;
  readonly postHash: Uint8Array | undefined;
  readonly level: bigint;
}

/** One copy of an NFT. */
export interface NftEntry {
  /** Nothing if it never changed hands. */
  readonly lastOwnerPkid: Uint8Array | undefined;
  readonly ownerPkid: Uint8Array | undefined;
  readonly postHash: Uint8Array | undefined;
  readonly serialNumber: bigint;
  readonly isForSale: boolean;
  readonly minBidNanos: bigint;
  readonly unlockableText: Uint8Array;
  readonly lastAcceptedBidNanos: bigint;
  readonly isPending: boolean;
  readonly isBuyNow: boolean;
  readonly buyNowPriceNanos: bigint;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** A bid on a copy of an NFT. */
export interface NftBidEntry {
  readonly bidderPkid: Uint8Array | undefined;
  readonly postHash: Uint8Array | undefined;
  readonly serialNumber: bigint;
  readonly amountNanos: bigint;
  readonly acceptedBlockHeight: number | undefined;
}

/** The bids that were accepted for a copy of an NFT, oldest first. */
export interface NftBidEntryBundle {
  readonly bids: readonly NftBidEntry[];
}
