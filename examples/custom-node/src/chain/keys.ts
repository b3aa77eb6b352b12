import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

/**
 * Ed25519 keys of this chain, in the shapes that `Transaction` of @hs/wire has room for: a public key of 33 bytes, and a
 * signature whose first byte is 0x30. The other bytes, 32 and 64, are Ed25519's own.
 */
export interface SigningKey {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Gives 65 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

const keyTag = 0xed;
const signatureTag = 0x30;
/** What ASN.1 puts before the 32 bytes of an Ed25519 private or public key. */
const privateKeyHead = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicKeyHead = Buffer.from('302a300506032b6570032100', 'hex');

export function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** A key that anybody can make again from the same text: for demonstrations only. */
export function keyFromText(text: string): SigningKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([privateKeyHead, sha256(text)]),
    format: 'der',
    type: 'pkcs8',
  });
  const encoded = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: Uint8Array.of(keyTag, ...encoded.subarray(publicKeyHead.length)),
    sign: (message) => Uint8Array.of(signatureTag, ...sign(null, message, privateKey)),
  };
}

export function isPublicKey(bytes: Uint8Array): boolean {
  return bytes.length === 33 && bytes[0] === keyTag;
}

export function isSignature(
  signature: Uint8Array,
  of: { readonly message: Uint8Array; readonly publicKey: Uint8Array },
): boolean {
  if (!isPublicKey(of.publicKey) || signature.length !== 65 || signature[0] !== signatureTag) return false;
  const key = createPublicKey({
    key: Buffer.concat([publicKeyHead, of.publicKey.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, of.message, key, signature.subarray(1));
}
