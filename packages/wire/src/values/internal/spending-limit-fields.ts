import { encodeUvarint } from '@hs/bytes';
import { type Field, struct } from '../../internal/field.js';
import { flag, integer, uint64 } from '../../internal/primitives.js';
import type {
  AccessGroupKey,
  AssociationKey,
  CoinOperationKey,
  Limit,
  LimitOrderKey,
  LockupKey,
  NftOperationKey,
  StakeKey,
  TransactionCountLimit,
  TransactionSpendingLimit,
} from '../spending-limit.js';
import type { EntryContext } from './entry-context.js';
import { bareKey33, byte, bytes32, key33, keyedList, limitMap, optionalUint256 } from './entry-field.js';

const small = /* @__PURE__ */ integer(255);

/** The fields of a spending limit, in the order of the Go node. It is no entry, so it has no existence byte, type and version. */
export function spendingLimitFields(context: EntryContext): Field<TransactionSpendingLimit> {
  const maxCount = context.limits.maxItems;
  const counts = <K extends object>(key: Field<K>): Field<readonly Limit<K>[]> =>
    limitMap({ key, limit: uint64, maxCount });
  const amounts = <K extends object>(key: Field<K>): Field<readonly Limit<K, bigint | undefined>[]> =>
    limitMap({ key, limit: optionalUint256, maxCount });
  const coinOperation = struct<CoinOperationKey>({ creatorPkid: key33, operation: small });
  // Before `balanceModel` the Go node wrote access groups in no particular order, so two honest nodes could differ. Here they are sorted.
  const accessGroup = struct<AccessGroupKey>({
    ownerPublicKey: key33,
    scope: small,
    keyName: bytes32,
    operation: small,
  });
  const stake = struct<StakeKey>({ validatorPkid: bareKey33 });
  return struct<TransactionSpendingLimit>({
    globalDesoLimit: uint64,
    transactionCounts: transactionCounts(maxCount),
    creatorCoinOperations: counts(coinOperation),
    daoCoinOperations: counts(coinOperation),
    nftOperations: counts(struct<NftOperationKey>({ postHash: bytes32, serialNumber: uint64, operation: small })),
    limitOrders: counts(struct<LimitOrderKey>({ buyingCoinCreatorPkid: bareKey33, sellingCoinCreatorPkid: bareKey33 })),
    isUnlimited: context.since('unlimitedDerivedKeys', flag, false),
    associations: context.since(
      'associationsAndAccessGroups',
      counts(
        struct<AssociationKey>({
          associationClass: small,
          associationType: context.bytes,
          appPkid: bareKey33,
          appScope: small,
          operation: small,
        }),
      ),
      [],
    ),
    accessGroups: context.since('associationsAndAccessGroups', counts(accessGroup), []),
    accessGroupMembers: context.since('associationsAndAccessGroups', counts(accessGroup), []),
    lockups: context.since(
      'proofOfStake1StateSetup',
      counts(struct<LockupKey>({ profilePkid: bareKey33, scope: byte, operation: byte })),
      [],
    ),
    stakes: context.since('proofOfStake1StateSetup', amounts(stake), []),
    unstakes: context.since('proofOfStake1StateSetup', amounts(stake), []),
    stakeUnlocks: context.since('proofOfStake1StateSetup', counts(stake), []),
  });
}

/** In the order of the numbers, which is not that of their bytes. */
function transactionCounts(maxCount: number): Field<readonly TransactionCountLimit[]> {
  return keyedList<TransactionCountLimit>({
    item: struct<TransactionCountLimit>({ transactionType: uint64, limit: uint64 }),
    maxCount,
    keyOf: ({ transactionType }) => encodeUvarint(transactionType),
    compare: (a, b) => (a.transactionType < b.transactionType ? -1 : 1),
  });
}
