import { describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { compactSignatureBytes, doubleSha256, hasLowS, signatureCodec } from '../src/index.js';
import { hex, thrownBy } from './support/hex.js';

const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Uint8Array.from(value));
const { n } = secp256k1.Point.CURVE();
const numberBytes = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const compactOf = (r: bigint, s: bigint): Uint8Array => new Uint8Array([...numberBytes(r), ...numberBytes(s)]);
const integer = fc.bigInt(1n, 2n ** 256n - 1n);

describe('DER', () => {
  test('is written as noble writes it, and read back', () => {
    fc.assert(
      fc.property(bytesOf(32), fc.bigInt(1n, n - 1n), (hash, key) => {
        const compact = secp256k1.sign(hash, numberBytes(key), { prehash: false, format: 'compact' });
        const der = signatureCodec.encode({ compact });
        expect(hex(der)).toBe(hex(secp256k1.Signature.fromBytes(compact, 'compact').toBytes('der')));
        expect(signatureCodec.decode(der)).toEqual({ compact });
      }),
      { numRuns: 50 },
    );
  });

  test('every positive pair of integers has one encoding under each tag', () => {
    fc.assert(
      fc.property(integer, integer, fc.constantFrom(undefined, 0, 1, 2, 3), (r, s, recoveryId) => {
        const signature = { compact: compactOf(r, s), ...(recoveryId === undefined ? {} : { recoveryId }) };
        const der = signatureCodec.encode(signature);
        expect(der[0]).toBe(recoveryId === undefined ? 0x30 : 0x31 + recoveryId);
        expect(der.length).toBeLessThanOrEqual(signatureCodec.maxBytes);
        expect(signatureCodec.decode(der)).toEqual(signature);
      }),
    );
  });

  test('whatever is read is written back to the same bytes', () => {
    const nearDer = fc
      .tuple(integer, integer, fc.array(fc.tuple(fc.nat(71), fc.nat(255)), { maxLength: 3 }))
      .map(([r, s, changes]) => {
        const der = signatureCodec.encode({ compact: compactOf(r, s) });
        for (const [index, value] of changes) der[index % der.length] = value;
        return der;
      });
    fc.assert(
      fc.property(nearDer, (der) => {
        let signature: ReturnType<typeof signatureCodec.decode>;
        try {
          signature = signatureCodec.decode(der);
        } catch (error) {
          expect((error as { code: string }).code).toBe('WIRE_INVALID_VALUE');
          return;
        }
        expect(hex(signatureCodec.encode(signature))).toBe(hex(der));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['nothing', []],
    ['another tag', [0x35, 6, 2, 1, 1, 2, 1, 1]],
    ['a tag below a sequence', [0x2f, 6, 2, 1, 1, 2, 1, 1]],
    ['a length that is too short', [0x30, 5, 2, 1, 1, 2, 1, 1]],
    ['a byte after the end', [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ['a byte after s inside', [0x30, 7, 2, 1, 1, 2, 1, 1, 0]],
    ['a long-form length', [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]],
    ['a negative r', [0x30, 6, 2, 1, 0x81, 2, 1, 1]],
    ['a negative s', [0x30, 6, 2, 1, 1, 2, 1, 0x81]],
    ['a needless zero before r', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ['a needless zero before s', [0x30, 7, 2, 1, 1, 2, 2, 0, 1]],
    ['a zero r', [0x30, 6, 2, 1, 0, 2, 1, 1]],
    ['a zero s', [0x30, 6, 2, 1, 1, 2, 1, 0]],
    ['an empty r', [0x30, 5, 2, 0, 2, 1, 1, 0]],
    ['an r past the end', [0x30, 6, 2, 9, 1, 2, 1, 1]],
    ['an r of 33 bytes', [0x30, 38, 2, 33, ...new Array(33).fill(1), 2, 1, 1]],
    ['no s', [0x30, 6, 2, 4, 1, 1, 1, 1]],
  ])('%s is refused', (_, der) => {
    expect(thrownBy(() => signatureCodec.decode(Uint8Array.from(der))).code).toBe('WIRE_INVALID_VALUE');
  });

  test('more bytes than any signature has are refused unread', () => {
    expect(thrownBy(() => signatureCodec.decode(new Uint8Array(73))).code).toBe('WIRE_LIMIT_EXCEEDED');
  });

  test('the shortest signature is accepted', () => {
    const { compact } = signatureCodec.decode(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 2));
    expect(hex(compact)).toBe(hex(compactOf(1n, 2n)));
  });

  test.each([
    ['63 bytes', { compact: new Uint8Array(63).fill(1) }],
    ['a zero r', { compact: compactOf(0n, 1n) }],
    ['a zero s', { compact: compactOf(1n, 0n) }],
    ['a recovery id of 4', { compact: compactOf(1n, 1n), recoveryId: 4 }],
    ['a recovery id of -1', { compact: compactOf(1n, 1n), recoveryId: -1 }],
    ['half a recovery id', { compact: compactOf(1n, 1n), recoveryId: 0.5 }],
  ])('%s have no encoding', (_, signature) => {
    expect(thrownBy(() => signatureCodec.encode(signature)).name).toBe('RangeError');
  });
});

test('the signer is recovered from a recoverable signature: 100 keys, 10 messages each', () => {
  for (let index = 1; index <= 100; index++) {
    const key = doubleSha256(Uint8Array.of(index));
    const publicKey = hex(secp256k1.getPublicKey(key, true));
    for (let message = 0; message < 10; message++) {
      const hash = doubleSha256(Uint8Array.of(index, message));
      // Noble puts the recovery id before r and s.
      const recovered = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
      const der = signatureCodec.encode({ compact: recovered.subarray(1), recoveryId: recovered[0] as number });
      const { compact, recoveryId } = signatureCodec.decode(der);
      expect(compact).toHaveLength(compactSignatureBytes);
      const signature = Uint8Array.of(recoveryId as number, ...compact);
      expect(hex(secp256k1.recoverPublicKey(signature, hash, { prehash: false }))).toBe(publicKey);
    }
  }
});

test('half of the group order is low, one more is high', () => {
  expect(hasLowS(compactOf(1n, n >> 1n))).toBe(true);
  expect(hasLowS(compactOf(1n, (n >> 1n) - 1n))).toBe(true);
  expect(hasLowS(compactOf(1n, (n >> 1n) + 1n))).toBe(false);
  expect(hasLowS(compactOf(n, 1n))).toBe(true);
});
