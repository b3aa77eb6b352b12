import { expect, test } from '@jest/globals';
import {
  balanceByCreatorKey,
  balanceEntryKey,
  balanceOf,
  baseUnitsPerCoin,
  burnMetadata,
  type CoinEntry,
  connectDaoCoin,
  connectDaoCoinTransfer,
  type DaoCoinMetadata,
  type DaoCoinUndo,
  daoCoinOf,
  disableMintingMetadata,
  disconnectDaoCoin,
  maxUint256,
  mintMetadata,
  type ProfileEntry,
  pkidEntryCodec,
  pkidOf,
  pkidOfPublicKeyKey,
  profileEntryCodec,
  profileKey,
  profileOf,
  publicKeyOf,
  publicKeyOfPkidKey,
  transferRestrictionMetadata,
  transferRestrictions,
} from '../src/index.js';
import { account, putProfile } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { MemoryView } from './support/memory-view.js';

const [m0, m1, m2, m3] = [account(0), account(1), account(2), account(3)];

/** A chain with one state and the undo data of everything connected so far. */
class Chain {
  readonly view: MemoryView;
  readonly #undos: DaoCoinUndo[] = [];
  readonly #totalInputNanos: bigint | undefined;

  constructor(view: MemoryView, totalInputNanos: bigint | undefined) {
    this.view = view;
    this.#totalInputNanos = totalInputNanos;
  }

  async operate(publicKey: Uint8Array, metadata: DaoCoinMetadata): Promise<string | undefined> {
    return this.#run(() => connectDaoCoin(this.view, { publicKey, metadata }, this.#context()));
  }

  async transfer(
    publicKey: Uint8Array,
    receiverPublicKey: Uint8Array,
    { amount, profilePublicKey = m0 }: { amount: bigint; profilePublicKey?: Uint8Array },
  ): Promise<string | undefined> {
    const metadata = { profilePublicKey, amount, receiverPublicKey };
    return this.#run(() => connectDaoCoinTransfer(this.view, { publicKey, metadata }, this.#context()));
  }

  async coin(): Promise<CoinEntry> {
    const coin = await daoCoinOf(this.view, m0);
    if (coin === undefined) throw new Error('no profile');
    return coin;
  }

  async disconnectAll(): Promise<void> {
    for (const undo of this.#undos.toReversed()) await disconnectDaoCoin(this.view, undo);
  }

  #context(): { blockHeight: number; forkHeight: number; totalInputNanos?: bigint } {
    const totalInputNanos = this.#totalInputNanos;
    return { blockHeight: 5, forkHeight: 0, ...(totalInputNanos === undefined ? {} : { totalInputNanos }) };
  }

  async #run(connect: () => Promise<DaoCoinUndo>): Promise<string | undefined> {
    const failure = await failureOf(async () => this.#undos.push(await connect()));
    return failure.code === 'none' ? undefined : (failure.ruleError ?? failure.code);
  }
}

/** Gives `left` and `right` each other's identity: PKID records, and the public key in each one's profile. */
async function swapIdentity(view: MemoryView, left: Uint8Array, right: Uint8Array): Promise<void> {
  const [leftPkid, rightPkid] = [await pkidOf(view, left), await pkidOf(view, right)];
  for (const [publicKey, pkid] of [
    [left, rightPkid],
    [right, leftPkid],
  ] as const) {
    view.set(pkidOfPublicKeyKey(publicKey), pkidEntryCodec.encode({ pkid, publicKey }));
    view.set(publicKeyOfPkidKey(pkid), publicKey);
    const profile = await profileOf(view, pkid);
    if (profile === undefined) continue;
    const moved: ProfileEntry = { ...profile, publicKey };
    view.set(profileKey(pkid), profileEntryCodec.encode(moved));
  }
}

