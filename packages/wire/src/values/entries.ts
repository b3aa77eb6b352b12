import type { PostAssociationEntry, UserAssociationEntry } from './association-entries.js';
import type { BalanceEntry, CoinEntry, DaoCoinLimitOrderEntry, PkidEntry, ProfileEntry } from './coin-entries.js';
import type { DerivedKeyEntry } from './derived-key-entry.js';
import type { GlobalParamsEntry } from './global-params-entry.js';
import type {
  AccessGroupEntry,
  AccessGroupMemberEntry,
  EmptyEntry,
  MessageEntry,
  MessagingGroupEntry,
  MessagingGroupMember,
  NewMessageEntry,
} from './message-entries.js';
import type { DiamondEntry, NftBidEntry, NftBidEntryBundle, NftEntry, PostEntry } from './post-entries.js';
import type {
  BlsPublicKeyPkidPairEntry,
  EpochEntry,
  LockedBalanceEntry,
  LockedStakeEntry,
  LockupYieldCurvePoint,
  StakeEntry,
  ValidatorEntry,
} from './stake-entries.js';
import type { UtxoEntry, UtxoKey } from './utxo-entries.js';

/** What each of the Go node's encoder types holds, by the name that the Go node gives it. */
export interface Entries {
  readonly UtxoEntry: UtxoEntry;
  readonly UtxoKey: UtxoKey;
  readonly MessageEntry: MessageEntry;
  readonly GroupKeyName: Uint8Array;
  readonly MessagingGroupEntry: MessagingGroupEntry;
  readonly MessagingGroupMember: MessagingGroupMember;
  readonly NFTEntry: NftEntry;
  readonly NFTBidEntry: NftBidEntry;
  readonly NFTBidEntryBundle: NftBidEntryBundle;
  readonly DerivedKeyEntry: DerivedKeyEntry;
  readonly DiamondEntry: DiamondEntry;
  readonly GlobalParamsEntry: GlobalParamsEntry;
  readonly PostEntry: PostEntry;
  readonly BalanceEntry: BalanceEntry;
  readonly CoinEntry: CoinEntry;
  readonly PKIDEntry: PkidEntry;
  readonly ProfileEntry: ProfileEntry;
  readonly PKID: Uint8Array;
  readonly PublicKey: Uint8Array;
  readonly BlockHash: Uint8Array;
  readonly DAOCoinLimitOrderEntry: DaoCoinLimitOrderEntry;
  readonly UserAssociationEntry: UserAssociationEntry;
  readonly PostAssociationEntry: PostAssociationEntry;
  readonly AccessGroupEntry: AccessGroupEntry;
  readonly AccessGroupMemberEntry: AccessGroupMemberEntry;
  readonly NewMessageEntry: NewMessageEntry;
  readonly AccessGroupMemberEnumerationEntry: EmptyEntry;
  readonly DmThreadEntry: EmptyEntry;
  readonly ValidatorEntry: ValidatorEntry;
  readonly StakeEntry: StakeEntry;
  readonly LockedStakeEntry: LockedStakeEntry;
  readonly EpochEntry: EpochEntry;
  readonly LockedBalanceEntry: LockedBalanceEntry;
  readonly LockupYieldCurvePoint: LockupYieldCurvePoint;
  readonly BLSPublicKeyPKIDPairEntry: BlsPublicKeyPkidPairEntry;
}

/** The Go node's name of an encoder type. */
export type EntryName = keyof Entries;
