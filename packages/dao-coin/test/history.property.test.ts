import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  balanceByCreatorKey,
  balanceEntryCodec,
  balanceEntryKey,
  connectAtomically,
  connectDaoCoin,
  connectDaoCoinTransfer,
  type DaoCoinMode,
  type DaoCoinUndo,
  daoCoinUndoCodec,
  disconnectDaoCoin,
  maxUint256,
  pkidEntryCodec,
  pkidOfPublicKeyKey,
  profileEntryCodec,
  profileKey,
  type StateView,
} from '../src/index.js';
import { account, busyCreatorCoin, putProfile } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { MemoryView, toHex } from './support/memory-view.js';

/** The obvious implementation: balances in a map, rules as one expression each, state copied for every step. */
interface Coin {
  readonly circulation: bigint;
  readonly holders: bigint;
  readonly isMintingDisabled: boolean;
  readonly restriction: number;
  readonly balances: ReadonlyMap<number, bigint>;
}

interface Step {
  /** A pair is a transfer to the coin's owner and one from there to the receiver, both or neither. */
  readonly operation: 'mint' | 'burn' | 'disable' | 'restrict' | 'transfer' | 'pair';
  readonly creator: number;
  /** Who signs: mostly somebody who can, to get far. */
  readonly by: 'owner' | 'holder' | 'anyone';
  readonly signer: number;
  readonly receiver: number;
  readonly amount: 'zero' | 'one' | 'some' | 'balance' | 'balance+1' | 'headroom' | 'headroom+1' | 'max';
  readonly some: bigint;
  readonly restriction: number;
  readonly disconnects: number;
}

/** Each has 80 to 200 steps; `DAO_COIN_HISTORIES` sets another number. */
const histories = Number(process.env['DAO_COIN_HISTORIES'] ?? 30);

const creators = [0, 1];
const people = [0, 1, 2, 3, 4, 5];

function amountOf(step: Step, coin: Coin): bigint {
  const balance = coin.balances.get(step.signer) ?? 0n;
  const headroom = maxUint256 - coin.circulation;
  const amounts = {
    zero: 0n,
    one: 1n,
    some: step.some,
    balance,
    'balance+1': balance + 1n,
    headroom,
    'headroom+1': headroom + 1n,
    max: maxUint256,
  };
  const amount = amounts[step.amount];
  return amount > maxUint256 ? maxUint256 : amount;
}

function withBalances(coin: Coin, changes: readonly (readonly [number, bigint])[]): ReadonlyMap<number, bigint> {
  const balances = new Map(coin.balances);
  for (const [person, balance] of changes) {
    if (balance === 0n) balances.delete(person);
    else balances.set(person, balance);
  }
  return balances;
}

/** The coin after a step, or the end of the code with which the step fails. */
function model(coin: Coin, step: Step, { mode, amount }: { mode: DaoCoinMode; amount: bigint }): Coin | string {
  const mine = coin.balances.get(step.signer) ?? 0n;
  const theirs = coin.balances.get(step.receiver) ?? 0n;
  const isOwner = step.signer === step.creator;
  const count = (by: bigint): bigint => BigInt.asUintN(64, coin.holders + by);
  switch (step.operation) {
    case 'mint':
      if (coin.isMintingDisabled) return 'MINTING_DISABLED';
      if (!isOwner) return 'MINT_NOT_OWNER';
      if (amount === 0n) return 'MINT_ZERO_AMOUNT';
      if (coin.circulation + amount > maxUint256) return 'MINT_OVERFLOW';
      return {
        ...coin,
        circulation: coin.circulation + amount,
        holders: count(mine === 0n ? 1n : 0n),
        balances: withBalances(coin, [[step.signer, mine + amount]]),
      };
    case 'burn':
      if (amount === 0n) return 'BURN_ZERO_AMOUNT';
      if (amount > mine) return 'BURN_INSUFFICIENT_COINS';
      return {
        ...coin,
        circulation: coin.circulation - amount,
        holders: count(mine === amount ? -1n : 0n),
        balances: withBalances(coin, [[step.signer, mine - amount]]),
      };
    case 'disable':
      if (!isOwner) return 'DISABLE_MINTING_NOT_OWNER';
      return coin.isMintingDisabled ? 'MINTING_ALREADY_DISABLED' : { ...coin, isMintingDisabled: true };
    case 'restrict':
      if (!isOwner) return 'RESTRICTION_NOT_OWNER';
      if (coin.restriction === 3) return 'RESTRICTION_PERMANENT';
      if (coin.restriction === step.restriction) return 'RESTRICTION_UNCHANGED';
      if (mode === 'strict' && step.restriction > 3) return 'RESTRICTION_OUT_OF_RANGE';
      return { ...coin, restriction: step.restriction };
    case 'pair': {
      const [first, second] = halves(step);
      const passed = model(coin, first, { mode, amount });
      return typeof passed === 'string' ? passed : model(passed, second, { mode, amount });
    }
    case 'transfer': {
      const isWithOwner = isOwner || step.receiver === step.creator;
      if (step.signer === step.receiver) return 'TRANSFER_TO_SELF';
      if (amount > mine) return 'TRANSFER_INSUFFICIENT_COINS';
      if (coin.restriction === 1 && !isWithOwner) return 'TRANSFER_OWNER_ONLY';
      if (coin.restriction === 2 && !isWithOwner && theirs === 0n) return 'TRANSFER_MEMBERS_ONLY';
      if (mode === 'strict' && amount === 0n) return 'TRANSFER_ZERO_AMOUNT';
      return {
        ...coin,
        holders: count((theirs === 0n ? 1n : 0n) - (mine === amount ? 1n : 0n)),
        balances: withBalances(coin, [
          [step.signer, mine - amount],
          [step.receiver, theirs + amount],
        ]),
      };
    }
  }
}

