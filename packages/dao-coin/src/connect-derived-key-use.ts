import { equalBytes } from '@hs/bytes';
import type { DaoCoinContext } from './context.js';
import { type DerivedKeyEntry, derivedKeyEntryCodec, derivedKeyOperations } from './entries/derived-key-entry.js';
import {
  anyCreatorPkid,
  type DaoCoinOperationLimit,
  daoCoinLimitOperations,
  type SpendingLimit,
  type SpendingLimitVersion,
} from './entries/spending-limit.js';
import { DaoCoinError } from './error.js';
import { ChangeSet } from './internal/change-set.js';
import { derivedKeyKey } from './keys.js';
import { type DaoCoinMetadata, type DaoCoinTransferMetadata, daoCoinOperations } from './metadata.js';
import { publicKeyBytes } from './public-key.js';
import { pkidOf } from './readers.js';
import type { StateView } from './state-view.js';
import type { DaoCoinUndo } from './undo.js';

/** A transaction that a derived key has signed for its owner, as far as the key's limits look at it. */
export interface DerivedKeyUse {
  readonly ownerPublicKey: Uint8Array;
  readonly derivedPublicKey: Uint8Array;
  /** Fee, and outputs to others than the owner. */
  readonly spendNanos: bigint;
  readonly action:
    | { readonly kind: 'dao-coin'; readonly metadata: DaoCoinMetadata }
    | { readonly kind: 'dao-coin-transfer'; readonly metadata: DaoCoinTransferMetadata }
    /** Any type that is counted by its number alone, such as 2, 6 and 22: none with a limit of its own. */
    | { readonly kind: 'other'; readonly transactionType: number };
}

/** What the rules of derived keys need to know beside the transaction and the state. */
export interface DerivedKeyContext extends Pick<DaoCoinContext, 'blockHeight'> {
  /** Version in which entries of derived keys are written; default 4. */
  readonly spendingLimitVersion?: SpendingLimitVersion;
}

/**
 * Charges a transaction to the derived key that signed it: the key must be authorized and not expired, and its limits shrink by what
 * the transaction spends and does. Comes after the signature check, and before the connect of the transaction itself.
 *
 * @throws DaoCoinError with the code of the first rule that the use breaks; the view is unchanged then
 */
export async function connectDerivedKeyUse(
  view: StateView,
  use: DerivedKeyUse,
  context: DerivedKeyContext,
): Promise<DaoCoinUndo> {
  const { ownerPublicKey, derivedPublicKey } = use;
  const key = derivedKeyKey(ownerPublicKey, derivedPublicKey);
  const before = await view.get(key);
  const entry = before === undefined ? undefined : derivedKeyEntryCodec.decode(before);
  const limit = requireAuthorized(entry, { use, context });
  if (entry === undefined || limit.isUnlimited) return { records: [] };
  const left = await charge(view, { limit, use });
  const { spendingLimitVersion } = context;
  const options = spendingLimitVersion === undefined ? {} : { spendingLimitVersion };
  const after = derivedKeyEntryCodec.encode({ ...entry, spendingLimit: left }, options);
  const changes = new ChangeSet();
  changes.add({ key, before, after });
  return changes.apply(view);
}

function requireAuthorized(
  entry: DerivedKeyEntry | undefined,
  { use, context }: { readonly use: DerivedKeyUse; readonly context: DerivedKeyContext },
): SpendingLimit {
  const fail = (problem: string): DaoCoinError =>
    new DaoCoinError('DAO_COIN_DERIVED_KEY_NOT_AUTHORIZED', `The derived key must not sign: ${problem}`);
  if (entry === undefined) throw fail('its owner has not authorized it');
  if (
    !equalBytes(entry.ownerPublicKey, use.ownerPublicKey) ||
    !equalBytes(entry.derivedPublicKey, use.derivedPublicKey)
  ) {
    throw new DaoCoinError('DAO_COIN_CORRUPT_STATE', 'A derived key entry is stored under the key of another one');
  }
  if (entry.operation !== derivedKeyOperations.authorize) throw fail('it is revoked');
  if (entry.expirationBlock <= BigInt(context.blockHeight)) throw fail(`it expired at ${entry.expirationBlock}`);
  if (entry.spendingLimit === undefined) throw fail('it has no spending limit');
  return entry.spendingLimit;
}

