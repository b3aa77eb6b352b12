import { equalBytes } from '@hs/bytes';
import { requireFork } from './connect-dao-coin.js';
import { type DaoCoinContext, type DaoCoinTransaction, requireConnectArguments } from './context.js';
import type { ProfileEntry } from './entries/profile-entry.js';
import { DaoCoinError } from './error.js';
import { ChangeSet } from './internal/change-set.js';
import { changeBalance, loadBalance } from './internal/loaded-balance.js';
import { changeDaoCoin, changeHolders, loadProfile } from './internal/loaded-profile.js';
import { type DaoCoinTransferMetadata, requireDaoCoinTransferMetadata, transferRestrictions } from './metadata.js';
import { isValidPublicKey as isSecp256k1Point, publicKeyBytes } from './public-key.js';
import { pkidOf } from './readers.js';
import type { StateView } from './state-view.js';
import { maxUint256 } from './uint256.js';
import type { DaoCoinUndo } from './undo.js';

/**
 * Applies a DAO coin transfer to `view`.
 *
 * The rules and their order are the Go node's (`_connectDAOCoinTransfer`). Fees, nonce and signature are not its
 * concern. When it rejects, the view is unchanged.
 *
 * @throws DaoCoinError with the code of the first rule that the transaction breaks
 * @throws RangeError for arguments that no decoder gives: amounts outside uint256, a signer key without 33 bytes
 */
export async function connectDaoCoinTransfer(
  view: StateView,
  transaction: DaoCoinTransaction<DaoCoinTransferMetadata>,
  context: DaoCoinContext,
): Promise<DaoCoinUndo> {
  const { publicKey, metadata } = transaction;
  requireConnectArguments(publicKey, context);
  requireDaoCoinTransferMetadata(metadata);
  const { amount, receiverPublicKey } = metadata;

  checkTransaction(transaction, context);
  const profile = await loadProfile(view, metadata.profilePublicKey);
  if (profile === undefined) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_NO_PROFILE', 'The public key has no profile');
  }
  const creatorPkid = profile.pkid;
  const sender = await loadBalance(view, { holderPkid: await pkidOf(view, publicKey), creatorPkid });
  if (sender.isDeleted) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_NO_BALANCE_ENTRY', 'The sender holds none of this coin');
  }
  if (amount > sender.balance) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_INSUFFICIENT_COINS', 'The sender holds fewer coins', {
      details: { amount: String(amount), balance: String(sender.balance) },
    });
  }
  const receiver = await loadBalance(view, { holderPkid: await pkidOf(view, receiverPublicKey), creatorPkid });
  checkRestriction(profile.entry, { publicKey, receiverPublicKey, receiverBalance: receiver.balance });
  if (equalBytes(sender.holderPkid, receiver.holderPkid)) {
    throw new DaoCoinError('DAO_COIN_CORRUPT_STATE', 'Sender and receiver have different public keys but one PKID');
  }
  if (receiver.balance > maxUint256 - amount) {
    throw new DaoCoinError('DAO_COIN_BALANCE_OVERFLOW', 'The receiver would hold more than 2^256-1 base units', {
      details: { amount: String(amount), balance: String(receiver.balance) },
    });
  }
  if (amount === 0n && (context.mode ?? 'strict') === 'strict') {
    throw new DaoCoinError('DAO_COIN_TRANSFER_ZERO_AMOUNT', 'Nothing to transfer');
  }

  const changes = new ChangeSet();
  changeBalance(changes, sender, sender.balance - amount);
  changeBalance(changes, receiver, receiver.balance + amount);
  const coin = profile.entry.daoCoinEntry;
  // By the balances as they were, like the Go node: a zero amount counts too, and puts the number wrong.
  const joining = receiver.balance === 0n ? 1n : 0n;
  const leaving = sender.balance === amount ? 1n : 0n;
  const numberOfHolders = changeHolders(coin.numberOfHolders, joining - leaving, context);
  changeDaoCoin(changes, profile, { daoCoinEntry: { ...coin, numberOfHolders }, context });
  return changes.apply(view);
}

/** The rules that need no state. */
function checkTransaction(
  { publicKey, metadata }: DaoCoinTransaction<DaoCoinTransferMetadata>,
  context: DaoCoinContext,
): void {
  const { profilePublicKey, receiverPublicKey } = metadata;
  const { isValidPublicKey = isSecp256k1Point } = context;
  requireFork(context);
  if (context.totalInputNanos === 0n) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_ZERO_INPUT', 'A DAO coin transfer needs an input');
  }
  if (receiverPublicKey.length !== publicKeyBytes) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_RECEIVER_KEY_SIZE', 'The receiver public key must have 33 bytes', {
      details: { length: receiverPublicKey.length },
    });
  }
  if (!isValidPublicKey(receiverPublicKey)) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_RECEIVER_KEY_INVALID', 'The receiver public key is no curve point');
  }
  if (equalBytes(publicKey, receiverPublicKey)) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_TO_SELF', 'Sender and receiver are the same');
  }
  if (profilePublicKey.length !== publicKeyBytes) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_PROFILE_KEY_SIZE', 'The profile public key must have 33 bytes', {
      details: { length: profilePublicKey.length },
    });
  }
  if (!isValidPublicKey(profilePublicKey)) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_PROFILE_KEY_INVALID', 'The profile public key is no curve point');
  }
}

/** Who may transfer to whom. Compares public keys, not PKIDs. Values above 3 restrict nothing. */
function checkRestriction(
  profile: ProfileEntry,
  parties: {
    readonly publicKey: Uint8Array;
    readonly receiverPublicKey: Uint8Array;
    readonly receiverBalance: bigint;
  },
): void {
  const { transferRestriction } = profile.daoCoinEntry;
  if (
    transferRestriction !== transferRestrictions.profileOwnerOnly &&
    transferRestriction !== transferRestrictions.daoMembersOnly
  ) {
    return;
  }
  const { publicKey, receiverPublicKey, receiverBalance } = parties;
  if (equalBytes(profile.publicKey, publicKey) || equalBytes(profile.publicKey, receiverPublicKey)) return;
  if (transferRestriction === transferRestrictions.profileOwnerOnly) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_OWNER_ONLY', 'Only transfers from and to the profile owner are allowed');
  }
  if (receiverBalance === 0n) {
    throw new DaoCoinError('DAO_COIN_TRANSFER_MEMBERS_ONLY', 'The receiver holds none of this coin yet');
  }
}
