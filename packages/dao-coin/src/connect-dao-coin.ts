import { equalBytes } from '@hs/bytes';
import { type DaoCoinContext, type DaoCoinTransaction, requireConnectArguments } from './context.js';
import { DaoCoinError } from './error.js';
import { ChangeSet } from './internal/change-set.js';
import { changeBalance, loadBalance } from './internal/loaded-balance.js';
import { changeDaoCoin, changeHolders, type LoadedProfile, loadProfile } from './internal/loaded-profile.js';
import { type DaoCoinMetadata, daoCoinOperations, requireDaoCoinMetadata, transferRestrictions } from './metadata.js';
import { isValidPublicKey as isSecp256k1Point, publicKeyBytes } from './public-key.js';
import { pkidOf } from './readers.js';
import type { StateView } from './state-view.js';
import { maxUint256 } from './uint256.js';
import type { DaoCoinUndo } from './undo.js';

/** One transaction on its way through the rules. */
interface Connect {
  readonly view: StateView;
  readonly publicKey: Uint8Array;
  readonly metadata: DaoCoinMetadata;
  readonly context: DaoCoinContext;
  readonly profile: LoadedProfile;
  readonly changes: ChangeSet;
}

/**
 * Applies a mint, burn, disable minting or update transfer restriction transaction to `view`.
 *
 * The rules and their order are the Go node's (`_connectDAOCoin`). Fees, nonce and signature are not its concern. When
 * it rejects, the view is unchanged.
 *
 * @throws DaoCoinError with the code of the first rule that the transaction breaks
 * @throws RangeError for arguments that no decoder gives: amounts outside uint256, a signer key without 33 bytes
 */
export async function connectDaoCoin(
  view: StateView,
  transaction: DaoCoinTransaction<DaoCoinMetadata>,
  context: DaoCoinContext,
): Promise<DaoCoinUndo> {
  const { publicKey, metadata } = transaction;
  requireConnectArguments(publicKey, context);
  requireDaoCoinMetadata(metadata);
  const { profilePublicKey, operation } = metadata;
  const { isValidPublicKey = isSecp256k1Point } = context;

  const run = operations[operation];
  if (run === undefined) {
    throw new DaoCoinError('DAO_COIN_UNKNOWN_OPERATION', 'Unknown DAO coin operation', { details: { operation } });
  }
  requireFork(context);
  if (context.totalInputNanos === 0n) {
    throw new DaoCoinError('DAO_COIN_ZERO_INPUT', 'A DAO coin transaction needs an input');
  }
  if (profilePublicKey.length !== publicKeyBytes) {
    throw new DaoCoinError('DAO_COIN_PROFILE_KEY_SIZE', 'The profile public key must have 33 bytes', {
      details: { length: profilePublicKey.length },
    });
  }
  if (!isValidPublicKey(profilePublicKey)) {
    throw new DaoCoinError('DAO_COIN_PROFILE_KEY_INVALID', 'The profile public key is no curve point');
  }
  const profile = await loadProfile(view, profilePublicKey);
  if (profile === undefined) {
    throw new DaoCoinError('DAO_COIN_NO_PROFILE', 'The public key has no profile');
  }
  const changes = new ChangeSet();
  await run({ view, publicKey, metadata, context, profile, changes });
  return changes.apply(view);
}

/** @throws DAO_COIN_BEFORE_FORK */
export function requireFork({ blockHeight, forkHeight }: DaoCoinContext): void {
  if (blockHeight < forkHeight) {
    throw new DaoCoinError('DAO_COIN_BEFORE_FORK', `DAO coins begin at height ${forkHeight}`, {
      details: { blockHeight, forkHeight },
    });
  }
}

const operations: Readonly<Record<number, (connect: Connect) => Promise<void> | void>> = {
  [daoCoinOperations.mint]: mint,
  [daoCoinOperations.burn]: burn,
  [daoCoinOperations.disableMinting]: disableMinting,
  [daoCoinOperations.updateTransferRestriction]: updateTransferRestriction,
};

