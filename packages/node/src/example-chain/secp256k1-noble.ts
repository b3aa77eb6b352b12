import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Secp256k1 } from './signature.js';

/** secp256k1 in plain JavaScript: everywhere, about 30 times slower than the native library. */
export const nobleSecp256k1: Secp256k1 = {
  name: 'noble',
  verify: (hash, signature, publicKey) => {
    // Noble would cut a longer hash and take an uncompressed key.
    if (hash.length !== 32 || publicKey.length !== 33) return false;
    try {
      return secp256k1.verify(signature, hash, publicKey, { prehash: false, lowS: true, format: 'compact' });
    } catch {
      return false;
    }
  },
  sign: (hash, privateKey) => {
    requirePrivateKey(privateKey);
    return secp256k1.sign(hash, privateKey, { prehash: false, lowS: true, format: 'compact' });
  },
  publicKeyOf: (privateKey) => {
    requirePrivateKey(privateKey);
    return secp256k1.getPublicKey(privateKey, true);
  },
};

/** True if 33 bytes are a compressed point of the curve. */
export function isCompressedPoint(publicKey: Uint8Array): boolean {
  return publicKey.length === 33 && secp256k1.utils.isValidPublicKey(publicKey, true);
}

/** True if 32 bytes are a private key, 1..n-1. */
export function isPrivateKey(privateKey: Uint8Array): boolean {
  return privateKey.length === 32 && secp256k1.utils.isValidSecretKey(privateKey);
}

function requirePrivateKey(privateKey: Uint8Array): void {
  if (!isPrivateKey(privateKey)) throw new RangeError('expected a secp256k1 private key of 32 bytes, 1..n-1');
}
