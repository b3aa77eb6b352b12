import type { Entries, EntryName } from '../entries.js';
import { postAssociationEntry, userAssociationEntry } from './association-types.js';
import { balanceEntry, coinEntry, daoCoinLimitOrderEntry, pkidEntry, profileEntry } from './coin-types.js';
import { derivedKeyEntry } from './derived-key-type.js';
import type { EntryType } from './entry-context.js';
import { globalParamsEntry } from './global-params-type.js';
import { blockHash, groupKeyName, pkid, publicKey } from './identifier-types.js';
import {
  accessGroupEntry,
  accessGroupMemberEntry,
  accessGroupMemberEnumerationEntry,
  dmThreadEntry,
  messageEntry,
  messagingGroupEntry,
  messagingGroupMember,
  newMessageEntry,
} from './message-types.js';
import { diamondEntry, nftBidEntry, nftBidEntryBundle, nftEntry, postEntry } from './post-types.js';
import {
  blsPublicKeyPkidPairEntry,
  epochEntry,
  lockedBalanceEntry,
  lockedStakeEntry,
  lockupYieldCurvePoint,
  stakeEntry,
  validatorEntry,
} from './stake-types.js';
import { utxoEntry, utxoKey } from './utxo-types.js';

/** One encoder type for each name. */
export const entryTypes: { readonly [N in EntryName]: EntryType<Entries[N]> } = {
  UtxoEntry: utxoEntry,
  UtxoKey: utxoKey,
  MessageEntry: messageEntry,
  GroupKeyName: groupKeyName,
  MessagingGroupEntry: messagingGroupEntry,
  MessagingGroupMember: messagingGroupMember,
  NFTEntry: nftEntry,
  NFTBidEntry: nftBidEntry,
  NFTBidEntryBundle: nftBidEntryBundle,
  DerivedKeyEntry: derivedKeyEntry,
  DiamondEntry: diamondEntry,
  GlobalParamsEntry: globalParamsEntry,
  PostEntry: postEntry,
  BalanceEntry: balanceEntry,
  CoinEntry: coinEntry,
  PKIDEntry: pkidEntry,
  ProfileEntry: profileEntry,
  PKID: pkid,
  PublicKey: publicKey,
  BlockHash: blockHash,
  DAOCoinLimitOrderEntry: daoCoinLimitOrderEntry,
  UserAssociationEntry: userAssociationEntry,
  PostAssociationEntry: postAssociationEntry,
  AccessGroupEntry: accessGroupEntry,
  AccessGroupMemberEntry: accessGroupMemberEntry,
  NewMessageEntry: newMessageEntry,
  AccessGroupMemberEnumerationEntry: accessGroupMemberEnumerationEntry,
  DmThreadEntry: dmThreadEntry,
  ValidatorEntry: validatorEntry,
  StakeEntry: stakeEntry,
  LockedStakeEntry: lockedStakeEntry,
  EpochEntry: epochEntry,
  LockedBalanceEntry: lockedBalanceEntry,
  LockupYieldCurvePoint: lockupYieldCurvePoint,
  BLSPublicKeyPKIDPairEntry: blsPublicKeyPkidPairEntry,
};
