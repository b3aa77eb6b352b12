import { type AuthorizeDerivedKeyMetadata, accessHash } from './authorize-derived-key.js';
import { connectDerivedKeyUse, type DerivedKeyContext } from './connect-derived-key-use.js';
import { type DaoCoinContext, requireConnectArguments } from './context.js';
import { type DerivedKeyEntry, derivedKeyEntryCodec, derivedKeyOperations } from './entries/derived-key-entry.js';
import type { ExtraData } from './entries/profile-entry.js';
import { type SpendingLimit, spendingLimitCodec, zeroSpendingLimit } from './entries/spending-limit.js';
import { DaoCoinError } from './error.js';
import { extraDataKeys, extraDataValue } from './extra-data.js';
import { ChangeSet } from './internal/change-set.js';
import { hasLimits, mergeExtraData, mergeSpendingLimits } from './internal/derived-key-merge.js';
import { OverlayView } from './internal/overlay-view.js';
import { derivedKeyKey } from './keys.js';
import { isValidPublicKey as isSecp256k1Point } from './public-key.js';
import type { StateView } from './state-view.js';
import { derivedKeyTransactionType } from './transaction-types.js';
import type { DaoCoinUndo } from './undo.js';

/** An authorize derived key transaction as far as its rules look at it. */
export interface DerivedKeyAuthorization {
  /** The owner's compressed public key. */
  readonly publicKey: Uint8Array;
  readonly metadata: AuthorizeDerivedKeyMetadata;
  /** All of the transaction's extra data: the spending limit and the memo are in it. */
  readonly extraData: ExtraData;
  /** The derived key that signed the transaction; `undefined` when the owner did. */
  readonly signedBy: Uint8Array | undefined;
  /** Fee, and outputs to others than the owner. */
  readonly spendNanos: bigint;
}

/** What the rules of an authorization need to know beside the transaction and the state. */
export interface AuthorizeDerivedKeyContext
  extends DerivedKeyContext,
    Pick<DaoCoinContext, 'forkHeight' | 'mode' | 'isValidPublicKey'> {
  /** Checks the owner's DER signature of {@link accessHash}; needed when derived keys may sign authorizations. */
  readonly verifyAccessSignature?: (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
}

const empty = new Uint8Array(0);

/**
 * Applies an authorization to `view`: allows a derived key, changes its limits, or revokes it for good.
 *
 * The rules and their order are the Go node's (`_connectAuthorizeDerivedKey`) since spending limits and unlimited keys exist.
 * Signature, fee and nonce are not its concern; the charge to the derived key that signed is.
 *
 * @throws DaoCoinError with the code of the first rule that the transaction breaks; the view is unchanged then
 * @throws RangeError for a signer key without 33 bytes
 */
export async function connectAuthorizeDerivedKey(
  view: StateView,
  authorization: DerivedKeyAuthorization,
  context: AuthorizeDerivedKeyContext,
): Promise<DaoCoinUndo> {
  const { publicKey, metadata, signedBy, spendNanos } = authorization;
  requireConnectArguments(publicKey, context);
  checkMetadata(authorization, context);
  const key = derivedKeyKey(publicKey, metadata.derivedPublicKey);
  const before = await view.get(key);
  const previous = before === undefined ? undefined : derivedKeyEntryCodec.decode(before);
  if (previous?.operation === derivedKeyOperations.revoke) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_REVOKED', 'The derived key is revoked for good');
  }
  const spendingLimit = limitAfter(previous?.spendingLimit ?? zeroSpendingLimit, { authorization, context });
  if (signedBy !== undefined) checkAccessSignature(authorization, context);
  if (signedBy !== undefined && previous !== undefined && (context.mode ?? 'strict') === 'strict') {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_REAUTHORIZED', 'Only the owner changes a derived key that exists');
  }

  const entry: DerivedKeyEntry = {
    ownerPublicKey: publicKey,
    derivedPublicKey: metadata.derivedPublicKey,
    expirationBlock: metadata.expirationBlock,
    operation: derivedKeyOperations.authorize,
    extraData: mergeExtraData(previous?.extraData ?? [], authorization.extraData),
    spendingLimit,
    memo: extraDataValue(authorization.extraData, extraDataKeys.derivedKeyMemo) ?? previous?.memo ?? empty,
  };
  const overlay = new OverlayView(view);
  const write = (after: DerivedKeyEntry, stored: Uint8Array | undefined): void => {
    const { spendingLimitVersion } = context;
    const options = spendingLimitVersion === undefined ? {} : { spendingLimitVersion };
    const changes = new ChangeSet();
    changes.add({ key, before: stored, after: derivedKeyEntryCodec.encode(after, options) });
    overlay.add(changes.apply(overlay));
  };
  // A derived key that authorizes itself pays with the limits that it gets here; one that is revoked pays first.
  write(entry, before);
  if (signedBy !== undefined) {
    const action = { kind: 'other', transactionType: derivedKeyTransactionType } as const;
    const use = { ownerPublicKey: publicKey, derivedPublicKey: signedBy, spendNanos, action };
    overlay.add(await connectDerivedKeyUse(overlay, use, context));
  }
  if (metadata.operation !== derivedKeyOperations.authorize) {
    const charged = (await overlay.get(key)) as Uint8Array;
    write({ ...derivedKeyEntryCodec.decode(charged), operation: metadata.operation }, charged);
  }
  return overlay.apply();
}

