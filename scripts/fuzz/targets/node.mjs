import { built, internals, refusals, utf8 } from '../load.mjs';

const hash = new Uint8Array(32).fill(0x11);
const latin1 = (text) => new Uint8Array(Buffer.from(text, 'latin1'));
const key33 = Uint8Array.of(2, ...hash);

export async function nodeTargets() {
  const { exampleHeaderCodec } = await built('packages/node/dist/example-chain.js');
  const { createBlockCodec, createMessageCodec, messageTypes, transactionCodec } =
    await built('packages/wire/dist/index.js');
  const dao = await built('packages/dao-coin/dist/index.js');
  const parts = await internals('node-parts', [
    'packages/node/src/example-chain/profile-metadata.ts',
    'packages/node/src/example-chain/secp256k1-native.ts',
    'packages/node/src/example-chain/secp256k1-noble.ts',
    'packages/node/src/example-chain/transaction-check.ts',
    'packages/node/src/network/handshake.ts',
    'packages/node/src/network/node-identity.ts',
    'packages/node/src/network/address.ts',
    'packages/node/src/sync/trusted-roots.ts',
  ]);
  const isRefusal = (error) => refusals('NodeError', 'NODE_')(error) || refusals('WireError', 'WIRE_')(error);

  const header = {
    version: 1,
    previousHash: hash,
    transactionMerkleRoot: hash,
    timeMs: 1_700_000_000_000,
    height: 300,
    stateRoot: hash,
    producerPublicKey: key33,
    signature: new Uint8Array(64).fill(3),
  };
  const headers = [header, { ...header, snapshotRoot: hash }];
  const rest = Object.assign(new Error('more than a header'), { name: 'WireError', code: 'WIRE_REST' });
  const text = (name, parse, options) => ({
    name: `node-${name}`,
    maxBytes: 256,
    decode: (input) => parse(Buffer.from(input).toString('latin1')),
    canContinue: true,
    isRefusal,
    ...options,
    seeds: options.seeds.map(utf8),
  });
  const transaction = transactionCodec.decode(Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 1, 5, 6, 7));
  const block = createBlockCodec(exampleHeaderCodec);
  const messages = ['go', 'extended'].map((layout) => createMessageCodec({ header: exampleHeaderCodec, layout }));
  const types = Object.values(messageTypes);
  const inputOf = (layout, { type, payload }) => Uint8Array.of(layout, types.indexOf(type), ...payload);
  const tip = { tipHash: hash, tipHeight: 300 };
  return [
    {
      name: 'node-header',
      seeds: headers.map((each) => exampleHeaderCodec.encode(each)),
      decode(input) {
        const { header: decoded, end } = exampleHeaderCodec.decode(input, 0);
        if (end !== input.length) throw rest;
        return decoded;
      },
      encode: (each) => exampleHeaderCodec.encode(each),
      isRefusal,
    },
    {
      name: 'node-block',
      seeds: headers.map((each) => block.encode({ header: each, transactions: [transaction] })),
      decode: (input) => block.decode(input),
      encode: (each) => block.encode(each),
      isRefusal,
    },
    {
      name: 'node-messages',
      // Which layout, and which type the rest is the payload of.
      seeds: messages.flatMap((codec, layout) => [
        inputOf(layout, codec.encode({ type: 'header-bundle', headers, ...tip })),
        inputOf(layout, codec.encode({ type: 'block', block: { header: headers[1], transactions: [transaction] } })),
        inputOf(
          layout,
          codec.encode({ type: 'block-bundle', blocks: [{ header: headers[0], transactions: [] }], ...tip }),
        ),
      ]),
      decode(input) {
        const layout = (input[0] ?? 0) % 2;
        const frame = { type: types[(input[1] ?? 0) % types.length], payload: input.subarray(2) };
        return { layout, message: messages[layout].decode(frame) };
      },
      encode: ({ layout, message }) => inputOf(layout, messages[layout].encode(message)),
      isRefusal,
    },
    ...transactionTargets({ parts, transactionCodec, dao, isRefusal }),
    ...handshakeTargets({ parts, messages: messages[1], types }),
    {
      name: 'node-profile-metadata',
      seeds: [
        parts.profileMetadataCodec.encode({
          profilePublicKey: key33,
          username: utf8('name'),
          description: utf8('text'),
          profilePic: new Uint8Array(0),
          creatorBasisPoints: 0n,
          stakeMultipleBasisPoints: 12_500n,
          isHidden: true,
        }),
      ],
      decode: (input) => parts.profileMetadataCodec.decode(input),
      encode: (metadata) => parts.profileMetadataCodec.encode(metadata),
      isRefusal,
    },
    text('address', parts.parseAddress, {
      seeds: ['host:1', '[::1]:17000', '127.0.0.1:65535'],
      encode: (address) => latin1(parts.formatAddress(address)),
    }),
    text('trusted-root', parts.parseTrustedRoot, {
      seeds: [`300:${'1a'.repeat(32)}`, `0:${'00'.repeat(32)}:${'ff'.repeat(32)}`],
      encode: (trusted) => utf8(parts.formatTrustedRoot(trusted)),
    }),
  ];
}

