import { type Field, struct } from '../../internal/field.js';
import { int64, uint64 } from '../../internal/primitives.js';
import type { GlobalParamsEntry } from '../global-params-entry.js';
import type { EntryContext, EntryType } from './entry-context.js';

export const globalParamsEntry: EntryType<GlobalParamsEntry> = {
  name: 'GlobalParamsEntry',
  encoderType: 15,
  migrations: ['balanceModel', 'proofOfStake1StateSetup'],
  fields(context) {
    const stakeUint64 = sinceProofOfStake(context, uint64);
    const stakeInt64 = sinceProofOfStake(context, int64);
    return struct<GlobalParamsEntry>({
      usdCentsPerBitcoin: uint64,
      createProfileFeeNanos: uint64,
      createNftFeeNanos: uint64,
      maxCopiesPerNft: uint64,
      minimumNetworkFeeNanosPerKb: uint64,
      maxNonceExpirationBlockHeightOffset: context.since('balanceModel', uint64, 0n),
      stakeLockupEpochDuration: stakeUint64,
      validatorJailEpochDuration: stakeUint64,
      leaderScheduleMaxValidators: stakeUint64,
      validatorSetMaxValidators: stakeUint64,
      stakingRewardsMaxStakes: stakeUint64,
      stakingRewardsApyBasisPoints: stakeUint64,
      epochDurationBlocks: stakeUint64,
      jailInactiveValidatorGracePeriodEpochs: stakeUint64,
      maxVestedIntersectionsPerLockup: stakeInt64,
      feeBucketGrowthRateBasisPoints: stakeUint64,
      blockTimestampDriftNanos: stakeInt64,
      mempoolMaxSizeBytes: stakeUint64,
      mempoolFeeEstimatorMempoolBlocks: stakeUint64,
      mempoolFeeEstimatorPastBlocks: stakeUint64,
      mempoolCongestionFactorBasisPoints: stakeUint64,
      mempoolPastBlocksCongestionFactorBasisPoints: stakeUint64,
      mempoolPriorityPercentileBasisPoints: stakeUint64,
      mempoolPastBlocksPriorityPercentileBasisPoints: stakeUint64,
      maxBlockSizeBytes: stakeUint64,
      softMaxBlockSizeBytes: stakeUint64,
      maxTransactionSizeBytes: stakeUint64,
      blockProductionIntervalMs: stakeUint64,
      timeoutIntervalMs: stakeUint64,
    });
  },
};

function sinceProofOfStake(context: EntryContext, field: Field<bigint>): Field<bigint> {
  return context.since('proofOfStake1StateSetup', field, 0n);
}