test.each([
  ['under the balance model', undefined],
  ['with inputs', 1n],
] as const)('the life of a DAO coin, %s', async (_name, totalInputNanos) => {
  const coins = (count: bigint): bigint => count * baseUnitsPerCoin;
  const view = new MemoryView();
  const chain = new Chain(view, totalInputNanos);

  // Without a profile there is no coin.
  expect(await chain.operate(m0, mintMetadata(m0, 1n))).toBe('RuleErrorDAOCoinOperationOnNonexistentProfile');
  putProfile(view, m0);
  const beginning = view.dump();

  // Only the owner mints, disables minting and restricts; nobody mints nothing.
  expect(await chain.operate(m1, mintMetadata(m0, 1n))).toBe('RuleErrorOnlyProfileOwnerCanMintDAOCoin');
  expect(await chain.operate(m1, disableMintingMetadata(m0))).toBe('RuleErrorOnlyProfileOwnerCanDisableMintingDAOCoin');
  expect(await chain.operate(m0, mintMetadata(m0, 0n))).toBe('RuleErrorDAOCoinMustMintNonZeroDAOCoin');

  // Mint a million, burn a hundred thousand.
  expect(await chain.operate(m0, mintMetadata(m0, coins(1_000_000n)))).toBeUndefined();
  expect(await chain.operate(m0, burnMetadata(m0, coins(100_000n)))).toBeUndefined();
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: coins(900_000n), numberOfHolders: 1n });

  // Somebody without coins can neither burn nor transfer.
  expect(await chain.operate(m1, burnMetadata(m0, 1n))).toBe('RuleErrorDAOCoinBurnInsufficientCoins');
  expect(await chain.transfer(m1, m2, { amount: 1n })).toBe('RuleErrorCoinTransferInsufficientCoins');

  // A transfer makes a holder; both indexes have the same value.
  expect(await chain.transfer(m0, m1, { amount: coins(10_000n) })).toBeUndefined();
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: coins(900_000n), numberOfHolders: 2n });
  expect(view.get(balanceEntryKey(m1, m0))).toEqual(view.get(balanceByCreatorKey(m0, m1)));
  expect(await balanceOf(view, m1, m0)).toBe(coins(10_000n));

  // Burn and mint again; the other holder burns.
  expect(await chain.operate(m0, burnMetadata(m0, coins(1_000n)))).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, coins(2_000n)))).toBeUndefined();
  expect(await chain.operate(m1, burnMetadata(m0, coins(1_000n)))).toBeUndefined();
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: coins(900_000n), numberOfHolders: 2n });
  expect(await balanceOf(view, m1, m0)).toBe(coins(9_000n));

  // Minting ends once and for all.
  expect(await chain.operate(m0, disableMintingMetadata(m0))).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, 1n))).toBe('RuleErrorDAOCoinCannotMintIfMintingIsDisabled');
  expect(await chain.operate(m0, disableMintingMetadata(m0))).toBe(
    'RuleErrorDAOCoinCannotDisableMintingIfAlreadyDisabled',
  );

  // Transfers and burns that cannot be.
  expect(await chain.transfer(m1, m2, { amount: coins(9_001n) })).toBe('RuleErrorCoinTransferInsufficientCoins');
  expect(await chain.transfer(m1, m1, { amount: 1n })).toBe('RuleErrorCoinTransferCannotTransferToSelf');
  expect(await chain.transfer(m1, m2, { amount: 1n, profilePublicKey: m1 })).toBe(
    'RuleErrorCoinTransferOnNonexistentProfile',
  );
  expect(await chain.transfer(m1, m2.subarray(1), { amount: 1n })).toBe(
    'RuleErrorCoinTransferInvalidReceiverPubKeySize',
  );
  expect(await chain.transfer(m1, m2, { amount: 1n, profilePublicKey: m0.subarray(1) })).toBe(
    'RuleErrorCoinTransferInvalidProfilePubKeySize',
  );
  expect(await chain.operate(m1, burnMetadata(m0, coins(9_001n)))).toBe('RuleErrorDAOCoinBurnInsufficientCoins');

  // Who gives everything away is no holder any more, and has no entry in either index.
  expect(await chain.transfer(m1, m2, { amount: coins(9_000n) })).toBeUndefined();
  expect(await chain.coin()).toMatchObject({ numberOfHolders: 2n });
  expect(view.get(balanceEntryKey(m1, m0))).toBeUndefined();
  expect(view.get(balanceByCreatorKey(m0, m1))).toBeUndefined();
  expect(await chain.operate(m1, burnMetadata(m0, 1n))).toBe('RuleErrorDAOCoinBurnerBalanceEntryDoesNotExist');
  expect(await chain.transfer(m1, m2, { amount: 1n })).toBe('RuleErrorCoinTransferBalanceEntryDoesNotExist');

  // Owner only: no transfer between third parties.
  expect(await chain.operate(m1, transferRestrictionMetadata(m0, 1))).toBe(
    'RuleErrorOnlyProfileOwnerCanUpdateTransferRestrictionStatus',
  );
  expect(
    await chain.operate(m0, transferRestrictionMetadata(m0, transferRestrictions.profileOwnerOnly)),
  ).toBeUndefined();
  expect(await chain.operate(m0, transferRestrictionMetadata(m0, transferRestrictions.profileOwnerOnly))).toBe(
    'RuleErrorDAOCoinCannotUpdateTransferRestrictionStatusToCurrentStatus',
  );
  expect(await chain.transfer(m2, m1, { amount: 1n })).toBe('RuleErrorDAOCoinTransferProfileOwnerOnlyViolation');
  expect(await chain.transfer(m2, m0, { amount: coins(1n) })).toBeUndefined();
  expect(await chain.transfer(m0, m2, { amount: coins(1n) })).toBeUndefined();

  // Members only: the receiver must hold some already, unless the owner is one of the two.
  expect(await chain.operate(m0, transferRestrictionMetadata(m0, transferRestrictions.daoMembersOnly))).toBeUndefined();
  expect(await chain.transfer(m2, m1, { amount: 1n })).toBe('RuleErrorDAOCoinTransferDAOMemberOnlyViolation');
  expect(await chain.transfer(m0, m1, { amount: 1n })).toBeUndefined();
  expect(await chain.transfer(m2, m1, { amount: 1n })).toBeUndefined();

  // Unrestricted for good.
  expect(await chain.operate(m0, transferRestrictionMetadata(m0, transferRestrictions.unrestricted))).toBeUndefined();
  expect(
    await chain.operate(m0, transferRestrictionMetadata(m0, transferRestrictions.permanentlyUnrestricted)),
  ).toBeUndefined();
  for (const restriction of [0, 1, 2, 3]) {
    expect(await chain.operate(m0, transferRestrictionMetadata(m0, restriction))).toBe(
      'RuleErrorDAOCoinCannotUpdateRestrictionStatusIfStatusIsPermanentlyUnrestricted',
    );
  }

  // The last holder burns everything.
  for (const holder of [m0, m1, m2]) {
    expect(await chain.operate(holder, burnMetadata(m0, await balanceOf(view, holder, m0)))).toBeUndefined();
  }
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: 0n, numberOfHolders: 0n });
  expect(view.under(55).size + view.under(56).size).toBe(0);

  await chain.disconnectAll();
  expect(view.dump()).toEqual(beginning);
});

