import { describe, expect, test } from '@jest/globals';
import { maxUint256 } from '../src/index.js';
import { notOnCurve } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { connect, owner, receiver, type Scenario, viewOf, working } from './support/scenario.js';

/** A rule, what breaks it in an otherwise valid scenario, and what the Go node calls it. */
interface Rule {
  readonly code: string;
  readonly ruleError?: string;
  readonly broken: Partial<Scenario>;
}

const short = owner.subarray(1);

/** The rules that all four operations share, in order. */
const common: readonly Rule[] = [
  { code: 'DAO_COIN_UNKNOWN_OPERATION', broken: { operation: 4 } },
  { code: 'DAO_COIN_BEFORE_FORK', ruleError: 'RuleErrorDAOCoinBeforeDAOCoinBlockHeight', broken: { blockHeight: 9 } },
  { code: 'DAO_COIN_ZERO_INPUT', ruleError: 'RuleErrorDAOCoinRequiresNonZeroInput', broken: { totalInputNanos: 0n } },
  {
    code: 'DAO_COIN_PROFILE_KEY_SIZE',
    ruleError: 'RuleErrorDAOCoinInvalidPubKeySize',
    broken: { profileKey: short },
  },
  {
    code: 'DAO_COIN_PROFILE_KEY_INVALID',
    ruleError: 'RuleErrorDAOCoinInvalidPubKey',
    broken: { profileKey: notOnCurve },
  },
  {
    code: 'DAO_COIN_NO_PROFILE',
    ruleError: 'RuleErrorDAOCoinOperationOnNonexistentProfile',
    broken: { hasProfile: false },
  },
];

const byOwner: Partial<Scenario> = { signer: owner, totalInputNanos: undefined };
const bySomebodyElse: Partial<Scenario> = { signer: receiver };

