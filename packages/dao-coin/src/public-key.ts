import { secp256k1 } from '@noble/curves/secp256k1.js';

/** Length of a compressed secp256k1 public key, and of a PKID. */
export const publicKeyBytes = 33;

/**
 * Makes a check whether bytes are a compressed secp256k1 point. Verdicts are remembered for the last `maxCachedKeys`
 * distinct keys (default 16,384, about 3 MB), because finding the point costs a square root in the field.
 */
export function createPublicKeyCheck(
  options: { readonly maxCachedKeys?: number } = {},
): (publicKey: Uint8Array) => boolean {
  const { maxCachedKeys = 16_384 } = options;
  if (!Number.isSafeInteger(maxCachedKeys) || maxCachedKeys < 0) {
    throw new RangeError('maxCachedKeys must be a non-negative integer');
  }
  const verdicts = new Map<string, boolean>();
  return (publicKey) => {
    if (publicKey.length !== publicKeyBytes || (publicKey[0] !== 2 && publicKey[0] !== 3)) return false;
    if (maxCachedKeys === 0) return isPoint(publicKey);
    const name = String.fromCharCode(...publicKey);
    const known = verdicts.get(name);
    if (known !== undefined) {
      // Insertion order is age: a key in use moves to the young end.
      verdicts.delete(name);
      verdicts.set(name, known);
      return known;
    }
    const verdict = isPoint(publicKey);
    verdicts.set(name, verdict);
    if (verdicts.size > maxCachedKeys) {
      for (const oldest of verdicts.keys()) {
        verdicts.delete(oldest);
        break;
      }
    }
    return verdict;
  };
}

/** True if the bytes are a compressed secp256k1 point; remembers its verdicts, see {@link createPublicKeyCheck}. */
export const isValidPublicKey: (publicKey: Uint8Array) => boolean = /* @__PURE__ */ createPublicKeyCheck();

/** @throws RangeError unless `bytes` has the length of a public key */
export function requirePublicKeyBytes(bytes: Uint8Array, name: string): void {
  if (!ArrayBuffer.isView(bytes) || bytes.length !== publicKeyBytes) {
    throw new RangeError(`${name} must be ${publicKeyBytes} bytes`);
  }
}

function isPoint(publicKey: Uint8Array): boolean {
  try {
    secp256k1.Point.fromBytes(publicKey);
    return true;
  } catch {
    return false;
  }
}
