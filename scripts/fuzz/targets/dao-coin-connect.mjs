import { built, internals, refusals, utf8 } from '../load.mjs';

/**
 * Transactions from their bytes to the state: each is refused with an error of the package and leaves the state alone, or connects, and
 * then its undo data come back from their bytes and restore the state.
 */
export async function daoCoinConnectTargets() {
  const dao = await built('packages/dao-coin/dist/index.js');
  const wire = await built('packages/wire/dist/index.js');
  const { accounts, MemoryView, putProfile } = await internals('dao-coin-support', [
    'packages/dao-coin/test/support/accounts.ts',
    'packages/dao-coin/test/support/memory-view.ts',
  ]);
  const [owner, holder, stranger] = accounts;
  const isRefusal = refusals('DaoCoinError', 'DAO_COIN_');
  const signers = [owner, holder, stranger];
  const modes = ['strict', 'deso'];
  const restrictions = [0, 1, 2, 3, 200];

  const balance = (view, holderPkid, amount) => {
    const value = dao.balanceEntryCodec.encode({
      holderPkid,
      creatorPkid: owner,
      balance: amount,
      hasPurchased: false,
    });
    view.set(dao.balanceEntryKey(holderPkid, owner), value);
    view.set(dao.balanceByCreatorKey(owner, holderPkid), value);
  };
  const viewOf = (restriction) => {
    const view = new MemoryView();
    const daoCoin = { coinsInCirculation: 1_000n, numberOfHolders: 2n, transferRestriction: restriction };
    putProfile(view, owner, { daoCoin });
    balance(view, owner, 900n);
    balance(view, holder, 100n);
    return view;
  };
  /** What connects, disconnects again. */
  const checked = async (view, connect) => {
    const before = view.dump().join('\n');
    let undo;
    try {
      undo = await connect();
    } catch (error) {
      if (view.dump().join('\n') !== before) throw new Error('a refused transaction has changed the state');
      throw error;
    }
    await dao.disconnectDaoCoin(view, dao.daoCoinUndoCodec.decode(dao.daoCoinUndoCodec.encode(undo)));
    if (view.dump().join('\n') !== before) throw new Error('the undo data do not restore the state');
  };

  const dictionary = [...signers, Uint8Array.of(33), new Uint8Array(32).fill(255)];
  // Which signer, restriction and mode, one byte each; then metadata.
  const settingOf = (input) => ({
    publicKey: signers[(input[0] ?? 0) % signers.length],
    restriction: restrictions[(input[1] ?? 0) % restrictions.length],
    context: { mode: modes[(input[2] ?? 0) % 2], blockHeight: 300, forkHeight: 0 },
    metadata: input.subarray(3),
  });
  const connects = (name, { codec, connect, seeds }) => ({
    name: `dao-coin-connect-${name}`,
    maxBytes: 256,
    dictionary,
    seeds: seeds.map((metadata) => Uint8Array.of(0, 0, 0, ...codec.encode(metadata))),
    isRefusal,
    // Within a run the cache of curve points grows with each new key.
    maxAllocated: (inputBytes) => 262_144 + 64 * inputBytes,
    async decode(input) {
      const { publicKey, restriction, context, metadata } = settingOf(input);
      const view = viewOf(restriction);
      const transaction = { publicKey, metadata: codec.decode(metadata) };
      await checked(view, () => connect(view, transaction, context));
    },
  });

  const limits = { ...dao.zeroSpendingLimit, globalDesoLimitNanos: 5n, transactionCounts: new Map([[22, 3n]]) };
  const authorization = {
    metadata: dao.authorizeDerivedKeyMetadataCodec.encode({
      derivedPublicKey: stranger,
      expirationBlock: 1_000n,
      operation: 1,
      accessSignature: new Uint8Array(0),
    }),
    extraData: new Map([
      [dao.extraDataKeys.spendingLimit, dao.spendingLimitCodec.encode(limits)],
      [dao.extraDataKeys.derivedKeyMemo, utf8('memo')],
    ]),
  };
  const carrier = {
    version: 1,
    inputs: [],
    outputs: [],
    type: 22,
    publicKey: owner,
    signature: new Uint8Array(0),
    feeNanos: 1n,
    nonce: { expirationBlockHeight: 400n, partialId: 1n },
    ...authorization,
  };
  const signed = {
    ...carrier,
    metadata: dao.authorizeDerivedKeyMetadataCodec.encode({
      derivedPublicKey: stranger,
      expirationBlock: 1_000n,
      operation: 1,
      accessSignature: Uint8Array.of(1),
    }),
  };
  const authorize = {
    name: 'dao-coin-connect-authorization',
    dictionary: [
      ...dictionary,
      ...Object.values(dao.extraDataKeys).map((key) => new Uint8Array(Buffer.from(key, 'hex'))),
    ],
    // Who signed and the mode, then a transaction.
    seeds: [Uint8Array.of(0, 0, ...wire.transactionCodec.encode(carrier))],
    hints: [1, 2].map((signer) => Uint8Array.of(signer, 1, ...wire.transactionCodec.encode(signed))),
    isRefusal: (error) => isRefusal(error) || refusals('WireError', 'WIRE_')(error) || error.code === 'SIGNER',
    maxAllocated: (inputBytes) => 262_144 + 64 * inputBytes,
    async decode(input) {
      const transaction = wire.transactionCodec.decode(input.subarray(2));
      const { publicKey, feeNanos } = transaction;
      if (publicKey.length !== 33) throw Object.assign(new Error('no signer'), { code: 'SIGNER' });
      const metadata = dao.authorizeDerivedKeyMetadataCodec.decode(transaction.metadata);
      const signedBy = [undefined, metadata.derivedPublicKey, stranger][input[0] % 3];
      const view = viewOf(0);
      const extraData = dao.extraDataEntries(transaction.extraData);
      const context = {
        mode: modes[input[1] % 2],
        blockHeight: 300,
        forkHeight: 0,
        verifyAccessSignature: (_hash, signature) => signature.length === 1,
      };
      await checked(view, () =>
        dao.connectAuthorizeDerivedKey(
          view,
          { publicKey, metadata, extraData, signedBy, spendNanos: feeNanos },
          context,
        ),
      );
    },
  };

  const links = (count) =>
    dao.wrapAtomicTransactions(
      dao.linkAtomicTransactions(Array.from({ length: count }, () => ({ ...carrier, extraData: new Map() }))),
    );
  const atomic = {
    name: 'dao-coin-atomic-transactions',
    dictionary: [
      ...dictionary,
      ...Object.values(dao.extraDataKeys).map((key) => new Uint8Array(Buffer.from(key, 'hex'))),
    ],
    seeds: [1, 2].map((count) => Uint8Array.of(0, ...wire.transactionCodec.encode(links(count)))),
    isRefusal: (error) => isRefusal(error) || refusals('WireError', 'WIRE_')(error),
    decode(input) {
      const wrapper = wire.transactionCodec.decode(input.subarray(1));
      const parts = dao.atomicMetadataCodec.decode(wrapper.metadata).map((part) => wire.transactionCodec.decode(part));
      dao.checkAtomicTransactions(wrapper, parts, { mode: modes[(input[0] ?? 0) % 2] });
      return { first: input[0], wrapper, parts };
    },
    encode: ({ first, wrapper, parts }) =>
      Uint8Array.of(
        first,
        ...wire.transactionCodec.encode({
          ...wrapper,
          metadata: dao.atomicMetadataCodec.encode(parts.map((part) => wire.transactionCodec.encode(part))),
        }),
      ),
  };

  return [
    connects('dao-coin', {
      codec: dao.daoCoinMetadataCodec,
      connect: dao.connectDaoCoin,
      seeds: [0, 1, 2, 3].map((operation) => ({
        profilePublicKey: owner,
        operation,
        coinsToMint: operation === 0 ? 100n : 0n,
        coinsToBurn: operation === 1 ? 100n : 0n,
        transferRestriction: operation === 3 ? 1 : 0,
      })),
    }),
    connects('transfer', {
      codec: dao.daoCoinTransferMetadataCodec,
      connect: dao.connectDaoCoinTransfer,
      seeds: [stranger, holder].map((receiverPublicKey) => ({
        profilePublicKey: owner,
        amount: 900n,
        receiverPublicKey,
      })),
    }),
    authorize,
    atomic,
  ];
}
