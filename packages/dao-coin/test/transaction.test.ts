import { describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import {
  authorizeDerivedKeyTransaction,
  type BalanceModelTransaction,
  burnMetadata,
  daoCoinTransaction,
  daoCoinTransferTransaction,
  encodeTransaction,
  mintMetadata,
  signTransaction,
  transactionSigningHash,
  withLeastFee,
  zeroSpendingLimit,
} from '../src/index.js';
import { account, privateKeyOf } from './support/accounts.js';
import { toHex } from './support/memory-view.js';

const [owner, receiver, derived] = [account(0), account(1), account(2)];
const nonce = { expirationBlockHeight: 300n, partialId: 5n };
const fields = { publicKey: owner, nonce, feeNanos: 128n };
const [o, r, d] = [owner, receiver, derived].map(toHex);
const hex = (spelled: string): string => spelled.replaceAll(' ', '');
const sign = (hash: Uint8Array): Uint8Array =>
  secp256k1.sign(hash, privateKeyOf(0), { prehash: false, lowS: true, format: 'der' });

describe('the bytes of a transaction', () => {
  test.each<[string, BalanceModelTransaction, string]>([
    [
      'mint',
      daoCoinTransaction(mintMetadata(owner, 100n), fields),
      `00 00 18 27 21${o} 00 0164 00 00 21${o} 00 00 01 8001 ac02 05`,
    ],
    [
      'burn by a derived key',
      daoCoinTransaction(burnMetadata(owner, 100n), { ...fields, derivedPublicKey: derived }),
      `00 00 18 27 21${o} 01 00 0164 00 21${o} 01 10 446572697665645075626c69634b6579 21${d} 00 01 8001 ac02 05`,
    ],
    [
      'transfer',
      daoCoinTransferTransaction({ profilePublicKey: owner, receiverPublicKey: receiver, amount: 100n }, fields),
      `00 00 19 46 21${o} 0164 21${r} 21${o} 00 00 01 8001 ac02 05`,
    ],
    [
      'authorize derived key',
      authorizeDerivedKeyTransaction(
        { derivedPublicKey: derived, expirationBlock: 1000n, operation: 1, accessSignature: new Uint8Array(0) },
        { ...fields, spendingLimit: { ...zeroSpendingLimit, globalDesoLimitNanos: 7n }, memo: Uint8Array.of(0x61) },
      ),
      `00 00 16 26 21${d} e807 01 00 21${o} 02
       0e 446572697665644b65794d656d6f 01 61
       18 5472616e73616374696f6e5370656e64696e674c696d6974 0e 07 00 00 00 00 00 00 00 00 00 00 00 00 00
       00 01 8001 ac02 05`.replaceAll(/\s/g, ''),
    ],
  ])('%s', (_name, transaction, expected) => {
    expect(toHex(encodeTransaction(transaction))).toBe(hex(expected));
    expect(transactionSigningHash(transaction)).toEqual(sha256(sha256(encodeTransaction(transaction))));
  });

  test('outputs and a signature have their places', async () => {
    const mint = daoCoinTransaction(mintMetadata(owner, 1n), fields);
    const signed = await signTransaction({ ...mint, outputs: [{ publicKey: receiver, amountNanos: 300n }] }, sign);
    const body = hex(`00 01 ${r} ac02 18 27 21${o} 00 0101 00 00 21${o} 00`);
    const signature = toHex(signed.signature);
    const length = signed.signature.length.toString(16);
    expect(toHex(encodeTransaction(signed))).toBe(`${body}${length}${signature}${hex('01 8001 ac02 05')}`);
  });
});

describe('signing', () => {
  test('signs the hash of everything but the signature; a second time changes nothing', async () => {
    const transaction = daoCoinTransaction(mintMetadata(owner, 1n), fields);
    const signed = await signTransaction(transaction, sign);
    const hash = transactionSigningHash(transaction);
    expect(transactionSigningHash(signed)).toEqual(hash);
    expect(secp256k1.verify(signed.signature, hash, owner, { prehash: false, format: 'der' })).toBe(true);
    expect(await signTransaction(signed, async (again) => sign(again))).toEqual(signed);
  });

  test.each([
    ['a compact signature', new Uint8Array(64).fill(0x30)],
    ['nothing', new Uint8Array(0)],
    ['a recoverable form', Uint8Array.of(0x31, 0)],
  ])('%s is no DER', async (_name, signature) => {
    await expect(signTransaction(daoCoinTransaction(mintMetadata(owner, 1n), fields), () => signature)).rejects.toThrow(
      'DER',
    );
  });

  test('what signing throws passes through', async () => {
    const refuse = (): never => {
      throw new Error('the device says no');
    };
    const transaction = daoCoinTransaction(mintMetadata(owner, 1n), fields);
    await expect(signTransaction(transaction, refuse)).rejects.toThrow('the device says no');
  });
});

test('the least fee is enough for the longest signature, and one nano less is not', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.bigInt({ min: 0n, max: 10n ** 40n }), (rate, amount) => {
      const transaction = withLeastFee(daoCoinTransaction(burnMetadata(owner, amount), fields), rate);
      const bytes = (feeNanos: bigint): bigint =>
        BigInt(encodeTransaction({ ...transaction, feeNanos, signature: new Uint8Array(71).fill(0x30) }).length);
      expect((transaction.feeNanos * 1000n) / bytes(transaction.feeNanos)).toBeGreaterThanOrEqual(rate);
      const less = transaction.feeNanos - 1n;
      // A fee may be larger only because it needs a byte more itself.
      if (less >= 0n && bytes(less) === bytes(transaction.feeNanos)) {
        expect((less * 1000n) / bytes(less)).toBeLessThan(rate);
      }
    }),
  );
});

test('what the format cannot hold is a RangeError', () => {
  const mint = daoCoinTransaction(mintMetadata(owner, 1n), fields);
  const attempts: readonly (() => unknown)[] = [
    () => daoCoinTransaction(mintMetadata(owner, 1n), { ...fields, publicKey: owner.subarray(1) }),
    () => daoCoinTransaction(mintMetadata(owner, 1n), { ...fields, derivedPublicKey: owner.subarray(1) }),
    () => encodeTransaction({ ...mint, version: 0 }),
    () => encodeTransaction({ ...mint, inputs: [{ transactionId: new Uint8Array(32), index: 0 }] }),
    () => encodeTransaction({ ...mint, outputs: [{ publicKey: owner.subarray(1), amountNanos: 1n }] }),
    () => encodeTransaction({ ...mint, feeNanos: 2n ** 64n }),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ name: 'RangeError' }));
});
