import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  createBlockCodec,
  desoHeaderCodec,
  doubleSha256,
  extraDataKey,
  hasLowS,
  signatureCodec,
  transactionCodec,
  transactionSigningBytes,
} from '../src/index.js';
import { bytes, hex } from './support/hex.js';

interface Samples {
  readonly headerV0: string;
  readonly blockV0: string;
  readonly signedTransaction: string;
}
const samples: Samples = JSON.parse(readFileSync(new URL('./vectors/deso-samples.json', import.meta.url), 'utf8'));

test('the sample header of version 0 has a big-endian version and little-endian integers', () => {
  const sample = bytes(samples.headerV0);
  expect(sample).toHaveLength(80);
  const { header: decoded, end } = desoHeaderCodec.decode(sample, 0);
  expect(end).toBe(80);
  expect(decoded).toMatchObject({ version: 0, timestampSeconds: 0x70717273, height: 99_999, nonce: 123_456 });
  expect(hex(desoHeaderCodec.encode(decoded))).toBe(samples.headerV0);
});

test('the sample block of version 0 has two transactions without a tail and no room for a producer', () => {
  const codec = createBlockCodec(desoHeaderCodec);
  const block = codec.decode(bytes(samples.blockV0));
  expect(hex(desoHeaderCodec.encode(block.header))).toBe(samples.headerV0);
  expect('blockProducerInfo' in block).toBe(false);
  const [first, second] = block.transactions;
  expect(block.transactions).toHaveLength(2);
  for (const transaction of [first, second]) {
    expect(transaction?.version).toBe(0);
    expect(transaction?.inputs.map(({ index }) => index)).toEqual([111, 222]);
    expect(transaction?.outputs.map(({ amountNanos }) => amountNanos)).toEqual([333n, 333n]);
    expect(transaction?.signature).toHaveLength(0);
    // No key of the curve, and no rule of encoding against it.
    expect(transaction?.publicKey).toHaveLength(9);
  }
  expect([...(first?.extraData ?? [])].map(([key, value]) => [key, hex(value)])).toEqual([
    [extraDataKey('dummykey'), '0102030405'],
  ]);
  expect(second?.extraData.size).toBe(0);
  expect(hex(codec.encode(block))).toBe(samples.blockV0);
});

describe('a signed transaction from the first days of DeSo', () => {
  const transaction = transactionCodec.decode(bytes(samples.signedTransaction));

  test('spends an output, has no extra data, and encodes to its bytes', () => {
    expect(transaction).toMatchObject({ version: 0, type: 5, feeNanos: 0n });
    expect([transaction.inputs.length, transaction.outputs.length, transaction.extraData.size]).toEqual([1, 1, 0]);
    expect(hex(transactionCodec.encode(transaction))).toBe(samples.signedTransaction);
  });

  test("its signature is the signer's, over its bytes as they were before there was extra data", () => {
    const { compact, recoveryId } = signatureCodec.decode(transaction.signature);
    expect(recoveryId).toBeUndefined();
    expect(hasLowS(compact)).toBe(true);
    expect(hex(signatureCodec.encode({ compact }))).toBe(hex(transaction.signature));
    const signed = transactionSigningBytes(transaction);
    // The last two bytes are the count of extra data and the length of the signature.
    expect(hex(signed.subarray(-2))).toBe('0000');
    const verify = (message: Uint8Array) =>
      secp256k1.verify(compact, doubleSha256(message), transaction.publicKey, { prehash: false, format: 'compact' });
    expect(verify(signed.subarray(0, -1))).toBe(true);
    expect(verify(signed)).toBe(false);
  });
});
