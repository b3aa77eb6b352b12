import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  doubleSha256,
  extraDataKey,
  merkleRoot,
  signingHash,
  type Transaction,
  transactionCodec,
  transactionHash,
  transactionSigningBytes,
} from '../src/index.js';
import { transaction as anyTransaction } from './support/arbitraries.js';
import { bytes, hex, thrownBy } from './support/hex.js';

const transaction: Transaction = {
  version: 1,
  inputs: [{ transactionId: bytes('22'.repeat(32)), index: 3 }],
  outputs: [{ publicKey: bytes(`02${'11'.repeat(32)}`), amountNanos: 300n }],
  type: 24,
  metadata: bytes('0102'),
  publicKey: bytes(`03${'33'.repeat(32)}`),
  extraData: new Map([
    [extraDataKey('b'), bytes('01')],
    [extraDataKey('ab'), bytes('')],
  ]),
  signature: bytes('3001'),
  feeNanos: 5n,
  nonce: { expirationBlockHeight: 200n, partialId: 7n },
};
const beforeSignature =
  `01${'22'.repeat(32)}03` +
  `0102${'11'.repeat(32)}ac02` +
  '18' +
  '020102' +
  `2103${'33'.repeat(32)}` +
  '02026162000162' +
  '0101';
const tail = '0105c80107';

describe('layout', () => {
  test('the balance-model tail follows the signature, and extra data is in key order', () => {
    expect(hex(transactionCodec.encode(transaction))).toBe(`${beforeSignature}023001${tail}`);
  });

  test('version 0 has no tail', () => {
    const old = { ...transaction, version: 0, feeNanos: 0n, nonce: { expirationBlockHeight: 0n, partialId: 0n } };
    expect(hex(transactionCodec.encode(old))).toBe(`${beforeSignature}023001`);
  });

  test('the signing bytes have an empty signature', () => {
    expect(hex(transactionSigningBytes(transaction))).toBe(`${beforeSignature}00${tail}`);
    expect(hex(signingHash(transaction))).toBe(hex(doubleSha256(bytes(`${beforeSignature}00${tail}`))));
  });

  test('the hash covers the signature, the signing hash does not', () => {
    fc.assert(
      fc.property(anyTransaction, (each) => {
        const other = { ...each, signature: Uint8Array.of(0x30, ...each.signature.subarray(1), 1) };
        expect(hex(signingHash(other))).toBe(hex(signingHash(each)));
        expect(hex(transactionHash(other))).not.toBe(hex(transactionHash(each)));
      }),
    );
  });

  test('extra data out of key order is read, and written in order', () => {
    const unordered = beforeSignature.replace('02026162000162' + '0101', '02' + '016201' + '01' + '02616200');
    const read = transactionCodec.decode(bytes(`${unordered}023001${tail}`));
    expect(hex(transactionCodec.encode(read))).toBe(`${beforeSignature}023001${tail}`);
  });
});

describe('what has no encoding', () => {
  test.each([
    ['a fee in version 0', { version: 0 }, 'RangeError'],
    ['an amount above 2^64-1', { outputs: [{ publicKey: new Uint8Array(33), amountNanos: 2n ** 64n }] }, 'RangeError'],
    ['a signature that is not DER', { signature: bytes('2f') }, 'RangeError'],
    ['an extra data key in capitals', { extraData: new Map([['AB', bytes('')]]) }, 'TypeError'],
    ['an extra data key that is not hex', { extraData: new Map([['key', bytes('')]]) }, 'TypeError'],
  ])('%s', (_, change, name) => {
    expect(thrownBy(() => transactionCodec.encode({ ...transaction, ...change } as Transaction)).name).toBe(name);
  });
});

describe('merkle root', () => {
  const pair = (left: Uint8Array, right: Uint8Array) => doubleSha256(Buffer.concat([left, right]));
  const leaves = Array.from({ length: 5 }, (_, index) => new Uint8Array(32).fill(index + 1)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const [a, b, c, d, e] = leaves;

  test('repeats the last node of an odd row', () => {
    expect(hex(merkleRoot([a, b]))).toBe(hex(pair(a, b)));
    expect(hex(merkleRoot([a, b, c]))).toBe(hex(pair(pair(a, b), pair(c, c))));
    const ee = pair(e, e);
    expect(hex(merkleRoot(leaves))).toBe(hex(pair(pair(pair(a, b), pair(c, d)), pair(ee, ee))));
  });

  test('pairs a single hash with itself', () => {
    expect(hex(merkleRoot([a]))).toBe(hex(pair(a, a)));
  });

  test('needs hashes of 32 bytes, at least one', () => {
    expect(thrownBy(() => merkleRoot([])).name).toBe('RangeError');
    expect(thrownBy(() => merkleRoot([new Uint8Array(31)])).name).toBe('RangeError');
  });
});
