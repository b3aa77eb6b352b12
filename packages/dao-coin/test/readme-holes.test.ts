import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  atomicHash,
  checkAtomicTransactions,
  connectAuthorizeDerivedKey,
  type DaoCoinMode,
  daoCoinErrors,
  daoCoinTransferTransaction,
  extraDataEntries,
  extraDataKeys,
  spendingLimitCodec,
  wrapAtomicTransactions,
  zeroSpendingLimit,
} from '../src/index.js';
import { failureOf } from './support/failure.js';
import { MemoryView } from './support/memory-view.js';
import { connect, owner, receiver, type Scenario, signer, viewOf, working } from './support/scenario.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** Name and strict column of each row. */
const rows = [...readme.matchAll(/^\| \*\*(.+?)\*\*.* \| (.*) \|$/gm)].map(([, name, strict]) => ({
  name: name as string,
  strict: strict as string,
}));

const attempt =
  (fields: Partial<Scenario>) =>
  (mode: DaoCoinMode): Promise<string> => {
    const scenario: Scenario = { ...working, ...fields, mode };
    return codeOf(() => connect(viewOf(scenario), scenario));
  };

async function codeOf(action: () => unknown): Promise<string> {
  return (await failureOf(action)).code;
}

/** A derived key authorizes itself, spends its limit, and comes with the same access signature again. */
async function reauthorize(mode: DaoCoinMode): Promise<string> {
  const view = new MemoryView();
  const limit = { ...zeroSpendingLimit, globalDesoLimitNanos: 10n, transactionCounts: new Map([[22, 1n]]) };
  const authorization = {
    publicKey: owner,
    metadata: { derivedPublicKey: signer, expirationBlock: 100n, operation: 1, accessSignature: Uint8Array.of(1) },
    extraData: extraDataEntries(new Map([[extraDataKeys.spendingLimit, spendingLimitCodec.encode(limit)]])),
    signedBy: signer,
    spendNanos: 1n,
  };
  const context = { mode, blockHeight: 5, forkHeight: 0, verifyAccessSignature: () => true };
  await connectAuthorizeDerivedKey(view, authorization, context);
  return codeOf(() => connectAuthorizeDerivedKey(view, authorization, context));
}

/** Two linked transfers, of which the first says that there are nine. */
function nameAnotherLength(mode: DaoCoinMode): Promise<string> {
  const parts = [signer, receiver].map((publicKey, index) => {
    const part = daoCoinTransferTransaction(
      { profilePublicKey: owner, receiverPublicKey: owner, amount: 1n },
      { publicKey, nonce: { expirationBlockHeight: 9n, partialId: BigInt(index) }, feeNanos: 400n },
    );
    const extraData = new Map(part.extraData);
    if (index === 0) extraData.set(extraDataKeys.atomicChainLength, Uint8Array.of(9));
    return { ...part, extraData };
  });
  const linked = parts.map((part, index) => {
    const beside = atomicHash(parts[1 - index] as (typeof parts)[0]);
    const links = [extraDataKeys.nextAtomicHash, extraDataKeys.previousAtomicHash].map((key) => [key, beside] as const);
    return { ...part, extraData: new Map([...part.extraData, ...links]) };
  });
  return codeOf(() => checkAtomicTransactions(wrapAtomicTransactions(linked), linked, { mode }));
}

const holes: Readonly<Record<string, readonly ((mode: DaoCoinMode) => Promise<string>)[]>> = {
  'Zero transfer to a non-holder': [attempt({ kind: 'transfer', amount: 0n, receiverBalance: 0n })],
  'Zero transfer from a non-holder': [attempt({ kind: 'transfer', amount: 0n, signerBalance: 0n })],
  'Holder count wraps': [
    attempt({ kind: 'transfer', amount: 0n, signerBalance: 0n, holders: 0n }),
    attempt({ operation: 1, amount: 100n, holders: 0n }),
  ],
  'Transfer restriction out of range': [attempt({ operation: 3, signer: owner, newRestriction: 4 })],
  'Access signature used again': [reauthorize],
  'Atomic chain length': [nameAnotherLength],
};

test('the README names each hole of the Go node that is tried here, and no other', () => {
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(holes));
});

test.each(rows)(
  '$name: deso mode lets it pass, strict mode refuses it as the README says',
  async ({ name, strict }) => {
    const tried = holes[name] ?? [];
    for (const hole of tried) expect(await hole('deso')).toBe('none');
    const refusals = await Promise.all(tried.map((hole) => hole('strict')));
    const named = [...strict.matchAll(/`(DAO_COIN_\w+)`/g)].map(([, code]) => code);
    expect(refusals).toEqual(named);
    expect(Object.keys(daoCoinErrors)).toEqual(expect.arrayContaining(named));
  },
);
