/** A validator of the proof of stake. BLS keys and signatures are opaque bytes. */
export interface ValidatorEntry {
  readonly validatorPkid: Uint8Array | undefined;
  readonly domains: readonly Uint8Array[];
  readonly isDelegatedStakeDisabled: boolean;
  readonly delegatedStakeCommissionBasisPoints: bigint;
  /** Empty for none. */
  readonly votingPublicKey: Uint8Array;
  /** Empty for none. */
  readonly votingAuthorization: Uint8Array;
  /** uint256. */
  readonly totalStakeNanos: bigint | undefined;
  readonly lastActiveAtEpoch: bigint;
  readonly jailedAtEpoch: bigint;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** What somebody staked with a validator. */
export interface StakeEntry {
  readonly stakerPkid: Uint8Array | undefined;
  readonly validatorPkid: Uint8Array | undefined;
  /** One byte. */
  readonly rewardMethod: number;
  /** uint256. */
  readonly stakeNanos: bigint | undefined;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** Stake that was taken back, and is still locked. */
export interface LockedStakeEntry {
  readonly stakerPkid: Uint8Array | undefined;
  readonly validatorPkid: Uint8Array | undefined;
  /** uint256. */
  readonly lockedNanos: bigint | undefined;
  readonly lockedAtEpoch: bigint;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** The epoch of the proof of stake that is under way. */
export interface EpochEntry {
  readonly epochNumber: bigint;
  readonly initialBlockHeight: bigint;
  readonly initialView: bigint;
  readonly finalBlockHeight: bigint;
  readonly initialLeaderIndexOffset: bigint;
  readonly createdAtBlockTimestampNanos: bigint;
}

/** Which validator has a BLS key. */
export interface BlsPublicKeyPkidPairEntry {
  readonly blsPublicKey: Uint8Array;
  readonly pkid: Uint8Array | undefined;
}

/** Coins that are locked up. */
export interface LockedBalanceEntry {
  readonly holderPkid: Uint8Array | undefined;
  readonly profilePkid: Uint8Array | undefined;
  readonly unlockTimestampNanos: bigint;
  readonly vestingEndTimestampNanos: bigint;
  /** uint256. */
  readonly balance: bigint;
}

/** What a lockup of some length yields. */
export interface LockupYieldCurvePoint {
  readonly profilePkid: Uint8Array | undefined;
  readonly lockupDurationNanos: bigint;
  readonly apyBasisPoints: bigint;
}
