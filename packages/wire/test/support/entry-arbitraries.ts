import fc from 'fast-check';
import type { Entries, EntryName, TransactionSpendingLimit } from '../../src/index.js';

type Arb<T> = fc.Arbitrary<T>;

const uint64 = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 64n - 1n));
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const byte = fc.nat(255);
const flag = fc.boolean();
const uint256 = fc.oneof(fc.constantFrom(0n, 2n ** 256n - 1n), fc.bigInt(0n, 2n ** 256n - 1n));
// Plain copies: the generator's own bytes are of another realm's class under jest.
const bytesOf = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Uint8Array.from(value));
const text = fc.oneof(bytesOf(0, 20), bytesOf(120, 140));
const key33 = bytesOf(33, 33);
const bytes32 = bytesOf(32, 32);
const orNothing = <T>(value: Arb<T>): Arb<T | undefined> => fc.option(value, { nil: undefined });
const pkid = orNothing(key33);
const publicKey = orNothing(key33);
const hash = orNothing(bytes32);
const name = orNothing(bytes32);
const maybeUint256 = orNothing(uint256);
const hexOf = (value: Uint8Array) => Buffer.from(value).toString('hex');
const extraData = fc
  .array(fc.tuple(bytesOf(0, 6), text), { maxLength: 4 })
  .map((pairs) => new Map(pairs.map(([key, value]) => [hexOf(key), value])));
const royalties = fc
  .array(fc.tuple(key33, uint64), { maxLength: 3 })
  .map((pairs) => new Map(pairs.map(([key, value]) => [hexOf(key), value])));

/** Items that no two have the same key. */
const distinct = <T extends object>(item: Arb<T>): Arb<readonly T[]> =>
  fc.uniqueArray(item, {
    maxLength: 4,
    selector: ({ limit: _limit, ...key }: T & { limit?: unknown }) =>
      JSON.stringify(key, (_name, value) => (typeof value === 'bigint' ? String(value) : value)),
  });

const coinOperation = fc.record({ creatorPkid: key33, operation: byte, limit: uint64 });
const accessGroup = fc.record({ ownerPublicKey: key33, scope: byte, keyName: bytes32, operation: byte, limit: uint64 });
const stake = fc.record({ validatorPkid: key33, limit: maybeUint256 });

const spendingLimit: Arb<TransactionSpendingLimit> = fc.record({
  globalDesoLimit: uint64,
  transactionCounts: distinct(fc.record({ transactionType: uint64, limit: uint64 })),
  creatorCoinOperations: distinct(coinOperation),
  daoCoinOperations: distinct(coinOperation),
  nftOperations: distinct(fc.record({ postHash: bytes32, serialNumber: uint64, operation: byte, limit: uint64 })),
  limitOrders: distinct(fc.record({ buyingCoinCreatorPkid: key33, sellingCoinCreatorPkid: key33, limit: uint64 })),
  isUnlimited: flag,
  associations: distinct(
    fc.record({
      associationClass: byte,
      associationType: text,
      appPkid: key33,
      appScope: byte,
      operation: byte,
      limit: uint64,
    }),
  ),
  accessGroups: distinct(accessGroup),
  accessGroupMembers: distinct(accessGroup),
  lockups: distinct(fc.record({ profilePkid: key33, scope: byte, operation: byte, limit: uint64 })),
  stakes: distinct(stake),
  unstakes: distinct(stake),
  stakeUnlocks: distinct(fc.record({ validatorPkid: key33, limit: uint64 })),
});

const utxoKey = fc.record({ transactionId: bytes32, index: uint32 });
const member = fc.record({ publicKey, keyName: name, encryptedKey: text });
const bid = fc.record({
  bidderPkid: pkid,
  postHash: hash,
  serialNumber: uint64,
  amountNanos: uint64,
  acceptedBlockHeight: orNothing(uint32),
});
const coin = fc.record({
  creatorBasisPoints: uint64,
  desoLockedNanos: uint64,
  numberOfHolders: uint64,
  coinsInCirculation: uint256,
  coinWatermarkNanos: uint64,
  isMintingDisabled: flag,
  transferRestriction: byte,
  lockupTransferRestriction: byte,
});
const association = {
  associationId: hash,
  transactorPkid: pkid,
  appPkid: pkid,
  associationType: text,
  associationValue: text,
  extraData,
  blockHeight: uint32,
};