/** The limit that is left after the use. */
async function charge(
  view: StateView,
  { limit, use }: { readonly limit: SpendingLimit; readonly use: DerivedKeyUse },
): Promise<SpendingLimit> {
  const { spendNanos, action } = use;
  if (spendNanos > limit.globalDesoLimitNanos) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_DESO_LIMIT', 'The derived key may spend less', {
      details: { spendNanos: String(spendNanos), globalDesoLimitNanos: String(limit.globalDesoLimitNanos) },
    });
  }
  const charged = { ...limit, globalDesoLimitNanos: limit.globalDesoLimitNanos - spendNanos };
  if (action.kind === 'other') return { ...charged, transactionCounts: chargeType(limit, action.transactionType) };
  const operation = limitOperationOf(action);
  const { profilePublicKey } = action.metadata;
  // A key of another length is for a later rule to name; it has no limit of its own.
  const creatorPkid = profilePublicKey.length === publicKeyBytes ? await pkidOf(view, profilePublicKey) : undefined;
  return { ...charged, daoCoinOperations: chargeOperation(limit.daoCoinOperations, { creatorPkid, operation }) };
}

function limitOperationOf(action: Exclude<DerivedKeyUse['action'], { readonly kind: 'other' }>): number {
  if (action.kind === 'dao-coin-transfer') return daoCoinLimitOperations.transfer;
  switch (action.metadata.operation) {
    case daoCoinOperations.mint:
      return daoCoinLimitOperations.mint;
    case daoCoinOperations.burn:
      return daoCoinLimitOperations.burn;
    case daoCoinOperations.disableMinting:
      return daoCoinLimitOperations.disableMinting;
    case daoCoinOperations.updateTransferRestriction:
      return daoCoinLimitOperations.updateTransferRestriction;
    default:
      throw new DaoCoinError('DAO_COIN_UNKNOWN_OPERATION', 'Unknown DAO coin operation', {
        details: { operation: action.metadata.operation },
      });
  }
}

/** Takes one from the narrowest limit that allows it: this coin before any, this operation before any. */
function chargeOperation(
  limits: readonly DaoCoinOperationLimit[],
  { creatorPkid, operation }: { readonly creatorPkid: Uint8Array | undefined; readonly operation: number },
): readonly DaoCoinOperationLimit[] {
  for (const pkid of [creatorPkid, anyCreatorPkid]) {
    for (const allowed of [operation, daoCoinLimitOperations.any]) {
      const index = limits.findIndex(
        (limit) =>
          pkid !== undefined && limit.operation === allowed && limit.count > 0n && equalBytes(limit.creatorPkid, pkid),
      );
      const limit = limits[index];
      if (limit === undefined) continue;
      return limit.count === 1n
        ? limits.toSpliced(index, 1)
        : limits.with(index, { ...limit, count: limit.count - 1n });
    }
  }
  throw new DaoCoinError('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT', 'The derived key may not do this with this coin', {
    details: { operation },
  });
}

function chargeType({ transactionCounts }: SpendingLimit, transactionType: number): ReadonlyMap<number, bigint> {
  const count = transactionCounts.get(transactionType) ?? 0n;
  if (count === 0n) {
    throw new DaoCoinError(
      'DAO_COIN_DERIVED_KEY_TYPE_LIMIT',
      'The derived key may sign no more transactions of this type',
      {
        details: { transactionType },
      },
    );
  }
  const counts = new Map(transactionCounts);
  if (count === 1n) counts.delete(transactionType);
  else counts.set(transactionType, count - 1n);
  return counts;
}