const operations: readonly { name: string; valid: Partial<Scenario>; rules: readonly Rule[] }[] = [
  {
    name: 'mint',
    valid: { ...byOwner, operation: 0 },
    rules: [
      ...common,
      {
        code: 'DAO_COIN_MINTING_DISABLED',
        ruleError: 'RuleErrorDAOCoinCannotMintIfMintingIsDisabled',
        broken: { isMintingDisabled: true },
      },
      {
        code: 'DAO_COIN_MINT_NOT_OWNER',
        ruleError: 'RuleErrorOnlyProfileOwnerCanMintDAOCoin',
        broken: bySomebodyElse,
      },
      {
        code: 'DAO_COIN_MINT_ZERO_AMOUNT',
        ruleError: 'RuleErrorDAOCoinMustMintNonZeroDAOCoin',
        broken: { amount: 0n },
      },
      {
        code: 'DAO_COIN_MINT_OVERFLOW',
        ruleError: 'RuleErrorOverflowWhileMintingDAOCoins',
        broken: { circulation: maxUint256 - 9n },
      },
      { code: 'DAO_COIN_BALANCE_OVERFLOW', broken: { signerBalance: maxUint256 - 9n } },
    ],
  },
  {
    name: 'burn',
    valid: { operation: 1 },
    rules: [
      ...common,
      {
        code: 'DAO_COIN_BURN_NO_BALANCE_ENTRY',
        ruleError: 'RuleErrorDAOCoinBurnerBalanceEntryDoesNotExist',
        broken: { isSignerEntryDeleted: true },
      },
      {
        code: 'DAO_COIN_BURN_ZERO_AMOUNT',
        ruleError: 'RuleErrorDAOCoinBurnMustBurnNonZeroDAOCoin',
        broken: { amount: 0n },
      },
      {
        code: 'DAO_COIN_BURN_INSUFFICIENT_COINS',
        ruleError: 'RuleErrorDAOCoinBurnInsufficientCoins',
        broken: { amount: 101n },
      },
      {
        code: 'DAO_COIN_BURN_EXCEEDS_CIRCULATION',
        ruleError: 'RuleErrorDAOCoinBurnAmountExceedsCoinsInCirculation',
        broken: { circulation: 9n },
      },
    ],
  },
  {
    name: 'disable minting',
    valid: { ...byOwner, operation: 2 },
    rules: [
      ...common,
      {
        code: 'DAO_COIN_DISABLE_MINTING_NOT_OWNER',
        ruleError: 'RuleErrorOnlyProfileOwnerCanDisableMintingDAOCoin',
        broken: bySomebodyElse,
      },
      {
        code: 'DAO_COIN_MINTING_ALREADY_DISABLED',
        ruleError: 'RuleErrorDAOCoinCannotDisableMintingIfAlreadyDisabled',
        broken: { isMintingDisabled: true },
      },
    ],
  },
  {
    name: 'update transfer restriction',
    valid: { ...byOwner, operation: 3 },
    rules: [
      ...common,
      {
        code: 'DAO_COIN_RESTRICTION_NOT_OWNER',
        ruleError: 'RuleErrorOnlyProfileOwnerCanUpdateTransferRestrictionStatus',
        broken: bySomebodyElse,
      },
      {
        code: 'DAO_COIN_RESTRICTION_PERMANENT',
        ruleError: 'RuleErrorDAOCoinCannotUpdateRestrictionStatusIfStatusIsPermanentlyUnrestricted',
        broken: { restriction: 3 },
      },
      {
        code: 'DAO_COIN_RESTRICTION_UNCHANGED',
        ruleError: 'RuleErrorDAOCoinCannotUpdateTransferRestrictionStatusToCurrentStatus',
        broken: { restriction: 1, newRestriction: 1 },
      },
      { code: 'DAO_COIN_RESTRICTION_OUT_OF_RANGE', broken: { newRestriction: 4 } },
    ],
  },
  {
    name: 'transfer',
    valid: { kind: 'transfer' },
    rules: [
      {
        code: 'DAO_COIN_BEFORE_FORK',
        ruleError: 'RuleErrorDAOCoinBeforeDAOCoinBlockHeight',
        broken: { blockHeight: 9 },
      },
      {
        code: 'DAO_COIN_TRANSFER_ZERO_INPUT',
        ruleError: 'RuleErrorCoinTransferRequiresNonZeroInput',
        broken: { totalInputNanos: 0n },
      },
      {
        code: 'DAO_COIN_TRANSFER_RECEIVER_KEY_SIZE',
        ruleError: 'RuleErrorCoinTransferInvalidReceiverPubKeySize',
        broken: { receiver: short },
      },
      {
        code: 'DAO_COIN_TRANSFER_RECEIVER_KEY_INVALID',
        ruleError: 'RuleErrorCoinTransferInvalidReceiverPubKey',
        broken: { receiver: notOnCurve },
      },
      {
        code: 'DAO_COIN_TRANSFER_TO_SELF',
        ruleError: 'RuleErrorCoinTransferCannotTransferToSelf',
        broken: { receiver: working.signer, receiverBalance: 100n },
      },
      {
        code: 'DAO_COIN_TRANSFER_PROFILE_KEY_SIZE',
        ruleError: 'RuleErrorCoinTransferInvalidProfilePubKeySize',
        broken: { profileKey: short },
      },
      {
        code: 'DAO_COIN_TRANSFER_PROFILE_KEY_INVALID',
        ruleError: 'RuleErrorCoinTransferInvalidProfilePubKey',
        broken: { profileKey: notOnCurve },
      },
      {
        code: 'DAO_COIN_TRANSFER_NO_PROFILE',
        ruleError: 'RuleErrorCoinTransferOnNonexistentProfile',
        broken: { hasProfile: false },
      },
      {
        code: 'DAO_COIN_TRANSFER_NO_BALANCE_ENTRY',
        ruleError: 'RuleErrorCoinTransferBalanceEntryDoesNotExist',
        broken: { isSignerEntryDeleted: true },
      },
      {
        code: 'DAO_COIN_TRANSFER_INSUFFICIENT_COINS',
        ruleError: 'RuleErrorCoinTransferInsufficientCoins',
        broken: { amount: 101n },
      },
      {
        code: 'DAO_COIN_TRANSFER_OWNER_ONLY',
        ruleError: 'RuleErrorDAOCoinTransferProfileOwnerOnlyViolation',
        broken: { restriction: 1 },
      },
      {
        code: 'DAO_COIN_TRANSFER_MEMBERS_ONLY',
        ruleError: 'RuleErrorDAOCoinTransferDAOMemberOnlyViolation',
        broken: { restriction: 2, receiverBalance: 0n },
      },
      { code: 'DAO_COIN_BALANCE_OVERFLOW', broken: { receiverBalance: maxUint256 - 9n } },
      { code: 'DAO_COIN_TRANSFER_ZERO_AMOUNT', broken: { amount: 0n } },
    ],
  },
];

