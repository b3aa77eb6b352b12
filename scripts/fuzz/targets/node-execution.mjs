import { built, internals, refusals } from '../load.mjs';

/** Transactions from their bytes to the state of the example chain, as if each were signed. */
export async function nodeExecutionTargets() {
  const { transactionCodec } = await built('packages/wire/dist/index.js');
  const dao = await built('packages/dao-coin/dist/index.js');
  const parts = await internals('node-execution', [
    'packages/node/test/example-chain-memory-view.ts',
    'packages/node/test/example-chain-setup.ts',
    'packages/node/src/example-chain/transaction-check.ts',
    'packages/node/src/example-chain/transaction-execution.ts',
    'packages/node/src/example-chain/wallet.ts',
  ]);
  const limits = { minFeeNanosPerKb: 0n, maxTransactionBytes: 65_536 };
  const context = { height: 5, nonceWindowBlocks: 20, daoCoinForkHeight: 0, verifySignature: () => true };
  const isRefusal = (error) =>
    refusals('NodeError', 'NODE_TRANSACTION_REFUSED')(error) || refusals('WireError', 'WIRE_')(error);

  const { view, wallets } = await parts.openTestChain();
  const [owner, holder, other] = wallets;
  const next = () => ({ nonce: parts.freshNonce(10) });
  const limit = {
    ...dao.zeroSpendingLimit,
    globalDesoLimitNanos: 100_000n,
    transactionCounts: new Map([[2, 3n]]),
    daoCoinOperations: [{ creatorPkid: owner.publicKey, operation: dao.daoCoinLimitOperations.any, count: 9n }],
  };
  const authorize = () =>
    holder.authorizeDerivedKey(other.publicKey, { ...next(), expirationBlock: 100n, spendingLimit: limit });
  const setUp = [
    owner.updateProfile({ username: 'owner' }, next()),
    owner.mint(1_000n, next()),
    owner.transferDaoCoin(owner.publicKey, { ...next(), receiverPublicKey: holder.publicKey, amount: 100n }),
    authorize(),
  ];
  await parts.execute(await parts.openTestChain(), view, { height: 4, transactions: setUp });
  const supply = parts.supplyOf(view);

  const byDerivedKey = (transaction) => ({
    ...transaction,
    extraData: new Map([...transaction.extraData, [dao.extraDataKeys.derivedPublicKey, other.publicKey]]),
  });
  const pay = (from, to, amount) =>
    from.transferDaoCoin(owner.publicKey, { ...next(), receiverPublicKey: to.publicKey, amount });
  const atomic = parts.signAtomically(
    [
      [pay(holder, owner, 10n), holder],
      [pay(owner, other, 10n), owner],
    ],
    { minFeeNanosPerKb: 1_000 },
  );
  const seeds = [
    holder.transfer([{ publicKey: other.publicKey, amountNanos: 5n }], next()),
    other.updateProfile({ username: 'other', description: 'text' }, next()),
    owner.mint(7n, next()),
    holder.burn(owner.publicKey, { ...next(), amount: 100n }),
    owner.disableMinting(next()),
    owner.updateTransferRestriction(1, next()),
    pay(holder, other, 100n),
    byDerivedKey(pay(holder, other, 100n)),
    byDerivedKey(holder.transfer([{ publicKey: other.publicKey, amountNanos: 5n }], next())),
    authorize(),
    holder.revokeDerivedKey(other.publicKey, { ...next(), expirationBlock: 100n }),
    atomic,
  ];
  return [
    {
      name: 'node-execution',
      seeds: seeds.map((transaction) => transactionCodec.encode(transaction)),
      dictionary: [
        owner.publicKey,
        holder.publicKey,
        other.publicKey,
        ...Object.values(dao.extraDataKeys).map((name) => new Uint8Array(Buffer.from(name, 'hex'))),
      ],
      isRefusal,
      async decode(input) {
        const transaction = transactionCodec.decode(input);
        const checked = parts.checkTransaction(transaction, limits);
        const fork = view.fork();
        await parts.applyTransaction(fork, checked, context);
        // Nothing is made or lost but the fee, which the producer gets at the end of the block.
        if (parts.supplyOf(fork) !== supply - transaction.feeNanos) throw new Error('the balances do not add up');
        return transaction;
      },
      encode: (transaction) => transactionCodec.encode(transaction),
      // Many records of the state are made anew, and curve points are remembered.
      maxAllocated: (inputBytes) => 524_288 + 256 * inputBytes,
    },
  ];
}
