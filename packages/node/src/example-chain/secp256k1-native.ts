import { createRequire } from 'node:module';
import { compactSignatureBytes } from '@hs/wire';
import { isPrivateKey, nobleSecp256k1 } from './secp256k1-noble.js';
import type { Secp256k1 } from './signature.js';

/** What is used of the `secp256k1` package, which comes without types. */
interface NativeBindings {
  ecdsaVerify(signature: Uint8Array, hash: Uint8Array, publicKey: Uint8Array): boolean;
  ecdsaSign(hash: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array };
  publicKeyCreate(privateKey: Uint8Array, isCompressed: boolean): Uint8Array;
}

/**
 * libsecp256k1, or `undefined` where its native module does not load.
 *
 * The package's own entry would fall back to a slow JavaScript implementation without a word; its native part is asked for by name.
 */
export function loadNativeSecp256k1(
  load: (name: string) => unknown = createRequire(import.meta.url),
): Secp256k1 | undefined {
  let bindings: NativeBindings;
  try {
    bindings = load('secp256k1/bindings.js') as NativeBindings;
    if (!passesSelfTest(bindings)) return undefined;
  } catch {
    return undefined;
  }
  return {
    name: 'libsecp256k1',
    verify: (hash, signature, publicKey) => {
      if (hash.length !== 32 || signature.length !== compactSignatureBytes || publicKey.length !== 33) return false;
      try {
        return bindings.ecdsaVerify(signature, hash, publicKey);
      } catch {
        return false;
      }
    },
    sign: (hash, privateKey) => {
      requirePrivateKey(privateKey);
      return bindings.ecdsaSign(hash, privateKey).signature;
    },
    publicKeyOf: (privateKey) => {
      requirePrivateKey(privateKey);
      return bindings.publicKeyCreate(privateKey, true);
    },
  };
}

/** libsecp256k1 if its native module loads on this machine, else noble; `name` tells which. */
export const defaultSecp256k1: Secp256k1 = loadNativeSecp256k1() ?? nobleSecp256k1;

/** A native module that loads but computes something else must not be trusted. */
function passesSelfTest(bindings: NativeBindings): boolean {
  const privateKey = new Uint8Array(32).fill(7);
  const hash = new Uint8Array(32).fill(9);
  const wrongHash = new Uint8Array(32).fill(8);
  const publicKey = bindings.publicKeyCreate(privateKey, true);
  const { signature } = bindings.ecdsaSign(hash, privateKey);
  return (
    nobleSecp256k1.verify(hash, signature, publicKey) &&
    bindings.ecdsaVerify(signature, hash, publicKey) &&
    !bindings.ecdsaVerify(signature, wrongHash, publicKey)
  );
}

function requirePrivateKey(privateKey: Uint8Array): void {
  if (!isPrivateKey(privateKey)) throw new RangeError('expected a secp256k1 private key of 32 bytes, 1..n-1');
}