/** Two rules can be broken at once unless they need different values of one field. */
function areCompatible(left: Rule, right: Rule): boolean {
  return Object.entries(left.broken).every(([field, value]) => {
    const other = (right.broken as Record<string, unknown>)[field];
    return other === undefined || other === value;
  });
}

describe.each(operations)('$name', ({ valid, rules }) => {
  test('a valid transaction succeeds, in both modes', async () => {
    for (const mode of ['strict', 'deso'] as const) {
      const scenario = { ...working, ...valid, mode };
      const view = viewOf(scenario);
      const before = view.dump();
      await connect(view, scenario);
      expect(view.dump()).not.toEqual(before);
    }
  });

  test.each(rules)('$code is its own error and leaves the view unchanged', async ({ code, ruleError, broken }) => {
    const scenario = { ...working, ...valid, ...broken };
    const view = viewOf(scenario);
    const before = view.dump();
    expect(await failureOf(() => connect(view, scenario))).toEqual({ code, ruleError });
    expect(view.dump()).toEqual(before);
  });

  test('a transaction that breaks two rules reports the first', async () => {
    let pairs = 0;
    for (const [index, first] of rules.entries()) {
      for (const second of rules.slice(index + 1)) {
        if (!areCompatible(first, second)) continue;
        // A zero amount overflows nothing.
        if (first.code === 'DAO_COIN_BALANCE_OVERFLOW' && second.broken.amount === 0n) continue;
        const scenario = { ...working, ...valid, ...first.broken, ...second.broken };
        const view = viewOf(scenario);
        const before = view.dump();
        const pair = `${first.code} before ${second.code}`;
        expect([pair, (await failureOf(() => connect(view, scenario))).code]).toEqual([pair, first.code]);
        expect(view.dump()).toEqual(before);
        pairs++;
      }
    }
    expect(pairs).toBeGreaterThan(rules.length);
  });

  test('only the rules that the Go node lacks differ between the modes', async () => {
    const strictOnly = ['DAO_COIN_RESTRICTION_OUT_OF_RANGE', 'DAO_COIN_TRANSFER_ZERO_AMOUNT'];
    for (const { code, broken } of rules) {
      const scenario: Scenario = { ...working, ...valid, ...broken, mode: 'deso' };
      const expected = strictOnly.includes(code) ? 'none' : code;
      expect([code, (await failureOf(() => connect(viewOf(scenario), scenario))).code]).toEqual([code, expected]);
    }
  });
});

describe('order where one field breaks two rules', () => {
  test('a coin that is unrestricted for good reports that before "unchanged"', async () => {
    const scenario: Scenario = { ...working, ...byOwner, operation: 3, restriction: 3, newRestriction: 3 };
    expect((await failureOf(() => connect(viewOf(scenario), scenario))).code).toBe('DAO_COIN_RESTRICTION_PERMANENT');
  });

  test('"unchanged" is reported before "out of range"', async () => {
    const scenario: Scenario = { ...working, ...byOwner, operation: 3, restriction: 7, newRestriction: 7 };
    expect((await failureOf(() => connect(viewOf(scenario), scenario))).code).toBe('DAO_COIN_RESTRICTION_UNCHANGED');
  });

  test('burning more than the balance and the circulation reports the balance', async () => {
    const scenario: Scenario = { ...working, operation: 1, amount: 2000n };
    expect((await failureOf(() => connect(viewOf(scenario), scenario))).code).toBe('DAO_COIN_BURN_INSUFFICIENT_COINS');
  });
});

describe('mistakes of the caller are no rule errors', () => {
  const mistakes: readonly [string, Partial<Scenario>][] = [
    ['a signer key without 33 bytes', { signer: short, signerBalance: 0n }],
    ['a negative amount', { amount: -1n }],
    ['an amount of 2^256', { amount: maxUint256 + 1n }],
    ['a height that is no integer', { blockHeight: 10.5 }],
    ['an operation that is no byte', { operation: 256 }],
    ['a mode that does not exist', { mode: 'lenient' as 'strict' }],
  ];
  test.each(mistakes)('%s is a RangeError', async (_name, mistake) => {
    const scenario = { ...working, ...mistake };
    const view = viewOf(scenario);
    await expect(connect(view, scenario)).rejects.toMatchObject({ name: 'RangeError' });
  });
});
