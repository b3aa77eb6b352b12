import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import {
  createBlockCodec,
  type DesoHeader,
  desoHeaderCodec,
  desoHeaderHash,
  merkleRoot,
  type Transaction,
  transactionCodec,
  transactionHash,
} from '../src/index.js';
import { bytes, hex } from './support/hex.js';
import { plain } from './support/plain.js';

const genesis = JSON.parse(readFileSync(new URL('./vectors/deso-genesis-block.json', import.meta.url), 'utf8'));

/** Public keys of main net as text start with these bytes. */
const keyPrefix = bytes('cd1400');
const keyText = createBase58check(sha256);
const text = new TextEncoder().encode(genesis.extraText);
const transaction: Transaction = {
  version: 0,
  inputs: [],
  outputs: (genesis.outputs as [string, string][]).map(([publicKey, nanos]) => ({
    publicKey: keyText.decode(publicKey).slice(keyPrefix.length),
    amountNanos: BigInt(nanos),
  })),
  type: 1,
  metadata: Uint8Array.of(text.length, ...text),
  publicKey: new Uint8Array(0),
  extraData: new Map(),
  signature: new Uint8Array(0),
  feeNanos: 0n,
  nonce: { expirationBlockHeight: 0n, partialId: 0n },
};
const header: DesoHeader = {
  version: 0,
  previousBlockHash: new Uint8Array(32),
  transactionMerkleRoot: bytes(genesis.merkleRoot),
  timestampSeconds: genesis.timestampSeconds,
  height: 0,
  nonce: 0,
};

test('the keys of the DeSo genesis block are written as they were read', () => {
  expect(transaction.outputs).toHaveLength(482);
  expect(transaction.outputs.map((output) => keyText.encode(Uint8Array.of(...keyPrefix, ...output.publicKey)))).toEqual(
    genesis.outputs.map(([publicKey]: [string]) => publicKey),
  );
});

test('the transaction of the DeSo genesis block has its length and hash', () => {
  expect(transactionCodec.encode(transaction)).toHaveLength(genesis.transactionBytes);
  expect(hex(transactionHash(transaction))).toBe(genesis.transactionHash);
});

test('the merkle root of one transaction is the hash of its hash twice', () => {
  expect(hex(merkleRoot([transactionHash(transaction)]))).toBe(genesis.merkleRoot);
});

test('the header of the DeSo genesis block hashes to its block hash', () => {
  const encoded = desoHeaderCodec.encode(header);
  expect(encoded).toHaveLength(80);
  expect(hex(desoHeaderHash(header))).toBe(genesis.blockHash);
});

test('the DeSo genesis block survives its codec', () => {
  const codec = createBlockCodec(desoHeaderCodec);
  const block = { header, transactions: [transaction] };
  expect(plain(codec.decode(codec.encode(block)))).toEqual(plain(block));
});
