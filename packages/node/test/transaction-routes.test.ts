import { type Transaction, transactionHash } from '@hs/wire';
import { beforeAll, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import type { HttpNode } from '../src/http/http-node.js';
import { transactionRoutes } from '../src/http/routes/transaction-routes.js';
import { makeChain, type TestChain } from './support/test-network.js';

let made: TestChain;
let transaction: Transaction;

beforeAll(async () => {
  made = await makeChain({ followPairs: 5 });
  const [wallet] = made.wallets;
  if (wallet === undefined) throw new Error('no wallet');
  transaction = wallet.mint(5n, { nonce: { expirationBlockHeight: 60n, partialId: 1n } });
});

test('a transaction that a block takes while it is looked for is never said to be nowhere', async () => {
  let isWaiting = true;
  const node = {
    chain: made.chain,
    chainStore: {
      transactionPlace: async () => {
        await Promise.resolve();
        // The look into the index was too early, and before it answers the block is connected.
        isWaiting = false;
        return undefined;
      },
    },
    pendingTransaction: () => (isWaiting ? transaction : undefined),
  } as unknown as HttpNode<ExampleHeader>;
  const route = transactionRoutes(node).find(({ operationId }) => operationId === 'getTransaction');
  const reply = await route?.handle({ get: () => transactionHash(transaction) } as never);
  expect(reply).toMatchObject({
    json: { status: 'waiting', transaction: { id: transactionHash(transaction) } },
  });
  expect(isWaiting).toBe(false);
});
