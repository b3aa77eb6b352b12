import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { concatBytes, u64be } from '@hs/bytes';

/** The key by which peers recognize two connections to one node. Ed25519; made anew at each start. */
export interface NodeIdentity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

const domain = new TextEncoder().encode('HS:node-id:v1');

/** A new random identity. */
export function createNodeIdentity(): NodeIdentity {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** What a node signs in its verack: fresh on both sides, so that no signature fits another connection. */
export function identityMessage(fields: {
  readonly network: number;
  /** Nonce of the signer's version message. */
  readonly signerNonce: bigint;
  /** Nonce of the version message that it received. */
  readonly receivedNonce: bigint;
}): Uint8Array {
  const { network, signerNonce, receivedNonce } = fields;
  return concatBytes(domain, u64be(network), u64be(signerNonce), u64be(receivedNonce));
}

/** True if the holder of `publicKey` has signed `message`. False for bytes that are no key. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const x = Buffer.from(publicKey).toString('base64url');
    return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
  } catch {
    return false;
  }
}