function halves(step: Step): readonly [Step, Step] {
  const { creator } = step;
  return [
    { ...step, operation: 'transfer', receiver: creator },
    { ...step, operation: 'transfer', signer: creator },
  ];
}

const oftenOf = <T>(often: readonly T[], seldom: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...often) }, { weight: 1, arbitrary: fc.constantFrom(...seldom) });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record<Step>({
    operation: oftenOf<Step['operation']>(
      ['mint', 'burn', 'restrict', 'transfer', 'transfer', 'transfer', 'pair'],
      ['disable'],
    ),
    creator: fc.constantFrom(...creators),
    by: fc.constantFrom('owner', 'holder', 'holder', 'holder', 'anyone'),
    signer: fc.nat(5),
    receiver: fc.constantFrom(...people),
    amount: oftenOf<Step['amount']>(
      ['one', 'some', 'some', 'balance'],
      ['zero', 'balance+1', 'headroom', 'headroom+1', 'max'],
    ),
    some: fc.bigInt({ min: 1n, max: 1000n }),
    restriction: oftenOf([0, 1, 2], [3, 4, 255]),
    disconnects: oftenOf([0], [1, 2, 3, 10]),
  }),
  { minLength: 80, maxLength: 200, size: 'max' },
);

/** The step with its signer picked among those it names. */
function withSigner(step: Step, coin: Coin): Step {
  const holders = [...coin.balances.keys()];
  if (step.by === 'owner' || step.operation === 'mint')
    return { ...step, signer: step.by === 'anyone' ? step.signer : step.creator };
  if (step.by === 'holder' && step.operation !== 'restrict')
    return { ...step, signer: holders[step.signer % holders.length] ?? step.signer };
  return step;
}

/** Two coins; person 4 and 5 have each other's PKID. Foreign records must survive everything. */
function genesis(isAsync: boolean): { view: MemoryView; pkids: readonly Uint8Array[] } {
  const view = new MemoryView([], { isAsync });
  for (const creator of creators) putProfile(view, account(creator), { username: `Creator${creator}` });
  const pkids = [0, 1, 2, 3, 5, 4].map(account);
  for (const person of [4, 5]) {
    const [publicKey, pkid] = [account(person), pkids[person] ?? account(person)];
    view.set(pkidOfPublicKeyKey(publicKey), pkidEntryCodec.encode({ pkid, publicKey }));
  }
  for (const prefix of [32, 33, 34]) view.set(Uint8Array.of(prefix, 1, 2, 3), Uint8Array.of(prefix));
  view.flush();
  return { view, pkids };
}

/** Checks every record of the state against the model, and the model against the laws. */
function check(
  { view, pkids }: { view: MemoryView; pkids: readonly Uint8Array[] },
  { coins, mode, foreign }: { coins: readonly Coin[]; mode: DaoCoinMode; foreign: string },
): void {
  const byHolder = new Map<string, string>();
  const byCreator = new Map<string, string>();
  for (const [creator, coin] of coins.entries()) {
    const creatorPkid = account(creator);
    const stored = view.records.get(toHex(profileKey(creatorPkid)));
    if (stored === undefined) throw new Error('a profile is gone');
    const profile = profileEntryCodec.decode(stored);
    expect(profile.creatorCoinEntry).toEqual(busyCreatorCoin);
    expect(profile.daoCoinEntry).toEqual({
      creatorBasisPoints: 0n,
      desoLockedNanos: 0n,
      numberOfHolders: coin.holders,
      coinsInCirculation: coin.circulation,
      coinWatermarkNanos: 0n,
      isMintingDisabled: coin.isMintingDisabled,
      transferRestriction: coin.restriction,
      lockupTransferRestriction: 0,
    });
    let sum = 0n;
    for (const [person, balance] of coin.balances) {
      sum += balance;
      const holderPkid = pkids[person] ?? account(person);
      const value = toHex(balanceEntryCodec.encode({ holderPkid, creatorPkid, balance, hasPurchased: false }));
      byHolder.set(toHex(balanceEntryKey(holderPkid, creatorPkid)).slice(2), value);
      byCreator.set(toHex(balanceByCreatorKey(creatorPkid, holderPkid)).slice(2), value);
    }
    expect(sum).toBe(coin.circulation);
    if (mode === 'strict') expect(coin.holders).toBe(BigInt(coin.balances.size));
  }
  expect(view.under(55)).toEqual(byHolder);
  expect(view.under(56)).toEqual(byCreator);
  expect(foreignRecords(view)).toBe(foreign);
}

