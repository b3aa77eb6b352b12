import { built, refusals, utf8 } from '../load.mjs';

const key33 = Uint8Array.of(2, ...new Uint8Array(32).fill(0x11));
const otherKey = Uint8Array.of(3, ...new Uint8Array(32).fill(0x22));
const dictionary = [key33, new Uint8Array(33), Uint8Array.of(0x21), Uint8Array.of(1, 25, 0), Uint8Array.of(1, 18, 4)];

export async function daoCoinTargets() {
  const dao = await built('packages/dao-coin/dist/index.js');
  const isRefusal = refusals('DaoCoinError', 'DAO_COIN_');
  const target = (name, codec, seeds) => ({
    name: `dao-coin-${name}`,
    seeds: seeds.map((seed) => (ArrayBuffer.isView(seed) ? seed : codec.encode(seed))),
    dictionary,
    decode: (input) => codec.decode(input),
    encode: (value) => codec.encode(value),
    isRefusal,
  });
  const text = (name, { parse, format, seeds, ...rest }) => ({
    name: `dao-coin-${name}`,
    seeds: seeds.map(utf8),
    maxBytes: 128,
    decode: (input) => parse(Buffer.from(input).toString('latin1')),
    encode: (value) => utf8(format(value)),
    isRefusal,
    ...rest,
  });
  const coin = { ...dao.zeroCoinEntry, numberOfHolders: 3n, coinsInCirculation: 2n ** 200n, isMintingDisabled: true };
  const profile = {
    ...dao.newProfileEntry({ publicKey: key33, username: utf8('name') }),
    daoCoinEntry: coin,
    extraData: [
      [utf8('a'), utf8('1')],
      [utf8('b'), utf8('2')],
    ],
  };
  const limit = {
    ...dao.zeroSpendingLimit,
    globalDesoLimitNanos: 5n,
    transactionCounts: new Map([
      [24, 3n],
      [25, 300n],
    ]),
    daoCoinOperations: [{ creatorPkid: key33, operation: 1, count: 4n }],
  };
  const derivedKey = {
    ownerPublicKey: key33,
    derivedPublicKey: otherKey,
    expirationBlock: 300n,
    operation: 1,
    extraData: [],
    spendingLimit: limit,
    memo: utf8('memo'),
  };
  return [
    target('metadata', dao.daoCoinMetadataCodec, [
      { profilePublicKey: key33, operation: 0, coinsToMint: 100n, coinsToBurn: 0n, transferRestriction: 0 },
      { profilePublicKey: key33, operation: 3, coinsToMint: 0n, coinsToBurn: 2n ** 255n, transferRestriction: 3 },
    ]),
    target('transfer-metadata', dao.daoCoinTransferMetadataCodec, [
      { profilePublicKey: key33, amount: 2n ** 100n, receiverPublicKey: otherKey },
    ]),
    target('authorize-metadata', dao.authorizeDerivedKeyMetadataCodec, [
      { derivedPublicKey: key33, expirationBlock: 300n, operation: 1, accessSignature: utf8('0') },
    ]),
    target('atomic-metadata', dao.atomicMetadataCodec, [[key33, new Uint8Array(0)]]),
    target('balance-entry', dao.balanceEntryCodec, [
      { holderPkid: key33, creatorPkid: otherKey, balance: 100n, hasPurchased: false },
    ]),
    target('coin-entry', dao.coinEntryCodec, [
      coin,
      dao.zeroCoinEntry,
      dao.coinEntryCodec.encode(coin, { coinEntryVersion: 0 }),
    ]),
    target('pkid-entry', dao.pkidEntryCodec, [{ publicKey: key33, pkid: otherKey }]),
    target('profile-entry', dao.profileEntryCodec, [profile]),
    target('derived-key-entry', dao.derivedKeyEntryCodec, [
      derivedKey,
      ...[0, 1, 3].map((spendingLimitVersion) => dao.derivedKeyEntryCodec.encode(derivedKey, { spendingLimitVersion })),
    ]),
    target('spending-limit', dao.spendingLimitCodec, [limit, { ...dao.zeroSpendingLimit, isUnlimited: true }]),
    target('undo', dao.daoCoinUndoCodec, [
      {
        records: [
          { key: Uint8Array.of(55), before: undefined, after: key33 },
          { key: Uint8Array.of(56, 1), before: key33, after: undefined },
        ],
      },
    ]),
    text('key-text', {
      parse: (input) => dao.parsePublicKey(input, 'mainnet'),
      format: (key) => dao.formatPublicKey(key, 'mainnet'),
      seeds: [dao.formatPublicKey(key33, 'mainnet')],
      isCanonical: true,
    }),
    text('testnet-key-text', {
      parse: (input) => dao.parsePublicKey(input, 'testnet'),
      format: (key) => dao.formatPublicKey(key, 'testnet'),
      seeds: [dao.formatPublicKey(key33, 'testnet')],
      isCanonical: true,
    }),
    text('private-key-text', {
      parse: (input) => dao.parsePrivateKey(input, 'mainnet'),
      format: (key) => dao.formatPrivateKey(key, 'mainnet'),
      seeds: [dao.formatPrivateKey(key33.subarray(1), 'mainnet')],
      isCanonical: true,
    }),
    text('amount-text', {
      parse: dao.parseCoins,
      format: dao.formatCoins,
      seeds: ['12.5', '0.000000000000000001'],
      canContinue: true,
    }),
  ];
}
