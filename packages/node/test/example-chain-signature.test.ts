import { hasLowS, signatureCodec } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { loadNativeSecp256k1 } from '../src/example-chain/secp256k1-native.js';
import { isCompressedPoint, nobleSecp256k1 } from '../src/example-chain/secp256k1-noble.js';
import type { Secp256k1 } from '../src/example-chain/signature.js';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const privateKey = fc.integer({ min: 0, max: 1000 }).map((index) => accountPrivateKey('signatures', index));

function native(): Secp256k1 {
  const loaded = loadNativeSecp256k1();
  if (loaded === undefined) throw new Error('the native module does not load on this machine');
  return loaded;
}

function highS(signature: Uint8Array): Uint8Array {
  const { r, s } = noble.Signature.fromBytes(signature, 'compact');
  return new noble.Signature(r, noble.Point.CURVE().n - s).toBytes('compact');
}

describe('libsecp256k1 and noble', () => {
  test('agree on keys and signatures', () => {
    fc.assert(
      fc.property(bytes32, privateKey, (hash, key) => {
        expect(native().publicKeyOf(key)).toEqual(nobleSecp256k1.publicKeyOf(key));
        expect(native().sign(hash, key)).toEqual(nobleSecp256k1.sign(hash, key));
        expect(hasLowS(native().sign(hash, key))).toBe(true);
        expect(signatureCodec.encode({ compact: native().sign(hash, key) }).length).toBeLessThanOrEqual(71);
      }),
      { numRuns: 40 },
    );
  });

  test('agree on which signatures are right', () => {
    const kinds = fc.constantFrom(
      'right',
      'high-s',
      'other-hash',
      'other-key',
      'flipped',
      'random',
      'not-a-key',
      'short',
    );
    fc.assert(
      fc.property(bytes32, privateKey, kinds, fc.nat(511), (hash, key, kind, bit) => {
        let signature = nobleSecp256k1.sign(hash, key);
        let publicKey = nobleSecp256k1.publicKeyOf(key);
        let signed = hash;
        if (kind === 'high-s') signature = highS(signature);
        if (kind === 'other-hash') signed = hash.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
        if (kind === 'other-key') publicKey = nobleSecp256k1.publicKeyOf(accountPrivateKey('others', bit));
        if (kind === 'flipped')
          signature = signature.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        if (kind === 'random') signature = Uint8Array.from({ length: 64 }, (_, index) => (bit * 31 + index * 17) & 255);
        if (kind === 'not-a-key') publicKey = new Uint8Array(33).fill(bit & 255);
        if (kind === 'short') signature = signature.slice(1);
        expect(nobleSecp256k1.verify(signed, signature, publicKey)).toBe(kind === 'right');
        expect(native().verify(signed, signature, publicKey)).toBe(kind === 'right');
      }),
      { numRuns: 150 },
    );
  });

  describe('agree on malformed signatures and keys', () => {
    const key = accountPrivateKey('signatures', 0);
    const hash = new Uint8Array(32).fill(3);
    const good = { hash, signature: nobleSecp256k1.sign(hash, key), publicKey: nobleSecp256k1.publicKeyOf(key) };
    const { r, s } = noble.Signature.fromBytes(good.signature, 'compact');
    const { n, p } = noble.Point.CURVE();
    const number = (value: bigint): Uint8Array =>
      Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
    const pair = (first: bigint, second: bigint): { signature: Uint8Array } => ({
      signature: Uint8Array.of(...number(first), ...number(second)),
    });
    const point = (tag: number, x: bigint): { publicKey: Uint8Array } => ({
      publicKey: Uint8Array.of(tag, ...number(x)),
    });
    const [tag = 0] = good.publicKey;
    const x = BigInt(`0x${Buffer.from(good.publicKey.subarray(1)).toString('hex')}`);
    // 5 is the smallest x that no point of the curve has.
    const cases: readonly (readonly [string, Partial<typeof good>, boolean])[] = [
      ['the signature as it is', {}, true],
      ['a high s', pair(r, n - s), false],
      ['the other sign of r', pair(n - r, s), false],
      ['a zero r', pair(0n, s), false],
      ['a zero s', pair(r, 0n), false],
      ['zeros', pair(0n, 0n), false],
      ['an r of n', pair(n, s), false],
      ['an s of n', pair(r, n), false],
      ['an r above n', pair(n + 1n, s), false],
      ['an r that is congruent modulo n', pair(1n + n, s), false],
      ['the largest numbers', pair(2n ** 256n - 1n, 2n ** 256n - 1n), false],
      ['r and s exchanged', pair(s, r), false],
      ['a signature of 63 bytes', { signature: good.signature.slice(1) }, false],
      ['a signature of 65 bytes', { signature: Uint8Array.of(...good.signature, 0) }, false],
      ['no signature', { signature: new Uint8Array(0) }, false],
      ['a DER signature', { signature: signatureCodec.encode({ compact: good.signature }) }, false],
      ['a hash of 31 bytes', { hash: hash.slice(1) }, false],
      ['a hash of 33 bytes', { hash: Uint8Array.of(...hash, 3) }, false],
      ['no hash', { hash: new Uint8Array(0) }, false],
      ['another hash', { hash: new Uint8Array(32) }, false],
      ['the other point of that x', point(tag ^ 1, x), false],
      ['a tag of zero', point(0, x), false],
      ['the tag of an uncompressed key', point(4, x), false],
      ['a hybrid tag', point(6, x), false],
      ['an x that no point has', point(2, 5n), false],
      ['an x of the field order', point(2, p), false],
      ['an x above the field order', point(2, p + 1n), false],
      ['an x of zero', point(2, 0n), false],
      ['a key of zeros', { publicKey: new Uint8Array(33) }, false],
      ['a key of 32 bytes', { publicKey: good.publicKey.slice(1) }, false],
      ['an uncompressed key', { publicKey: noble.getPublicKey(key, false) }, false],
      ['no key', { publicKey: new Uint8Array(0) }, false],
    ];

    test.each(cases)('%s', (_, change, isRight) => {
      for (const { verify } of [native(), nobleSecp256k1]) {
        const { hash: signed, signature, publicKey } = { ...good, ...change };
        expect(verify(signed, signature, publicKey)).toBe(isRight);
      }
    });

    test.each([
      ['zero', 0n],
      ['one', 1n],
      ['the group order', n],
      ['above the group order', n + 5n],
      ['all bits', 2n ** 256n - 1n],
    ])('a hash of %s can be signed and verified by either', (_, value) => {
      const signed = number(value);
      for (const { sign } of [native(), nobleSecp256k1]) {
        const signature = sign(signed, key);
        for (const { verify } of [native(), nobleSecp256k1]) {
          expect(verify(signed, signature, good.publicKey)).toBe(true);
        }
      }
    });

    test('on whatever odd DER is let through', () => {
      const der = signatureCodec.encode({ compact: good.signature });
      const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { maxLength: 2 });
      const verdict = (verify: Secp256k1['verify'], bytes: Uint8Array): boolean => {
        try {
          return verify(hash, signatureCodec.decode(bytes).compact, good.publicKey);
        } catch {
          return false;
        }
      };
      fc.assert(
        fc.property(changes, (edits) => {
          const odd = der.slice();
          for (const [at, byte] of edits) odd[at] = byte;
          expect(verdict(native().verify, odd)).toBe(verdict(nobleSecp256k1.verify, odd));
        }),
        { numRuns: 300 },
      );
    });
  });

  test.each([
    ['zero', new Uint8Array(32)],
    ['the order', Uint8Array.from(Buffer.from(noble.Point.CURVE().n.toString(16), 'hex'))],
    ['31 bytes', new Uint8Array(31).fill(1)],
  ])('%s is no private key', (_, key) => {
    for (const implementation of [native(), nobleSecp256k1]) {
      expect(() => implementation.sign(new Uint8Array(32), key)).toThrow(RangeError);
      expect(() => implementation.publicKeyOf(key)).toThrow(RangeError);
    }
  });

  test('only 33 bytes of a point are a compressed point', () => {
    const publicKey = nobleSecp256k1.publicKeyOf(accountPrivateKey('points', 0));
    expect(isCompressedPoint(publicKey)).toBe(true);
    expect(isCompressedPoint(noble.getPublicKey(accountPrivateKey('points', 0), false))).toBe(false);
    expect(isCompressedPoint(new Uint8Array(33).fill(2))).toBe(
      noble.utils.isValidPublicKey(new Uint8Array(33).fill(2)),
    );
    expect(isCompressedPoint(new Uint8Array(33))).toBe(false);
  });
});

describe('loading the native module', () => {
  test('a machine without it gets undefined', () => {
    const loaded = loadNativeSecp256k1(() => {
      throw new Error('no native build was found');
    });
    expect(loaded).toBeUndefined();
  });

  test('a module that computes something else is not used', () => {
    const loaded = loadNativeSecp256k1(() => ({
      publicKeyCreate: () => new Uint8Array(33).fill(2),
      ecdsaSign: () => ({ signature: new Uint8Array(64).fill(1) }),
      ecdsaVerify: () => true,
    }));
    expect(loaded).toBeUndefined();
  });
});
