import { struct } from '../../internal/field.js';
import { flag, integer, uint32, uint64 } from '../../internal/primitives.js';
import type { BalanceEntry, CoinEntry, DaoCoinLimitOrderEntry, PkidEntry, ProfileEntry } from '../coin-entries.js';
import type { EntryType } from './entry-context.js';
import { byte, optionalUint256, uint256 } from './entry-field.js';
import { blockHash, pkid } from './identifier-types.js';

export const balanceEntry: EntryType<BalanceEntry> = {
  name: 'BalanceEntry',
  encoderType: 17,
  migrations: [],
  fields: (context) =>
    struct<BalanceEntry>({
      holderPkid: context.nested(pkid),
      creatorPkid: context.nested(pkid),
      balance: uint256,
      hasPurchased: flag,
    }),
};

export const coinEntry: EntryType<CoinEntry> = {
  name: 'CoinEntry',
  encoderType: 18,
  migrations: ['proofOfStake1StateSetup'],
  fields: (context) =>
    struct<CoinEntry>({
      creatorBasisPoints: uint64,
      desoLockedNanos: uint64,
      numberOfHolders: uint64,
      coinsInCirculation: uint256,
      coinWatermarkNanos: uint64,
      isMintingDisabled: flag,
      transferRestriction: byte,
      lockupTransferRestriction: context.since('proofOfStake1StateSetup', byte, 0),
    }),
};

export const profileEntry: EntryType<ProfileEntry> = {
  name: 'ProfileEntry',
  encoderType: 21,
  migrations: [],
  fields: (context) =>
    struct<ProfileEntry>({
      publicKey: context.bytes,
      username: context.bytes,
      description: context.bytes,
      profilePic: context.bytes,
      isHidden: flag,
      creatorCoin: context.required(coinEntry),
      daoCoin: context.required(coinEntry),
      extraData: context.extraData,
    }),
};

export const pkidEntry: EntryType<PkidEntry> = {
  name: 'PKIDEntry',
  encoderType: 20,
  migrations: [],
  fields: (context) => struct<PkidEntry>({ pkid: context.nested(pkid), publicKey: context.bytes }),
};

export const daoCoinLimitOrderEntry: EntryType<DaoCoinLimitOrderEntry> = {
  name: 'DAOCoinLimitOrderEntry',
  encoderType: 28,
  migrations: [],
  fields: (context) =>
    struct<DaoCoinLimitOrderEntry>({
      orderId: context.nested(blockHash),
      transactorPkid: context.nested(pkid),
      buyingCoinCreatorPkid: context.nested(pkid),
      sellingCoinCreatorPkid: context.nested(pkid),
      scaledExchangeRate: optionalUint256,
      quantityToFill: optionalUint256,
      operationType: integer(255),
      fillType: integer(255),
      blockHeight: uint32,
    }),
};