/** The rules that need no state. */
function checkMetadata({ publicKey, metadata }: DerivedKeyAuthorization, context: AuthorizeDerivedKeyContext): void {
  const { isValidPublicKey = isSecp256k1Point, blockHeight, forkHeight } = context;
  const { operation, expirationBlock, derivedPublicKey } = metadata;
  if (blockHeight < forkHeight) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_BEFORE_FORK', `Derived keys begin at height ${forkHeight}`, {
      details: { blockHeight, forkHeight },
    });
  }
  if (operation !== derivedKeyOperations.authorize && operation !== derivedKeyOperations.revoke) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_UNKNOWN_OPERATION', 'Unknown derived key operation', {
      details: { operation },
    });
  }
  if (expirationBlock <= BigInt(blockHeight)) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_EXPIRED', 'The authorization has expired', {
      details: { expirationBlock: String(expirationBlock), blockHeight },
    });
  }
  if (!isValidPublicKey(publicKey)) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_OWNER_INVALID', "The owner's public key is no curve point");
  }
  if (!isValidPublicKey(derivedPublicKey)) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_INVALID', 'The derived public key is no curve point');
  }
}

function checkAccessSignature(
  { publicKey, metadata, extraData }: DerivedKeyAuthorization,
  { verifyAccessSignature }: AuthorizeDerivedKeyContext,
): void {
  const limit = extraDataValue(extraData, extraDataKeys.spendingLimit) ?? empty;
  const isValid =
    limit.length > 0 &&
    verifyAccessSignature?.(accessHash(metadata, limit), metadata.accessSignature, publicKey) === true;
  if (!isValid) {
    throw new DaoCoinError('DAO_COIN_DERIVED_KEY_ACCESS_SIGNATURE', "The access signature is not the owner's");
  }
}

/** The limits after the authorization. */
function limitAfter(
  old: SpendingLimit,
  { authorization, context }: { readonly authorization: DerivedKeyAuthorization; readonly context: DerivedKeyContext },
): SpendingLimit {
  const bytes = extraDataValue(authorization.extraData, extraDataKeys.spendingLimit);
  if (bytes === undefined) return old;
  const { spendingLimitVersion } = context;
  const given = spendingLimitCodec.decode(bytes, spendingLimitVersion === undefined ? {} : { spendingLimitVersion });
  if (given.isUnlimited) {
    if (hasLimits(given)) {
      throw new DaoCoinError('DAO_COIN_DERIVED_KEY_UNLIMITED_WITH_LIMITS', 'An unlimited key can have no limits');
    }
    return { ...old, isUnlimited: true };
  }
  return mergeSpendingLimits(old, given);
}
