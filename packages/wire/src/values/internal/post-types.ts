import { fromHex, toHex } from '@hs/bytes';
import { type Field, struct } from '../../internal/field.js';
import { flag, uint32, uint64 } from '../../internal/primitives.js';
import type { DiamondEntry, NftBidEntry, NftBidEntryBundle, NftEntry, PostEntry } from '../post-entries.js';
import type { Limit } from '../spending-limit.js';
import type { EntryContext, EntryType } from './entry-context.js';
import { key33, limitMap, optional } from './entry-field.js';
import { blockHash, pkid } from './identifier-types.js';

export const postEntry: EntryType<PostEntry> = {
  name: 'PostEntry',
  encoderType: 16,
  migrations: ['associationsAndAccessGroups'],
  fields: (context) =>
    struct<PostEntry>({
      postHash: context.nested(blockHash),
      posterPublicKey: context.bytes,
      parentStakeId: context.bytes,
      body: context.bytes,
      repostedPostHash: context.nested(blockHash),
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
      additionalNftRoyaltiesToCreators: royalties(context),
      additionalNftRoyaltiesToCoins: royalties(context),
      extraData: context.extraData,
      isFrozen: context.since('associationsAndAccessGroups', flag, false),
    }),
};

export const diamondEntry: EntryType<DiamondEntry> = {
  name: 'DiamondEntry',
  encoderType: 13,
  migrations: [],
  fields: (context) =>
    struct<DiamondEntry>({
      senderPkid: context.nested(pkid),
      receiverPkid: context.nested(pkid),
      postHash: context.nested(blockHash),
      level: uint64,
    }),
};

export const nftEntry: EntryType<NftEntry> = {
  name: 'NFTEntry',
  encoderType: 9,
  migrations: [],
  fields: (context) =>
    struct<NftEntry>({
      lastOwnerPkid: context.nested(pkid),
      ownerPkid: context.nested(pkid),
      postHash: context.nested(blockHash),
      serialNumber: uint64,
      isForSale: flag,
      minBidNanos: uint64,
      unlockableText: context.bytes,
      lastAcceptedBidNanos: uint64,
      isPending: flag,
      isBuyNow: flag,
      buyNowPriceNanos: uint64,
      extraData: context.extraData,
    }),
};

export const nftBidEntry: EntryType<NftBidEntry> = {
  name: 'NFTBidEntry',
  encoderType: 10,
  migrations: [],
  fields: (context) =>
    struct<NftBidEntry>({
      bidderPkid: context.nested(pkid),
      postHash: context.nested(blockHash),
      serialNumber: uint64,
      amountNanos: uint64,
      acceptedBlockHeight: optional(uint32),
    }),
};

export const nftBidEntryBundle: EntryType<NftBidEntryBundle> = {
  name: 'NFTBidEntryBundle',
  encoderType: 11,
  migrations: [],
  fields: (context) => struct<NftBidEntryBundle>({ bids: context.list(context.required(nftBidEntry)) }),
};

/** A count, then PKID and basis points of each; PKIDs are written in byte order. */
function royalties(context: EntryContext): Field<ReadonlyMap<string, bigint>> {
  const entries = limitMap<{ readonly pkid: Uint8Array }, bigint>({
    key: struct<{ readonly pkid: Uint8Array }>({ pkid: key33 }),
    limit: uint64,
    maxCount: context.limits.maxItems,
  });
  return {
    minBytes: entries.minBytes,
    maxBytes: entries.maxBytes,
    write: (writer, map) =>
      entries.write(
        writer,
        [...map].map(([hex, limit]): Limit<{ readonly pkid: Uint8Array }> => ({ pkid: fromHex(hex), limit })),
      ),
    read: (reader) => new Map(entries.read(reader).map((entry) => [toHex(entry.pkid), entry.limit])),
  };
}
