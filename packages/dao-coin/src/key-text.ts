import { equalBytes, fromHex } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { DaoCoinError } from './error.js';
import { publicKeyBytes, requirePublicKeyBytes } from './public-key.js';

/** The DeSo networks. Testnet and regtest spell keys alike. */
export type DesoNetwork = 'mainnet' | 'testnet' | 'regtest';

const base58check = /* @__PURE__ */ createBase58check(sha256);
const prefixBytes = 3;
const privateKeyBytes = 32;
/** Longer than any key: 3 + 33 + 4 bytes take 55 characters. Decoding takes time by the square of the length. */
const maxTextLength = 64;

interface KeyKind {
  readonly name: string;
  readonly bytes: number;
  readonly prefixes: Readonly<Record<DesoNetwork, string>>;
}

const publicKeys: KeyKind = {
  name: 'public key',
  bytes: publicKeyBytes,
  prefixes: { mainnet: 'cd1400', testnet: '11c200', regtest: '11c200' },
};
const privateKeys: KeyKind = {
  name: 'private key',
  bytes: privateKeyBytes,
  prefixes: { mainnet: '350000', testnet: '4f061b', regtest: '4f061b' },
};

/**
 * A public key or PKID as people see it: base58check with the network's prefix, `BC1YL...` or `tBCK...`.
 *
 * @throws RangeError unless it has 33 bytes and the network is known
 */
export function formatPublicKey(publicKey: Uint8Array, network: DesoNetwork): string {
  requirePublicKeyBytes(publicKey, 'publicKey');
  return format(publicKey, { kind: publicKeys, network });
}

/**
 * The 33 bytes of a public key or PKID. Whether they are a curve point is `isValidPublicKey`'s to say: a PKID need not be one.
 *
 * The prefix must be the network's; the Go node strips it unread.
 *
 * @throws DAO_COIN_MALFORMED_KEY
 * @throws RangeError if the network is not known
 */
export function parsePublicKey(text: string, network: DesoNetwork): Uint8Array {
  return parse(text, { kind: publicKeys, network });
}

/** A private key in base58check, as wallets export it. @throws RangeError unless it has 32 bytes and the network is known */
export function formatPrivateKey(privateKey: Uint8Array, network: DesoNetwork): string {
  if (!ArrayBuffer.isView(privateKey) || privateKey.length !== privateKeyBytes) {
    throw new RangeError(`privateKey must be ${privateKeyBytes} bytes`);
  }
  return format(privateKey, { kind: privateKeys, network });
}

/**
 * The 32 bytes of a private key.
 *
 * @throws DAO_COIN_MALFORMED_KEY, whose message and details tell nothing of the key
 * @throws RangeError if the network is not known
 */
export function parsePrivateKey(text: string, network: DesoNetwork): Uint8Array {
  return parse(text, { kind: privateKeys, network });
}

function format(key: Uint8Array, of: { readonly kind: KeyKind; readonly network: DesoNetwork }): string {
  const payload = new Uint8Array(prefixBytes + key.length);
  payload.set(prefixOf(of));
  payload.set(key, prefixBytes);
  return base58check.encode(payload);
}

function parse(text: string, of: { readonly kind: KeyKind; readonly network: DesoNetwork }): Uint8Array {
  if (typeof text !== 'string') throw new TypeError('expected a text');
  const prefix = prefixOf(of);
  const { kind, network } = of;
  const fail = (problem: string): DaoCoinError =>
    new DaoCoinError('DAO_COIN_MALFORMED_KEY', `Not a ${kind.name} of ${network}: ${problem}`, {
      details: { problem, network },
    });
  if (text.length > maxTextLength) throw fail(`${text.length} characters are too many`);
  let payload: Uint8Array;
  try {
    payload = base58check.decode(text);
  } catch {
    // The library's message may quote the text, which may be a private key.
    throw fail('the letters or the checksum are wrong');
  }
  if (!equalBytes(payload.subarray(0, prefixBytes), prefix)) throw fail("the prefix is not this network's");
  if (payload.length !== prefixBytes + kind.bytes) throw fail(`it must hold ${kind.bytes} bytes`);
  return payload.slice(prefixBytes);
}

function prefixOf({ kind, network }: { readonly kind: KeyKind; readonly network: DesoNetwork }): Uint8Array {
  if (!Object.hasOwn(kind.prefixes, network)) throw new RangeError("network must be 'mainnet', 'testnet' or 'regtest'");
  return fromHex(kind.prefixes[network]);
}
