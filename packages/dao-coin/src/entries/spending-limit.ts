import { ByteWriter } from '@hs/bytes';
import { DaoCoinError } from '../error.js';
import { decodeAll } from '../internal/decoding.js';
import { readSpendingLimit, writeSpendingLimit } from '../internal/spending-limit-encoding.js';

/**
 * The Go node's migrations that spending limits grew with: 1 has {@link SpendingLimit.isUnlimited}, 3 associations and access
 * groups, 4 lockups and stakes. Version 2, whose bytes were not determined by their content, is neither read nor written.
 */
export type SpendingLimitVersion = 0 | 1 | 3 | 4;

/** What a derived key may still do. Counts of operations, not amounts of coins: one transfer may move all there is. */
export interface SpendingLimit {
  /** How many nanos it may spend, fees included. */
  readonly globalDesoLimitNanos: bigint;
  /** How many transactions of each type, for the types that no other limit counts. */
  readonly transactionCounts: ReadonlyMap<number, bigint>;
  readonly daoCoinOperations: readonly DaoCoinOperationLimit[];
  /** True: nothing is counted. Needs version 1. */
  readonly isUnlimited: boolean;
  /** Limits that have nothing to do with DAO coins, kept as they are. */
  readonly otherLimits: Readonly<Partial<Record<OtherLimitName, readonly OtherLimit[]>>>;
}

/** How often an operation on a DAO coin is allowed. */
export interface DaoCoinOperationLimit {
  /** {@link anyCreatorPkid} for all coins. */
  readonly creatorPkid: Uint8Array;
  /** One of {@link daoCoinLimitOperations}. */
  readonly operation: number;
  readonly count: bigint;
}

/** Limits that are kept but not looked at. */
export type OtherLimitName =
  | 'creatorCoinOperations'
  | 'nftOperations'
  | 'daoCoinLimitOrders'
  | 'associations'
  | 'accessGroups'
  | 'accessGroupMembers'
  | 'lockups';

/** One of them: the encoded key, and the count. */
export type OtherLimit = readonly [key: Uint8Array, count: bigint];

/** The operation in a {@link DaoCoinOperationLimit}; not the operation byte of a transaction. */
export const daoCoinLimitOperations = {
  any: 0,
  mint: 1,
  burn: 2,
  disableMinting: 3,
  updateTransferRestriction: 4,
  transfer: 5,
} as const;

/** Stands for every creator in a {@link DaoCoinOperationLimit}: 33 zero bytes. */
export const anyCreatorPkid: Uint8Array = /* @__PURE__ */ new Uint8Array(33);

/** A limit that allows nothing. */
export const zeroSpendingLimit: SpendingLimit = /* @__PURE__ */ Object.freeze({
  globalDesoLimitNanos: 0n,
  transactionCounts: /* @__PURE__ */ new Map<number, bigint>(),
  daoCoinOperations: [],
  isUnlimited: false,
  otherLimits: {},
});

/** Encoder and decoder of the spending limit that stands in an authorization's extra data. */
export const spendingLimitCodec: {
  /** @throws RangeError if the limit is not one that the version can hold */
  encode(limit: SpendingLimit, options?: { readonly spendingLimitVersion?: SpendingLimitVersion }): Uint8Array;
  /** @throws DAO_COIN_MALFORMED_SPENDING_LIMIT */
  decode(bytes: Uint8Array, options?: { readonly spendingLimitVersion?: SpendingLimitVersion }): SpendingLimit;
} = {
  encode(limit, { spendingLimitVersion = 4 } = {}) {
    const writer = new ByteWriter();
    writeSpendingLimit(writer, limit, spendingLimitVersion);
    return writer.finish();
  },
  decode: (bytes, { spendingLimitVersion = 4 } = {}) =>
    decodeAll(bytes, {
      code: 'DAO_COIN_MALFORMED_SPENDING_LIMIT',
      what: 'spending limit',
      read: (reader) => readSpendingLimit(reader, { version: spendingLimitVersion, fail: malformedLimit }),
    }),
};

function malformedLimit(problem: string): DaoCoinError {
  return new DaoCoinError('DAO_COIN_MALFORMED_SPENDING_LIMIT', `Malformed spending limit: ${problem}`, {
    details: { problem, what: 'spending limit' },
  });
}