/** Transactions up to where the state decides, and signatures by both libraries. */
function transactionTargets({ parts, transactionCodec, dao, isRefusal }) {
  const signed = {
    version: 1,
    inputs: [],
    outputs: [{ publicKey: key33, amountNanos: 300n }],
    publicKey: key33,
    extraData: new Map(),
    signature: new Uint8Array(Buffer.from('3006020101020101', 'hex')),
    feeNanos: 300n,
    nonce: { expirationBlockHeight: 400n, partialId: 1n },
  };
  const kinds = [
    { type: 2, metadata: new Uint8Array(0) },
    { type: 24, metadata: dao.daoCoinMetadataCodec.encode(dao.mintMetadata(key33, 100n)) },
    {
      type: 25,
      metadata: dao.daoCoinTransferMetadataCodec.encode({
        profilePublicKey: key33,
        amount: 1n,
        receiverPublicKey: key33,
      }),
    },
    {
      type: 22,
      metadata: dao.authorizeDerivedKeyMetadataCodec.encode({
        derivedPublicKey: key33,
        expirationBlock: 500n,
        operation: 1,
        accessSignature: new Uint8Array(0),
      }),
    },
    {
      type: 6,
      metadata: parts.profileMetadataCodec.encode({
        profilePublicKey: key33,
        username: utf8('name'),
        description: utf8('text'),
        profilePic: new Uint8Array(0),
        creatorBasisPoints: 0n,
        stakeMultipleBasisPoints: 12_500n,
        isHidden: false,
      }),
    },
  ];
  const atomic = dao.wrapAtomicTransactions(
    dao.linkAtomicTransactions([
      { ...signed, ...kinds[0] },
      { ...signed, ...kinds[2] },
    ]),
  );
  const { defaultSecp256k1, nobleSecp256k1 } = parts;
  const privateKey = new Uint8Array(32).fill(7);
  const publicKey = nobleSecp256k1.publicKeyOf(privateKey);
  return [
    {
      name: 'node-transaction',
      seeds: [...kinds.map((kind) => transactionCodec.encode({ ...signed, ...kind })), transactionCodec.encode(atomic)],
      dictionary: [key33, ...Object.values(dao.extraDataKeys).map((name) => new Uint8Array(Buffer.from(name, 'hex')))],
      decode(input) {
        const transaction = transactionCodec.decode(input);
        const checked = parts.checkTransaction(transaction, { minFeeNanosPerKb: 0n, maxTransactionBytes: 65_536 });
        parts.spendOf(checked, key33);
        if (checked.action.kind !== 'atomic') parts.checkTransactionSignature(checked, () => true);
        return transaction;
      },
      encode: (transaction) => transactionCodec.encode(transaction),
      // Extra data, metadata and the keys of the parts are each made anew.
      maxAllocated: (inputBytes) => 65_536 + 256 * inputBytes,
      isRefusal,
    },
    {
      name: 'node-signature-verdicts',
      maxBytes: 129,
      // Signature, hash, public key: both libraries say the same of them.
      seeds: [new Uint8Array(Buffer.concat([nobleSecp256k1.sign(hash, privateKey), hash, publicKey]))],
      canContinue: true,
      isRefusal: () => false,
      decode(input) {
        const [signature, digest, key] = [input.subarray(0, 64), input.subarray(64, 96), input.subarray(96)];
        const verdicts = [defaultSecp256k1, nobleSecp256k1].map(({ verify }) => verify(digest, signature, key));
        if (verdicts[0] !== verdicts[1])
          throw new Error(`${defaultSecp256k1.name} says ${verdicts[0]}, noble ${verdicts[1]}`);
      },
      // Noble makes its numbers anew.
      maxAllocated: () => 4 * 2 ** 20,
    },
  ];
}

/** The handshake of one connection, with whatever messages a remote may send. */
function handshakeTargets({ parts, messages, types }) {
  const identity = parts.createNodeIdentity();
  const start = (direction) => ({
    direction,
    services: 0x10_0003n,
    userAgent: 'fuzz',
    height: 300,
    nonce: 5n,
    isOwnNonce: (nonce) => nonce === 5n,
    verackAgeMs: 60_000,
    clock: { wallMs: () => 1_700_000_000_000, monotonicMs: () => 0 },
    network: 2,
    identity,
  });
  const version = {
    type: 'version',
    version: 2,
    services: 0x10_0003n,
    timestampSeconds: 1_700_000_000n,
    nonce: 6n,
    userAgent: 'remote',
    latestBlockHeight: 300,
    minFeeRateNanosPerKb: 0n,
  };
  const verack = {
    type: 'verack',
    version: 1,
    nonceReceived: 5n,
    nonceSent: 6n,
    timestampMicros: 1_700_000_000_000_000n,
    publicKey: new Uint8Array(0),
    signature: new Uint8Array(0),
  };
  // Messages: which type, how long the payload is, payload.
  const inputOf = (direction, ...list) =>
    Uint8Array.of(
      direction,
      ...list.flatMap((message) => {
        const { type, payload } = messages.encode(message);
        return [types.indexOf(type), payload.length, ...payload];
      }),
    );
  const isRefusal = (error) => refusals('NodeError', 'NODE_HANDSHAKE')(error) || refusals('WireError', 'WIRE_')(error);
  return [
    {
      name: 'node-handshake',
      maxBytes: 512,
      seeds: [0, 1].flatMap((direction) => [inputOf(direction, version, verack), inputOf(direction, version)]),
      canContinue: true,
      isRefusal,
      decode(input) {
        const handshake = new parts.Handshake(start(['inbound', 'outbound'][(input[0] ?? 0) % 2]));
        handshake.open();
        for (let at = 1; at + 1 < input.length && handshake.state !== 'done'; at += 2 + input[at + 1]) {
          const payload = input.subarray(at + 2, at + 2 + input[at + 1]);
          handshake.receive(messages.decode({ type: types[input[at] % types.length], payload }));
          if (handshake.state !== 'awaiting-version') {
            if (/[^ -~]/.test(handshake.remote.userAgent)) throw new Error('a user agent that is not printable');
            if (!['go', 'extended'].includes(handshake.layout)) throw new Error('no such layout');
          }
        }
        return handshake.nodeId;
      },
      maxAllocated: (inputBytes) => 262_144 + 64 * inputBytes,
    },
  ];
}
