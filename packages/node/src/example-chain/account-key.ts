import { concatBytes, u32be } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { isPrivateKey } from './secp256k1-noble.js';

const utf8 = new TextEncoder();
const domain = utf8.encode('HS:account-key:v1');

/**
 * The private key of account `index` of a seed: SHA-256 over a domain, the hash of the seed, the index and an attempt number.
 *
 * The first attempt is a valid key but for one case in 2^127. Meant for chains whose accounts are anyone's, such as examples
 * and tests.
 */
export function accountPrivateKey(seed: string, index: number): Uint8Array {
  const seedHash = sha256(utf8.encode(seed));
  for (let attempt = 0; ; attempt++) {
    const candidate = sha256(concatBytes(domain, seedHash, u32be(index), u32be(attempt)));
    if (isPrivateKey(candidate)) return candidate;
  }
}