test('the supply goes to 2^256-1 base units and not one further', async () => {
  const view = new MemoryView();
  putProfile(view, m0);
  const beginning = view.dump();
  const chain = new Chain(view, undefined);
  expect(await chain.operate(m0, mintMetadata(m0, maxUint256 - 1000n))).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, 1001n))).toBe('RuleErrorOverflowWhileMintingDAOCoins');
  expect(await chain.transfer(m0, m1, { amount: maxUint256 - 2000n })).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, 1001n))).toBe('RuleErrorOverflowWhileMintingDAOCoins');
  expect(await chain.operate(m1, burnMetadata(m0, 500n))).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, 1501n))).toBe('RuleErrorOverflowWhileMintingDAOCoins');
  expect(await chain.operate(m0, mintMetadata(m0, 1500n))).toBeUndefined();
  expect(await chain.operate(m0, mintMetadata(m0, 1n))).toBe('RuleErrorOverflowWhileMintingDAOCoins');
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: maxUint256, numberOfHolders: 2n });
  expect(await chain.transfer(m0, m1, { amount: 2500n })).toBeUndefined();
  expect(await balanceOf(view, m1, m0)).toBe(maxUint256);
  expect(await chain.operate(m1, burnMetadata(m0, maxUint256))).toBeUndefined();
  expect(await chain.coin()).toMatchObject({ coinsInCirculation: 0n, numberOfHolders: 0n });
  await chain.disconnectAll();
  expect(view.dump()).toEqual(beginning);
});

test('after a swap of identities the coin and the holdings follow the PKID', async () => {
  const view = new MemoryView();
  putProfile(view, m0);
  const chain = new Chain(view, undefined);
  expect(await chain.operate(m0, mintMetadata(m0, 100n))).toBeUndefined();
  expect(await chain.transfer(m0, m1, { amount: 30n })).toBeUndefined();
  await swapIdentity(view, m0, m3);
  await swapIdentity(view, m1, m2);
  expect(await publicKeyOf(view, m0)).toEqual(m3);
  const swapped = view.dump();

  // The profile is now m3's: its public key names the coin and its signature mints.
  expect(await chain.operate(m0, mintMetadata(m0, 1n))).toBe('RuleErrorDAOCoinOperationOnNonexistentProfile');
  const later = new Chain(view, undefined);
  expect(await later.operate(m3, mintMetadata(m3, 1n))).toBeUndefined();
  expect(await balanceOf(view, m0, m0)).toBe(71n);
  // m2 spends what m1 had; m1 has nothing.
  expect(await later.operate(m1, burnMetadata(m3, 1n))).toBe('RuleErrorDAOCoinBurnInsufficientCoins');
  expect(await later.transfer(m2, m0, { amount: 30n, profilePublicKey: m3 })).toBeUndefined();
  expect(await balanceOf(view, m3, m0)).toBe(30n);
  expect(await balanceOf(view, m1, m0)).toBe(0n);
  expect(await later.operate(m3, transferRestrictionMetadata(m3, 1))).toBeUndefined();
  // Owner only, by public key: m3 owns the profile, m0 does not any more.
  expect(await later.transfer(m0, m2, { amount: 1n, profilePublicKey: m3 })).toBe(
    'RuleErrorDAOCoinTransferProfileOwnerOnlyViolation',
  );
  expect(await later.transfer(m3, m2, { amount: 1n, profilePublicKey: m3 })).toBeUndefined();
  expect(await balanceOf(view, m1, m0)).toBe(1n);
  await later.disconnectAll();
  expect(view.dump()).toEqual(swapped);
});
