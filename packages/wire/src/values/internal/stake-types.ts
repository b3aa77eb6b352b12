import { struct } from '../../internal/field.js';
import { byteString, flag, int64, uint64 } from '../../internal/primitives.js';
import type {
  BlsPublicKeyPkidPairEntry,
  EpochEntry,
  LockedBalanceEntry,
  LockedStakeEntry,
  LockupYieldCurvePoint,
  StakeEntry,
  ValidatorEntry,
} from '../stake-entries.js';
import type { EntryType } from './entry-context.js';
import { byte, minimalUint256, optionalUint256 } from './entry-field.js';
import { pkid } from './identifier-types.js';

/** Keys have 96 bytes and signatures 48, but nothing here depends on it. */
const blsBytes = /* @__PURE__ */ byteString(4_096);

export const validatorEntry: EntryType<ValidatorEntry> = {
  name: 'ValidatorEntry',
  encoderType: 45,
  migrations: [],
  fields: (context) =>
    struct<ValidatorEntry>({
      validatorPkid: context.nested(pkid),
      domains: context.list(context.bytes),
      isDelegatedStakeDisabled: flag,
      delegatedStakeCommissionBasisPoints: uint64,
      votingPublicKey: blsBytes,
      votingAuthorization: blsBytes,
      totalStakeNanos: optionalUint256,
      lastActiveAtEpoch: uint64,
      jailedAtEpoch: uint64,
      extraData: context.extraData,
    }),
};

export const stakeEntry: EntryType<StakeEntry> = {
  name: 'StakeEntry',
  encoderType: 46,
  migrations: [],
  fields: (context) =>
    struct<StakeEntry>({
      stakerPkid: context.nested(pkid),
      validatorPkid: context.nested(pkid),
      rewardMethod: byte,
      stakeNanos: optionalUint256,
      extraData: context.extraData,
    }),
};

export const lockedStakeEntry: EntryType<LockedStakeEntry> = {
  name: 'LockedStakeEntry',
  encoderType: 47,
  migrations: [],
  fields: (context) =>
    struct<LockedStakeEntry>({
      stakerPkid: context.nested(pkid),
      validatorPkid: context.nested(pkid),
      lockedNanos: optionalUint256,
      lockedAtEpoch: uint64,
      extraData: context.extraData,
    }),
};

export const epochEntry: EntryType<EpochEntry> = {
  name: 'EpochEntry',
  encoderType: 48,
  migrations: [],
  fields: () =>
    struct<EpochEntry>({
      epochNumber: uint64,
      initialBlockHeight: uint64,
      initialView: uint64,
      finalBlockHeight: uint64,
      initialLeaderIndexOffset: uint64,
      createdAtBlockTimestampNanos: int64,
    }),
};

export const blsPublicKeyPkidPairEntry: EntryType<BlsPublicKeyPkidPairEntry> = {
  name: 'BLSPublicKeyPKIDPairEntry',
  encoderType: 51,
  migrations: [],
  fields: (context) => struct<BlsPublicKeyPkidPairEntry>({ blsPublicKey: blsBytes, pkid: context.nested(pkid) }),
};

export const lockedBalanceEntry: EntryType<LockedBalanceEntry> = {
  name: 'LockedBalanceEntry',
  encoderType: 49,
  migrations: [],
  fields: (context) =>
    struct<LockedBalanceEntry>({
      holderPkid: context.nested(pkid),
      profilePkid: context.nested(pkid),
      unlockTimestampNanos: int64,
      vestingEndTimestampNanos: int64,
      balance: minimalUint256,
    }),
};

export const lockupYieldCurvePoint: EntryType<LockupYieldCurvePoint> = {
  name: 'LockupYieldCurvePoint',
  encoderType: 50,
  migrations: [],
  fields: (context) =>
    struct<LockupYieldCurvePoint>({
      profilePkid: context.nested(pkid),
      lockupDurationNanos: int64,
      apyBasisPoints: uint64,
    }),
};
