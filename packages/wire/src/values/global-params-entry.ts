/** Parameters of the whole network. Those that an older layout lacks read as zero, which stands for the Go node's default. */
export interface GlobalParamsEntry {
  readonly usdCentsPerBitcoin: bigint;
  readonly createProfileFeeNanos: bigint;
  readonly createNftFeeNanos: bigint;
  readonly maxCopiesPerNft: bigint;
  readonly minimumNetworkFeeNanosPerKb: bigint;
  /** Since `balanceModel`. */
  readonly maxNonceExpirationBlockHeightOffset: bigint;
  /** This and all that follow: since `proofOfStake1StateSetup`. */
  readonly stakeLockupEpochDuration: bigint;
  readonly validatorJailEpochDuration: bigint;
  readonly leaderScheduleMaxValidators: bigint;
  readonly validatorSetMaxValidators: bigint;
  readonly stakingRewardsMaxStakes: bigint;
  readonly stakingRewardsApyBasisPoints: bigint;
  readonly epochDurationBlocks: bigint;
  readonly jailInactiveValidatorGracePeriodEpochs: bigint;
  /** Signed. */
  readonly maxVestedIntersectionsPerLockup: bigint;
  readonly feeBucketGrowthRateBasisPoints: bigint;
  /** Signed. */
  readonly blockTimestampDriftNanos: bigint;
  readonly mempoolMaxSizeBytes: bigint;
  readonly mempoolFeeEstimatorMempoolBlocks: bigint;
  readonly mempoolFeeEstimatorPastBlocks: bigint;
  readonly mempoolCongestionFactorBasisPoints: bigint;
  readonly mempoolPastBlocksCongestionFactorBasisPoints: bigint;
  readonly mempoolPriorityPercentileBasisPoints: bigint;
  readonly mempoolPastBlocksPriorityPercentileBasisPoints: bigint;
  readonly maxBlockSizeBytes: bigint;
  readonly softMaxBlockSizeBytes: bigint;
  readonly maxTransactionSizeBytes: bigint;
  readonly blockProductionIntervalMs: bigint;
  readonly timeoutIntervalMs: bigint;
}
