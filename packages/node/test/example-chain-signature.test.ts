import { describe, expect, test } from '@jest/globals';
import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { loadNativeSecp256k1 } from '../src/example-chain/secp256k1-native.js';
import { isCompressedPoint, nobleSecp256k1 } from '../src/example-chain/secp256k1-noble.js';
import {
  compactFromDer,
  derFromCompact,
  hasLowS,
  maxLowSDerBytes,
  type Secp256k1,
} from '../src/example-chain/signature.js';

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

describe('DER', () => {
  test('a signature survives the way to DER and back, as noble writes it', () => {
    fc.assert(
      fc.property(bytes32, privateKey, (hash, key) => {
        const compact = nobleSecp256k1.sign(hash, key);
        const der = derFromCompact(compact);
        expect(der).toEqual(noble.Signature.fromBytes(compact, 'compact').toBytes('der'));
        expect(der.length).toBeLessThanOrEqual(maxLowSDerBytes);
        expect(compactFromDer(der)).toEqual(compact);
      }),
      { numRuns: 50 },
    );
  });

  test('every positive pair of integers has one encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (compact) => {
        fc.pre(compact.subarray(0, 32).some(Boolean) && compact.subarray(32).some(Boolean));
        expect(compactFromDer(derFromCompact(compact))).toEqual(compact);
      }),
    );
  });

  test('whatever is read is written back to the same bytes', () => {
    const nearDer = fc
      .tuple(bytes32, bytes32, fc.array(fc.tuple(fc.nat(71), fc.nat(255)), { maxLength: 3 }))
      .map(([r, s, changes]) => {
        const der = derFromCompact(Uint8Array.of(...r, ...s));
        for (const [index, value] of changes) der[index % der.length] = value;
        return der;
      });
    fc.assert(
      fc.property(nearDer, (der) => {
        const compact = compactFromDer(der);
        if (compact !== undefined) expect(derFromCompact(compact)).toEqual(der);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['nothing', []],
    ['another tag', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['a length that is too short', [0x30, 5, 2, 1, 1, 2, 1, 1]],
    ['a byte after the end', [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ['a byte after s inside', [0x30, 7, 2, 1, 1, 2, 1, 1, 0]],
    ['a long-form length', [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]],
    ['a negative r', [0x30, 6, 2, 1, 0x81, 2, 1, 1]],
    ['a needless zero before r', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ['a needless zero before s', [0x30, 7, 2, 1, 1, 2, 2, 0, 1]],
    ['a zero r', [0x30, 6, 2, 1, 0, 2, 1, 1]],
    ['an empty r', [0x30, 5, 2, 0, 2, 1, 1, 0]],
    ['an r past the end', [0x30, 6, 2, 9, 1, 2, 1, 1]],
    ['no s', [0x30, 6, 2, 4, 1, 1, 1, 1]],
  ])('%s is refused', (_, der) => {
    expect(compactFromDer(Uint8Array.from(der))).toBeUndefined();
  });

  test('the shortest signature is accepted', () => {
    const compact = new Uint8Array(64);
    compact[31] = 1;
    compact[63] = 2;
    expect(compactFromDer(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 2))).toEqual(compact);
  });
});

describe('low S', () => {
  const half = noble.Point.CURVE().n >> 1n;
  const withS = (s: bigint): Uint8Array =>
    Uint8Array.from(Buffer.from(`${'01'.padStart(64, '0')}${s.toString(16).padStart(64, '0')}`, 'hex'));

  test('half of the order is low, one more is high', () => {
    expect(hasLowS(withS(half))).toBe(true);
    expect(hasLowS(withS(half - 1n))).toBe(true);
    expect(hasLowS(withS(half + 1n))).toBe(false);
  });
});

describe('libsecp256k1 and noble', () => {
  test('agree on keys and signatures', () => {
    fc.assert(
      fc.property(bytes32, privateKey, (hash, key) => {
        expect(native().publicKeyOf(key)).toEqual(nobleSecp256k1.publicKeyOf(key));
        expect(native().sign(hash, key)).toEqual(nobleSecp256k1.sign(hash, key));
        expect(hasLowS(native().sign(hash, key))).toBe(true);
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
