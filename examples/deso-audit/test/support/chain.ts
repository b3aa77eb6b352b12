import { createHash } from 'node:crypto';
import { desoHashV0, desoHashV1 } from '@hs/wire';
import { ba, iv, sha256d, uv } from './go-bytes.js';

/** A header as the Go node lays it out, and its hash. */
export interface TestHeader {
  readonly height: number;
  readonly bytes: Buffer;
  readonly hash: Buffer;
  readonly timestampSeconds: number;
}

export const genesisHash: Buffer = Buffer.from(
  '5567c45b7b83b604f9ff5cb5e88dfc9ad7d5a1dd5818dd19e6d02466f47cbd62',
  'hex',
);
const genesis: TestHeader = { height: 0, bytes: Buffer.alloc(80), hash: genesisHash, timestampSeconds: 1_610_948_544 };

/** The easiest proof of work on testnet and regtest. */
const target = Buffer.from('0090'.padEnd(64, '0'), 'hex');
const hashes = {
  sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(),
  sha3: (bytes: Uint8Array) => createHash('sha3-256').update(bytes).digest(),
};

export interface ChainOptions {
  readonly length: number;
  /** Height of the first proof-of-stake header; none by default. */
  readonly proofOfStakeHeight?: number;
  /** Age of the last header. */
  readonly tipAgeSeconds?: number;
  /** Goes on from these headers; their number counts towards `length`. */
  readonly after?: readonly TestHeader[];
  /** Makes the chain another one. */
  readonly salt?: number;
}

/** A mined chain: two headers of version 0, then version 1, then version 2. The headers begin at height 1. */
export function makeChain(options: ChainOptions): TestHeader[] {
  const { length, proofOfStakeHeight = Number.POSITIVE_INFINITY, tipAgeSeconds = 60, after = [], salt = 0 } = options;
  const headers = [...after];
  const end = Math.floor(Date.now() / 1000) - tipAgeSeconds;
  for (let height = headers.length + 1; height <= length; height++) {
    const parent = headers.at(-1) ?? genesis;
    const timestampSeconds = Math.max(parent.timestampSeconds + 1, end - 60 * (length - height));
    const at = { parent, height, timestampSeconds, salt };
    if (height >= proofOfStakeHeight) headers.push(proofOfStake(at));
    else headers.push(height <= 2 ? proofOfWork0(at) : proofOfWork1(at));
  }
  return headers;
}

interface Place {
  readonly parent: TestHeader;
  readonly height: number;
  readonly timestampSeconds: number;
  readonly salt: number;
}

function proofOfWork0({ parent, height, timestampSeconds, salt }: Place): TestHeader {
  const bytes = Buffer.alloc(80);
  parent.hash.copy(bytes, 4);
  bytes.writeUInt32LE(timestampSeconds, 68);
  bytes.writeUInt32LE(height, 72);
  for (let nonce = 0; ; nonce++) {
    bytes.writeUInt32LE(salt * 0x100_0000 + nonce, 76);
    const hash = Buffer.from(desoHashV0(bytes, hashes));
    if (hash.compare(target) <= 0) return { height, bytes, hash, timestampSeconds };
  }
}

function proofOfWork1({ parent, height, timestampSeconds, salt }: Place): TestHeader {
  const bytes = Buffer.alloc(100);
  bytes.writeUInt32BE(1, 0);
  parent.hash.copy(bytes, 4);
  bytes.writeBigUInt64BE(BigInt(timestampSeconds), 68);
  bytes.writeBigUInt64BE(BigInt(height), 76);
  bytes.writeBigUInt64BE(BigInt(salt), 92);
  for (let nonce = 0; ; nonce++) {
    bytes.writeBigUInt64BE(BigInt(nonce), 84);
    const hash = Buffer.from(desoHashV1(bytes));
    if (hash.compare(target) <= 0) return { height, bytes, hash, timestampSeconds };
  }
}

function proofOfStake({ parent, height, timestampSeconds, salt }: Place): TestHeader {
  const version = Buffer.from([0, 0, 0, 2]);
  const aggregate = Buffer.concat([ba(Buffer.from([3])), ba(Buffer.alloc(48, 4))]);
  const certificate = Buffer.concat([parent.hash, uv(height - 1), aggregate]);
  const signed = Buffer.concat([
    version,
    parent.hash,
    Buffer.alloc(32, salt),
    iv(BigInt(timestampSeconds) * 1_000_000_000n),
    uv(height),
    ba(Buffer.alloc(96, 1)),
    ba(Buffer.alloc(48, 2)),
    uv(height),
    ba(certificate),
    uv(0),
  ]);
  const hash = sha256d(Buffer.concat([signed, uv(0)]));
  return { height, bytes: Buffer.concat([signed, ba(Buffer.alloc(48, 5))]), hash, timestampSeconds };
}
