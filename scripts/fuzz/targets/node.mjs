import { built, internals, refusals, utf8 } from '../load.mjs';

const hash = new Uint8Array(32).fill(0x11);
const latin1 = (text) => new Uint8Array(Buffer.from(text, 'latin1'));
const key33 = Uint8Array.of(2, ...hash);

export async function nodeTargets() {
  const { exampleHeaderCodec } = await built('packages/node/dist/example-chain.js');
  const { createBlockCodec, transactionCodec } = await built('packages/wire/dist/index.js');
  const parts = await internals('node-parts', [
    'packages/node/src/example-chain/profile-metadata.ts',
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
