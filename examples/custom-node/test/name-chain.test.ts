import type { Transaction } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyFromText } from '../src/chain/keys.js';
import { createNameChain } from '../src/chain/name-chain.js';
import { decodeNameEntry, nameKey, statePrefixes } from '../src/chain/name-state.js';
import { type NameAction, signAction } from '../src/chain/name-transactions.js';
import { MemoryView, sorted } from './memory-view.js';

const keys = [0, 1, 2].map((user) => keyFromText(`user ${user}`));
const chain = createNameChain({
  committee: [keyFromText('member').publicKey],
  genesisTimeMs: 0,
  reserved: { owner: keyFromText('registrar').publicKey, names: ['root'] },
});
const text = Uint8Array.of(1, 2, 3);
const producer = new Uint8Array(0);

function signed(user: number, sequence: number, action: NameAction, chainId = chain.genesisHash): Transaction {
  return signAction(action, { key: keys[user] as (typeof keys)[0], sequence: BigInt(sequence), chainId });
}

async function stateAfter(...transactions: Transaction[]): Promise<MemoryView> {
  const view = new MemoryView();
  await chain.executeBlock({ height: 1, producer, transactions }, view);
  return view;
}

function ownerOf(view: MemoryView, name: string): number {
  const value = view.get(nameKey(name));
  return value === undefined
    ? -1
    : keys.findIndex((key) => Buffer.compare(key.publicKey, decodeNameEntry(value).owner) === 0);
}

const claim = signed(0, 0, { kind: 'claim', name: 'alice', text });
function actionOf(kind: NameAction['kind'], name: string, to: number): NameAction {
  if (kind === 'give') return { kind, name, to: publicKeyOf(to) };
  return kind === 'release' ? { kind, name } : { kind, name, text };
}

const publicKeyOf = (user: number): Uint8Array => keys[user]?.publicKey ?? producer;

describe('what a block may not contain', () => {
  const rejected: [rule: string, name: string, transactions: Transaction[]][] = [
    ['Sequence', 'a transaction again', [claim, claim]],
    ['Sequence', 'a transaction before its turn', [signed(0, 1, { kind: 'claim', name: 'bob', text })]],
    ['NameTaken', 'a claim of a name that somebody has', [claim, signed(1, 0, { kind: 'claim', name: 'alice', text })]],
    ['NotOwner', "a text under somebody else's name", [claim, signed(1, 0, { kind: 'write', name: 'alice', text })]],
    [
      'NotOwner',
      "somebody else's name given away",
      [claim, signed(1, 0, { kind: 'give', name: 'alice', to: publicKeyOf(1) })],
    ],
    ['NotOwner', 'a release of what nobody has', [signed(0, 0, { kind: 'release', name: 'alice' })]],
    [
      'Signature',
      'a transaction of another chain',
      [signed(0, 0, { kind: 'claim', name: 'bob', text }, new Uint8Array(32))],
    ],
    ['Signature', 'a changed transaction', [{ ...claim, metadata: Uint8Array.of(1, 0x61, 9) }]],
    ['Name', 'a name with a space', [signed(0, 0, { kind: 'claim', name: 'al ice', text })]],
    [
      'TextLength',
      'a text that is too long',
      [signed(0, 0, { kind: 'claim', name: 'bob', text: new Uint8Array(1001) })],
    ],
    [
      'NewOwner',
      'a name given to no key',
      [claim, signed(0, 1, { kind: 'give', name: 'alice', to: new Uint8Array(33) })],
    ],
    ['TransactionType', 'a transaction of unknown type', [{ ...claim, type: 9 }]],
    ['UnusedField', 'a fee', [{ ...claim, feeNanos: 1n }]],
    [
      'Expired',
      'a transaction that came too late',
      [{ ...claim, nonce: { expirationBlockHeight: 0n, partialId: 0n } }],
    ],
  ];
  test.each(rejected.filter(([rule]) => rule !== 'Expired'))('%s: %s', async (rule, _name, transactions) => {
    await expect(stateAfter(...transactions)).rejects.toMatchObject({ code: 'NODE_CHAIN_RULE', details: { rule } });
  });

  test.each(rejected)('%s: a producer leaves it out and goes on: %s', async (_rule, _name, transactions) => {
    const after = signed(2, 0, { kind: 'claim', name: 'carol', text });
    const view = new MemoryView();
    const candidates = [...transactions, after];
    const applied = await chain.assembleBlock({ height: 1, producer, transactions: candidates }, view);
    expect(applied).toEqual([...transactions.slice(0, -1), after]);
    expect(sorted(view)).toEqual(sorted(await stateAfter(...applied)));
  });
});

describe('the pool', () => {
  test('takes several transactions of one key in their order, counting those that wait', async () => {
    const view = new MemoryView();
    const next = signed(0, 1, { kind: 'write', name: 'alice', text });
    await chain.admitTransaction(claim, view, 1, []);
    await chain.admitTransaction(next, view, 1, [claim]);
    await expect(chain.admitTransaction(next, view, 1, [])).rejects.toMatchObject({
      code: 'NODE_TRANSACTION_REFUSED',
      details: { rule: 'Sequence' },
    });
  });
});

test('blocks of any actions keep the names and their index the same as a plain map', async () => {
  const names = ['a', 'b', 'c'];
  const step = fc.record({
    user: fc.nat(2),
    kind: fc.constantFrom<NameAction['kind']>('claim', 'write', 'give', 'release'),
    name: fc.constantFrom(...names),
    to: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const owners = new Map<string, number>();
      const sequences = [0, 0, 0];
      const view = new MemoryView();
      for (const [index, { user, kind, name, to }] of steps.entries()) {
        const transaction = signed(user, sequences[user] ?? 0, actionOf(kind, name, to));
        const block = { height: index + 1, producer, transactions: [transaction] };
        const isAllowed = kind === 'claim' ? !owners.has(name) : owners.get(name) === user;
        const applied = await chain.assembleBlock(block, view);
        expect(applied.length).toBe(isAllowed ? 1 : 0);
        if (!isAllowed) continue;
        sequences[user] = (sequences[user] ?? 0) + 1;
        if (kind === 'release') owners.delete(name);
        else owners.set(name, kind === 'give' ? to : user);
      }
      for (const name of names) expect(ownerOf(view, name)).toBe(owners.get(name) ?? -1);
      const index = await view.keys(Uint8Array.of(statePrefixes.ownedName), Uint8Array.of(statePrefixes.ownedName + 1));
      const expected = [...owners].map(([name, owner]) =>
        Buffer.from([11, ...publicKeyOf(owner), ...Buffer.from(name)]),
      );
      expect(index.map((key) => Buffer.from(key).toString('hex'))).toEqual(
        expected.map((key) => key.toString('hex')).sort(),
      );
    }),
    { numRuns: 60 },
  );
});
