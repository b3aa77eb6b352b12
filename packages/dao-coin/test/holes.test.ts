import { describe, expect, test } from '@jest/globals';
import { balanceOf, connectDaoCoin, daoCoinOf, disconnectDaoCoin, mintMetadata } from '../src/index.js';
import { account, busyCreatorCoin, putProfile } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { MemoryView } from './support/memory-view.js';
import { connect, owner, receiver, type Scenario, signer, viewOf, working } from './support/scenario.js';

const transfer: Scenario = { ...working, kind: 'transfer' };

/** Each hole of the Go node: what happens to the number of holders, where it starts at 3. */
const zeroTransfers: readonly { name: string; scenario: Scenario; holders: bigint }[] = [
  {
    name: 'from a holder to a non-holder counts a holder without coins',
    scenario: { ...transfer, amount: 0n, receiverBalance: 0n },
    holders: 4n,
  },
  {
    name: 'from a non-holder to a holder uncounts a holder who stays one',
    scenario: { ...transfer, amount: 0n, signerBalance: 0n },
    holders: 2n,
  },
  {
    name: 'from a non-holder to a holder wraps the number of holders below zero',
    scenario: { ...transfer, amount: 0n, signerBalance: 0n, holders: 0n },
    holders: 2n ** 64n - 1n,
  },
  {
    name: 'from a holder to a non-holder wraps the number of holders above 2^64-1',
    scenario: { ...transfer, amount: 0n, receiverBalance: 0n, holders: 2n ** 64n - 1n },
    holders: 0n,
  },
  {
    name: 'from a holder to a holder changes nothing',
    scenario: { ...transfer, amount: 0n },
    holders: 3n,
  },
  {
    name: 'from a non-holder to a non-holder changes nothing',
    scenario: { ...transfer, amount: 0n, signerBalance: 0n, receiverBalance: 0n },
    holders: 3n,
  },
];

describe.each(zeroTransfers)('a zero transfer $name', ({ scenario, holders }) => {
  test('strict mode refuses it', async () => {
    const view = viewOf(scenario);
    const before = view.dump();
    expect(await failureOf(() => connect(view, scenario))).toEqual({
      code: 'DAO_COIN_TRANSFER_ZERO_AMOUNT',
      ruleError: undefined,
    });
    expect(view.dump()).toEqual(before);
  });

  test('deso mode does as the Go node, and a disconnect takes it back', async () => {
    const desoScenario: Scenario = { ...scenario, mode: 'deso' };
    const view = viewOf(desoScenario);
    const before = view.dump();
    const undo = await connect(view, desoScenario);
    expect((await daoCoinOf(view, owner))?.numberOfHolders).toBe(holders);
    expect(await balanceOf(view, signer, owner)).toBe(scenario.signerBalance);
    expect(await balanceOf(view, receiver, owner)).toBe(scenario.receiverBalance);
    expect(view.under(55).size).toBe(view.under(56).size);
    await disconnectDaoCoin(view, undo);
    expect(view.dump()).toEqual(before);
  });
});

test('a zero transfer that changes nothing writes nothing', async () => {
  const scenario: Scenario = { ...transfer, amount: 0n, mode: 'deso' };
  expect((await connect(viewOf(scenario), scenario)).records).toEqual([]);
});

describe('a transfer restriction above 3', () => {
  const update: Scenario = { ...working, operation: 3, signer: owner };

  test.each([4, 255])('%i: strict mode refuses it, deso mode stores it', async (newRestriction) => {
    const strict = { ...update, newRestriction };
    expect((await failureOf(() => connect(viewOf(strict), strict))).code).toBe('DAO_COIN_RESTRICTION_OUT_OF_RANGE');
    const deso: Scenario = { ...strict, mode: 'deso' };
    const view = viewOf(deso);
    await connect(view, deso);
    expect((await daoCoinOf(view, owner))?.transferRestriction).toBe(newRestriction);
  });

  test.each(['strict', 'deso'] as const)('once stored it restricts nothing, in %s mode', async (mode) => {
    const scenario: Scenario = { ...transfer, mode, restriction: 200, receiverBalance: 0n };
    const view = viewOf(scenario);
    await connect(view, scenario);
    expect(await balanceOf(view, receiver, owner)).toBe(10n);
  });
});

describe('a number of holders that zero transfers put wrong', () => {
  const lastBurn: Scenario = { ...working, operation: 1, amount: 100n, holders: 0n };

  test('deso mode wraps it when the last coins go', async () => {
    const scenario: Scenario = { ...lastBurn, mode: 'deso' };
    const view = viewOf(scenario);
    await connect(view, scenario);
    expect((await daoCoinOf(view, owner))?.numberOfHolders).toBe(2n ** 64n - 1n);
  });

  test('strict mode says that the state is corrupt and changes nothing', async () => {
    const view = viewOf(lastBurn);
    const before = view.dump();
    expect((await failureOf(() => connect(view, lastBurn))).code).toBe('DAO_COIN_CORRUPT_STATE');
    expect(view.dump()).toEqual(before);
  });
});

describe('an entry that this view deleted is told from one that was never there', () => {
  const spent: Scenario = { ...transfer, amount: 0n, mode: 'deso' };

  test('deleted: does not exist; after a flush, or never there: zero coins', async () => {
    const view = viewOf({ ...spent, isSignerEntryDeleted: true });
    expect((await failureOf(() => connect(view, spent))).code).toBe('DAO_COIN_TRANSFER_NO_BALANCE_ENTRY');
    view.flush();
    expect((await failureOf(() => connect(view, spent))).code).toBe('none');
  });

  test('a view that cannot tell treats both as zero coins', async () => {
    const scenario = { ...transfer, isSignerEntryDeleted: true };
    const { records } = viewOf(scenario);
    const plain = new MemoryView(records);
    Object.defineProperty(plain, 'isDeleted', { value: undefined });
    expect((await failureOf(() => connect(plain, scenario))).code).toBe('DAO_COIN_TRANSFER_INSUFFICIENT_COINS');
  });
});

test('status 3 cannot be set again, although DIP-7 allows it at any time', async () => {
  for (const mode of ['strict', 'deso'] as const) {
    const scenario: Scenario = { ...working, mode, operation: 3, signer: owner, restriction: 3, newRestriction: 3 };
    expect((await failureOf(() => connect(viewOf(scenario), scenario))).code).toBe('DAO_COIN_RESTRICTION_PERMANENT');
  }
});

test('the creator coin entry of the same profile keeps its values, and no creator coin record appears', async () => {
  const view = new MemoryView();
  const before = putProfile(view, account(0));
  const transaction = { publicKey: account(0), metadata: mintMetadata(account(0), 5n) };
  await connectDaoCoin(view, transaction, { blockHeight: 0, forkHeight: 0 });
  const { profileEntryCodec, profileKey } = await import('../src/index.js');
  const stored = await view.get(profileKey(account(0)));
  if (stored === undefined) throw new Error('the profile is gone');
  expect(profileEntryCodec.decode(stored)).toEqual({
    ...before,
    daoCoinEntry: { ...before.daoCoinEntry, coinsInCirculation: 5n, numberOfHolders: 1n },
  });
  expect(before.creatorCoinEntry).toEqual(busyCreatorCoin);
  for (const prefix of [32, 33, 34]) expect(view.under(prefix).size).toBe(0);
});
