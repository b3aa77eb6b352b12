import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { keccakP, sha3_256 as nobleSha3 } from '@noble/hashes/sha3.js';
import type { DesoHeader, DesoHeaderV2 } from './deso-header.js';
import { desoHeaderCodec } from './deso-header.js';
import { doubleSha256, type Sha256 } from './double-sha256.js';

/** SHA3-256 of `bytes`: 32 bytes. */
export type Sha3 = (bytes: Uint8Array) => Uint8Array;

/** Hashes to use in place of the portable ones. */
export interface DesoHashes {
  readonly sha256?: Sha256 | undefined;
  readonly sha3?: Sha3 | undefined;
}

/** Proof-of-work hash of the first DeSo headers: SHA-256, then a hundred rounds of it with SHA3-256 before every seventh. */
export function desoHashV0(bytes: Uint8Array, hashes: DesoHashes = {}): Uint8Array {
  const { sha256 = nobleSha256, sha3 = nobleSha3 } = hashes;
  let hash = sha256(bytes);
  for (let round = 0; round < 100; round++) hash = sha256(round % 7 === 0 ? sha3(hash) : hash);
  return hash;
}

const rateBytes = 136;
const finalMask: readonly number[] = [
  0x8c, 0xb3, 0xa3, 0xbb, 0x49, 0x49, 0xe4, 0xae, 0x46, 0x8b, 0x6e, 0x7b, 0x4d, 0xa0, 0x2e, 0x34, 0xa5, 0x51, 0x44,
  0xb8, 0xb3, 0xe7, 0xbe, 0x49, 0x98, 0x55, 0x67, 0x9e, 0xd8, 0xd0, 0xcf, 0xf5,
];

/**
 * Proof-of-work hash of the later DeSo headers: SHA3-256 with two changes. After every round of the permutation, bits 2+3k and 4+3k of
 * each of the 25 lanes change places, for k from 0 to 19; and the result is XORed with a constant.
 */
export function desoHashV1(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(rateBytes * (Math.floor(bytes.length / rateBytes) + 1));
  padded.set(bytes);
  padded[bytes.length] = 0x06;
  (padded[padded.length - 1] as number) |= 0x80;
  const words = new DataView(padded.buffer);
  const state = new Uint32Array(50);
  for (let block = 0; block < padded.length; block += rateBytes) {
    for (let word = 0; word < rateBytes / 4; word++) (state[word] as number) ^= words.getUint32(block + 4 * word, true);
    permute(state);
  }
  const hash = new Uint8Array(32);
  const view = new DataView(hash.buffer);
  for (let word = 0; word < 8; word++) view.setUint32(4 * word, state[word] as number, true);
  return hash.map((byte, index) => byte ^ (finalMask[index] as number));
}

/** The hash that names a header: proof of work by its version, or double SHA-256; a vote's signature is left out of it. */
export function desoHeaderHash(header: DesoHeader, hashes: DesoHashes = {}): Uint8Array {
  if (header.version === 0) return desoHashV0(desoHeaderCodec.encode(header), hashes);
  if (header.version === 1) return desoHashV1(desoHeaderCodec.encode(header));
  return doubleSha256(desoHeaderSigningBytes(header), hashes.sha256);
}

/** A proof-of-stake header with its proposer's vote left empty: what is hashed. */
export function desoHeaderSigningBytes(header: DesoHeaderV2): Uint8Array {
  return desoHeaderCodec.encode({ ...header, proposerVotePartialSignature: new Uint8Array(0) });
}

/** Low and high half of the constant of each Keccak round, from the linear feedback shift register of FIPS 202, section 3.2.5. */
const roundConstants: Uint32Array = /* @__PURE__ */ ((): Uint32Array => {
  const constants = new Uint32Array(48);
  let register = 1;
  for (let round = 0; round < 24; round++) {
    for (let j = 0; j < 7; j++) {
      const bit = (1 << j) - 1;
      if (register & 1) (constants[2 * round + (bit >> 5)] as number) ^= 1 << (bit & 31);
      register = (register << 1) ^ (register >> 7 ? 0x171 : 0);
    }
  }
  return constants;
})();

/** 24 rounds of Keccak, each followed by the exchange of bits. A library's single round is always its last, so its constant is replaced. */
function permute(state: Uint32Array): void {
  for (let round = 0; round < 24; round++) {
    keccakP(state, 1);
    for (let half = 0; half < 2; half++) {
      (state[half] as number) ^= (roundConstants[46 + half] as number) ^ (roundConstants[2 * round + half] as number);
    }
    for (let word = 0; word < 50; word += 2) {
      state[word] = exchange(state[word] as number, 0x2492_4924);
      state[word + 1] = exchange(state[word + 1] as number, 0x0924_9249);
    }
  }
}

/** `word` with each bit of `lower` exchanged for the bit two places above it. No pair crosses the halves of a lane. */
function exchange(word: number, lower: number): number {
  return (word & ~(lower | (lower << 2))) | ((word & lower) << 2) | ((word >>> 2) & lower);
}