/** Entries of every type, with everything in them that can be nothing now and then nothing. */
export const entries: { readonly [N in EntryName]: Arb<Entries[N]> } = {
  UtxoEntry: fc.record({
    amountNanos: uint64,
    publicKey: text,
    blockHeight: uint32,
    utxoType: byte,
    utxoKey: orNothing(utxoKey),
  }),
  UtxoKey: utxoKey,
  MessageEntry: fc.record({
    senderPublicKey: publicKey,
    recipientPublicKey: publicKey,
    encryptedText: text,
    timestampNanos: uint64,
    version: byte,
    senderMessagingPublicKey: publicKey,
    senderMessagingGroupKeyName: name,
    recipientMessagingPublicKey: publicKey,
    recipientMessagingGroupKeyName: name,
    extraData,
  }),
  GroupKeyName: bytes32,
  MessagingGroupEntry: fc.record({
    ownerPublicKey: publicKey,
    messagingPublicKey: publicKey,
    keyName: name,
    members: fc.array(member, { maxLength: 4 }),
    extraData,
  }),
  MessagingGroupMember: member,
  NFTEntry: fc.record({
    lastOwnerPkid: pkid,
    ownerPkid: pkid,
    postHash: hash,
    serialNumber: uint64,
    isForSale: flag,
    minBidNanos: uint64,
    unlockableText: text,
    lastAcceptedBidNanos: uint64,
    isPending: flag,
    isBuyNow: flag,
    buyNowPriceNanos: uint64,
    extraData,
  }),
  NFTBidEntry: bid,
  NFTBidEntryBundle: fc.record({ bids: fc.array(bid, { maxLength: 3 }) }),
  DerivedKeyEntry: fc.record({
    ownerPublicKey: key33,
    derivedPublicKey: key33,
    expirationBlock: uint64,
    operationType: byte,
    extraData,
    spendingLimit: orNothing(spendingLimit),
    memo: text,
  }),
  DiamondEntry: fc.record({ senderPkid: pkid, receiverPkid: pkid, postHash: hash, level: uint64 }),
  GlobalParamsEntry: fc.record({
    usdCentsPerBitcoin: uint64,
    createProfileFeeNanos: uint64,
    createNftFeeNanos: uint64,
    maxCopiesPerNft: uint64,
    minimumNetworkFeeNanosPerKb: uint64,
    maxNonceExpirationBlockHeightOffset: uint64,
    stakeLockupEpochDuration: uint64,
    validatorJailEpochDuration: uint64,
    leaderScheduleMaxValidators: uint64,
    validatorSetMaxValidators: uint64,
    stakingRewardsMaxStakes: uint64,
    stakingRewardsApyBasisPoints: uint64,
    epochDurationBlocks: uint64,
    jailInactiveValidatorGracePeriodEpochs: uint64,
    maxVestedIntersectionsPerLockup: int64,
    feeBucketGrowthRateBasisPoints: uint64,
    blockTimestampDriftNanos: int64,
    mempoolMaxSizeBytes: uint64,
    mempoolFeeEstimatorMempoolBlocks: uint64,
    mempoolFeeEstimatorPastBlocks: uint64,
    mempoolCongestionFactorBasisPoints: uint64,
    mempoolPastBlocksCongestionFactorBasisPoints: uint64,
    mempoolPriorityPercentileBasisPoints: uint64,
    mempoolPastBlocksPriorityPercentileBasisPoints: uint64,
    maxBlockSizeBytes: uint64,
    softMaxBlockSizeBytes: uint64,
    maxTransactionSizeBytes: uint64,
    blockProductionIntervalMs: uint64,
    timeoutIntervalMs: uint64,
  }),
  PostEntry: fc.record({
    postHash: hash,
    posterPublicKey: text,
    parentStakeId: text,
    body: text,
    repostedPostHash: hash,
    isQuotedRepost: flag,
    creatorBasisPoints: uint64,
    stakeMultipleBasisPoints: uint64,
    confirmationBlockHeight: uint32,
    timestampNanos: uint64,
    isHidden: flag,
    likeCount: uint64,
    repostCount: uint64,
    quoteRepostCount: uint64,
    diamondCount: uint64,
    commentCount: uint64,
    isPinned: flag,
    isNft: flag,
    nftCopies: uint64,
    nftCopiesForSale: uint64,
    nftCopiesBurned: uint64,
    hasUnlockable: flag,
    nftRoyaltyToCreatorBasisPoints: uint64,
    nftRoyaltyToCoinBasisPoints: uint64,
    additionalNftRoyaltiesToCreators: royalties,
    additionalNftRoyaltiesToCoins: royalties,
    extraData,
    isFrozen: flag,
  }),
  BalanceEntry: fc.record({ holderPkid: pkid, creatorPkid: pkid, balance: uint256, hasPurchased: flag }),
  CoinEntry: coin,
  PKIDEntry: fc.record({ pkid, publicKey: text }),
  ProfileEntry: fc.record({
    publicKey: text,
    username: text,
    description: text,
    profilePic: text,
    isHidden: flag,
    creatorCoin: coin,
    daoCoin: coin,
    extraData,
  }),
  PKID: key33,
  PublicKey: key33,
  BlockHash: bytes32,
  DAOCoinLimitOrderEntry: fc.record({
    orderId: hash,
    transactorPkid: pkid,
    buyingCoinCreatorPkid: pkid,
    sellingCoinCreatorPkid: pkid,
    scaledExchangeRate: maybeUint256,
    quantityToFill: maybeUint256,
    operationType: byte,
    fillType: byte,
    blockHeight: uint32,
  }),
  UserAssociationEntry: fc.record({ ...association, targetUserPkid: pkid }),
  PostAssociationEntry: fc.record({ ...association, postHash: hash }),
  AccessGroupEntry: fc.record({ ownerPublicKey: publicKey, keyName: name, groupPublicKey: publicKey, extraData }),
  AccessGroupMemberEntry: fc.record({ publicKey, keyName: name, encryptedKey: text, extraData }),
  NewMessageEntry: fc.record({
    senderOwnerPublicKey: publicKey,
    senderKeyName: name,
    senderGroupPublicKey: publicKey,
    recipientOwnerPublicKey: publicKey,
    recipientKeyName: name,
    recipientGroupPublicKey: publicKey,
    encryptedText: text,
    timestampNanos: uint64,
    extraData,
  }),
  AccessGroupMemberEnumerationEntry: fc.constant({}),
  DmThreadEntry: fc.constant({}),
  ValidatorEntry: fc.record({
    validatorPkid: pkid,
    domains: fc.array(text, { maxLength: 3 }),
    isDelegatedStakeDisabled: flag,
    delegatedStakeCommissionBasisPoints: uint64,
    votingPublicKey: bytesOf(0, 96),
    votingAuthorization: bytesOf(0, 48),
    totalStakeNanos: maybeUint256,
    lastActiveAtEpoch: uint64,
    jailedAtEpoch: uint64,
    extraData,
  }),
  StakeEntry: fc.record({
    stakerPkid: pkid,
    validatorPkid: pkid,
    rewardMethod: byte,
    stakeNanos: maybeUint256,
    extraData,
  }),
  LockedStakeEntry: fc.record({
    stakerPkid: pkid,
    validatorPkid: pkid,
    lockedNanos: maybeUint256,
    lockedAtEpoch: uint64,
    extraData,
  }),
  EpochEntry: fc.record({
    epochNumber: uint64,
    initialBlockHeight: uint64,
    initialView: uint64,
    finalBlockHeight: uint64,
    initialLeaderIndexOffset: uint64,
    createdAtBlockTimestampNanos: int64,
  }),
  LockedBalanceEntry: fc.record({
    holderPkid: pkid,
    profilePkid: pkid,
    unlockTimestampNanos: int64,
    vestingEndTimestampNanos: int64,
    balance: uint256,
  }),
  LockupYieldCurvePoint: fc.record({ profilePkid: pkid, lockupDurationNanos: int64, apyBasisPoints: uint64 }),
  BLSPublicKeyPKIDPairEntry: fc.record({ blsPublicKey: bytesOf(0, 96), pkid }),
};
