/** How often, or how much, something is allowed that several fields name. */
export type Limit<K, V = bigint> = K & { readonly limit: V };

/** How many transactions of a type are allowed. */
export interface TransactionCountLimit {
  readonly transactionType: bigint;
  readonly limit: bigint;
}

/** An operation with the coin of a creator. */
export interface CoinOperationKey {
  readonly creatorPkid: Uint8Array;
  /** Up to 255, as all numbers of operations, scopes and classes here. */
  readonly operation: number;
}

/** An operation with an NFT. */
export interface NftOperationKey {
  readonly postHash: Uint8Array;
  readonly serialNumber: bigint;
  readonly operation: number;
}

/** Orders that buy one coin for another. */
export interface LimitOrderKey {
  readonly buyingCoinCreatorPkid: Uint8Array;
  readonly sellingCoinCreatorPkid: Uint8Array;
}

/** An operation with associations. */
export interface AssociationKey {
  readonly associationClass: number;
  readonly associationType: Uint8Array;
  readonly appPkid: Uint8Array;
  readonly appScope: number;
  readonly operation: number;
}

/** An operation with access groups, or with their members. */
export interface AccessGroupKey {
  readonly ownerPublicKey: Uint8Array;
  readonly scope: number;
  readonly keyName: Uint8Array;
  readonly operation: number;
}

/** An operation with lockups. */
export interface LockupKey {
  readonly profilePkid: Uint8Array;
  readonly scope: number;
  readonly operation: number;
}

/** Stake with a validator. */
export interface StakeKey {
  readonly validatorPkid: Uint8Array;
}

/** What a derived key may still do. Lists are maps: no key twice, written in the order of keys, read in any. */
export interface TransactionSpendingLimit {
  readonly globalDesoLimit: bigint;
  readonly transactionCounts: readonly TransactionCountLimit[];
  readonly creatorCoinOperations: readonly Limit<CoinOperationKey>[];
  readonly daoCoinOperations: readonly Limit<CoinOperationKey>[];
  readonly nftOperations: readonly Limit<NftOperationKey>[];
  readonly limitOrders: readonly Limit<LimitOrderKey>[];
  /** Since `unlimitedDerivedKeys`. */
  readonly isUnlimited: boolean;
  /** Since `associationsAndAccessGroups`, as the next two. */
  readonly associations: readonly Limit<AssociationKey>[];
  readonly accessGroups: readonly Limit<AccessGroupKey>[];
  readonly accessGroupMembers: readonly Limit<AccessGroupKey>[];
  /** Since `proofOfStake1StateSetup`, as the next three. */
  readonly lockups: readonly Limit<LockupKey>[];
  /** Limits are uint256. */
  readonly stakes: readonly Limit<StakeKey, bigint | undefined>[];
  /** Limits are uint256. */
  readonly unstakes: readonly Limit<StakeKey, bigint | undefined>[];
  readonly stakeUnlocks: readonly Limit<StakeKey>[];
}