function foreignRecords(view: MemoryView): string {
  return JSON.stringify([25, 32, 33, 34, 36, 37].map((prefix) => [...view.under(prefix)].sort()));
}

const fresh: Coin = { circulation: 0n, holders: 0n, isMintingDisabled: false, restriction: 0, balances: new Map() };

test.each([
  { mode: 'strict', isAsync: false },
  { mode: 'deso', isAsync: false },
  { mode: 'strict', isAsync: true },
] as const)('a random history agrees with the plain model: $mode mode, async view $isAsync', async (options) => {
  const { mode, isAsync } = options;
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const { view, pkids } = genesis(isAsync);
      const foreign = foreignRecords(view);
      const beginning = view.dump();
      let coins: readonly Coin[] = [fresh, fresh];
      const past: { undo: Uint8Array; coins: readonly Coin[]; dump: readonly string[] }[] = [];

      const disconnect = async (): Promise<void> => {
        const last = past.pop();
        if (last === undefined) return;
        await disconnectDaoCoin(view, daoCoinUndoCodec.decode(last.undo));
        expect(view.dump()).toEqual(last.dump);
        coins = last.coins;
      };

      for (const drawn of history) {
        view.flush();
        const coin = coins[drawn.creator] ?? fresh;
        const step = withSigner(drawn, coin);
        const dump = view.dump();
        const expected = model(coin, step, { mode, amount: amountOf(step, coin) });
        const undos: DaoCoinUndo[] = [];
        const { code } = await failureOf(async () => undos.push(await connect(view, { step, coin, mode })));
        const outcome = typeof expected === 'string' ? `DAO_COIN_${expected}` : 'none';
        expect([step, code]).toEqual([step, outcome]);
        seen.set(`${step.operation} ${code}`, (seen.get(`${step.operation} ${code}`) ?? 0) + 1);
        if (typeof expected === 'string') {
          expect(view.dump()).toEqual(dump);
        } else {
          for (const undo of undos) past.push({ undo: daoCoinUndoCodec.encode(undo), coins, dump });
          coins = coins.map((other, creator) => (creator === step.creator ? expected : other));
        }
        for (let count = 0; count < step.disconnects; count++) await disconnect();
        check({ view, pkids }, { coins, mode, foreign });
      }
      while (past.length > 0) await disconnect();
      expect(view.dump()).toEqual(beginning);
    }),
    { numRuns: Math.ceil(isAsync ? histories / 3 : histories) },
  );
  // The histories reach what they are meant to test.
  for (const [outcome, atLeast] of Object.entries(reached)) {
    expect([outcome, (seen.get(outcome) ?? 0) >= atLeast]).toEqual([outcome, true]);
  }
});

/** Some outcomes, and how often a test must have seen them to be worth its name. */
const reached = { 'mint none': 15, 'burn none': 10, 'transfer none': 20, 'restrict none': 5, 'pair none': 5 };

function connect(
  view: MemoryView,
  { step, coin, mode }: { step: Step; coin: Coin; mode: DaoCoinMode },
): Promise<DaoCoinUndo> {
  const context = { blockHeight: 1, forkHeight: 1, mode };
  const profilePublicKey = account(step.creator);
  const publicKey = account(step.signer);
  const amount = amountOf(step, coin);
  const transfer =
    ({ signer, receiver }: Step) =>
    (on: StateView): Promise<DaoCoinUndo> => {
      const metadata = { profilePublicKey, amount, receiverPublicKey: account(receiver) };
      return connectDaoCoinTransfer(on, { publicKey: account(signer), metadata }, context);
    };
  if (step.operation === 'transfer') return transfer(step)(view);
  if (step.operation === 'pair') return connectAtomically(view, halves(step).map(transfer));
  const metadata = {
    profilePublicKey,
    operation: { mint: 0, burn: 1, disable: 2, restrict: 3 }[step.operation],
    coinsToMint: step.operation === 'mint' ? amount : 0n,
    coinsToBurn: step.operation === 'burn' ? amount : 0n,
    transferRestriction: step.operation === 'restrict' ? step.restriction : 0,
  };
  return connectDaoCoin(view, { publicKey, metadata }, context);
}