async function mint(connect: Connect): Promise<void> {
  const { view, metadata, context, profile, changes } = connect;
  const { coinsToMint } = metadata;
  const coin = profile.entry.daoCoinEntry;
  if (coin.isMintingDisabled) throw new DaoCoinError('DAO_COIN_MINTING_DISABLED', 'Minting is disabled');
  if (!isOwner(connect)) throw new DaoCoinError('DAO_COIN_MINT_NOT_OWNER', 'Only the profile owner mints');
  if (coinsToMint === 0n) throw new DaoCoinError('DAO_COIN_MINT_ZERO_AMOUNT', 'Nothing to mint');
  if (coin.coinsInCirculation > maxUint256 - coinsToMint) {
    throw new DaoCoinError('DAO_COIN_MINT_OVERFLOW', 'More than 2^256-1 base units would be in circulation', {
      details: { coinsToMint: String(coinsToMint), coinsInCirculation: String(coin.coinsInCirculation) },
    });
  }
  const owner = await loadBalance(view, { holderPkid: profile.pkid, creatorPkid: profile.pkid });
  if (owner.balance > maxUint256 - coinsToMint) {
    throw new DaoCoinError('DAO_COIN_BALANCE_OVERFLOW', 'The owner would hold more than 2^256-1 base units', {
      details: { coinsToMint: String(coinsToMint), balance: String(owner.balance) },
    });
  }

  changeBalance(changes, owner, owner.balance + coinsToMint);
  const daoCoinEntry = {
    ...coin,
    coinsInCirculation: coin.coinsInCirculation + coinsToMint,
    numberOfHolders: changeHolders(coin.numberOfHolders, owner.balance === 0n ? 1n : 0n, context),
  };
  changeDaoCoin(changes, profile, { daoCoinEntry, context });
}

async function burn({ view, publicKey, metadata, context, profile, changes }: Connect): Promise<void> {
  const { coinsToBurn } = metadata;
  const coin = profile.entry.daoCoinEntry;
  const burner = await loadBalance(view, { holderPkid: await pkidOf(view, publicKey), creatorPkid: profile.pkid });
  if (burner.isDeleted) throw new DaoCoinError('DAO_COIN_BURN_NO_BALANCE_ENTRY', 'The burner holds none of this coin');
  if (coinsToBurn === 0n) throw new DaoCoinError('DAO_COIN_BURN_ZERO_AMOUNT', 'Nothing to burn');
  if (coinsToBurn > burner.balance) {
    throw new DaoCoinError('DAO_COIN_BURN_INSUFFICIENT_COINS', 'The burner holds fewer coins', {
      details: { coinsToBurn: String(coinsToBurn), balance: String(burner.balance) },
    });
  }
  if (coinsToBurn > coin.coinsInCirculation) {
    throw new DaoCoinError('DAO_COIN_BURN_EXCEEDS_CIRCULATION', 'Fewer coins are in circulation', {
      details: { coinsToBurn: String(coinsToBurn), coinsInCirculation: String(coin.coinsInCirculation) },
    });
  }

  changeBalance(changes, burner, burner.balance - coinsToBurn);
  const daoCoinEntry = {
    ...coin,
    coinsInCirculation: coin.coinsInCirculation - coinsToBurn,
    numberOfHolders: changeHolders(coin.numberOfHolders, burner.balance === coinsToBurn ? -1n : 0n, context),
  };
  changeDaoCoin(changes, profile, { daoCoinEntry, context });
}

function disableMinting(connect: Connect): void {
  const { context, profile, changes } = connect;
  const coin = profile.entry.daoCoinEntry;
  if (!isOwner(connect)) {
    throw new DaoCoinError('DAO_COIN_DISABLE_MINTING_NOT_OWNER', 'Only the profile owner disables minting');
  }
  if (coin.isMintingDisabled)
    throw new DaoCoinError('DAO_COIN_MINTING_ALREADY_DISABLED', 'Minting is disabled already');

  changeDaoCoin(changes, profile, { daoCoinEntry: { ...coin, isMintingDisabled: true }, context });
}

function updateTransferRestriction(connect: Connect): void {
  const { metadata, context, profile, changes } = connect;
  const { transferRestriction } = metadata;
  const coin = profile.entry.daoCoinEntry;
  if (!isOwner(connect)) {
    throw new DaoCoinError('DAO_COIN_RESTRICTION_NOT_OWNER', 'Only the profile owner sets the transfer restriction');
  }
  if (coin.transferRestriction === transferRestrictions.permanentlyUnrestricted) {
    throw new DaoCoinError('DAO_COIN_RESTRICTION_PERMANENT', 'The coin is unrestricted for good');
  }
  if (coin.transferRestriction === transferRestriction) {
    throw new DaoCoinError('DAO_COIN_RESTRICTION_UNCHANGED', 'The transfer restriction is this already', {
      details: { transferRestriction },
    });
  }
  const isInRange = transferRestriction <= transferRestrictions.permanentlyUnrestricted;
  if (!isInRange && (context.mode ?? 'strict') === 'strict') {
    throw new DaoCoinError('DAO_COIN_RESTRICTION_OUT_OF_RANGE', 'Unknown transfer restriction', {
      details: { transferRestriction },
    });
  }

  changeDaoCoin(changes, profile, { daoCoinEntry: { ...coin, transferRestriction }, context });
}

function isOwner({ publicKey, metadata }: Connect): boolean {
  return equalBytes(publicKey, metadata.profilePublicKey);
}
