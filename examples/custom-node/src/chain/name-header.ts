import type { HeaderCodec } from '@hs/wire';
import { sha256 } from './keys.js';
import { ruleBroken } from './refusal.js';

/** A member of the committee vouches for a block. */
export interface Vote {
  /** Place of the member in the committee. */
  readonly member: number;
  /** 65 bytes. */
  readonly signature: Uint8Array;
}

/** The header of this chain. Nobody in particular makes a block; a quorum of the committee votes for it. */
export interface NameHeader {
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly parentId: Uint8Array;
  /** Hash of the transaction ids; in genesis, of everything that nodes of this chain must agree on. */
  readonly contentsHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly snapshotRoot: Uint8Array | undefined;
  /** Ascending by member. Not part of the block id: any quorum makes the same block final. */
  readonly votes: readonly Vote[];
}

const maxVotes = 32;
const signatureBytes = 65;
const unvotedBytes = 4 + 8 + 4 * 32;
const noRoot = new Uint8Array(32);

/** Height (u32), time (u64), parent id, contents hash, state root, snapshot root or zeros; all integers little-endian. */
function unvotedHeader(header: NameHeader): Uint8Array {
  const bytes = new Uint8Array(unvotedBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.height, true);
  view.setBigUint64(4, BigInt(header.timeMs), true);
  const hashes = [header.parentId, header.contentsHash, header.stateRoot, header.snapshotRoot ?? noRoot];
  for (const [index, hash] of hashes.entries()) bytes.set(hash, 12 + 32 * index);
  return bytes;
}

/** The block id, and what votes are signatures of. */
export function headerId(header: NameHeader): Uint8Array {
  return sha256('name-registry block', unvotedHeader(header));
}

/** The header, a byte with the number of votes, then each vote: the member's number (1 byte) and signature. */
export const nameHeaderCodec: HeaderCodec<NameHeader> = {
  maxBytes: unvotedBytes + 1 + maxVotes * (1 + signatureBytes),
  hasBlockProducerInfo: () => false,

  encode(header) {
    const votes = header.votes.flatMap(({ member, signature }) => [member, ...signature]);
    return Uint8Array.of(...unvotedHeader(header), header.votes.length, ...votes);
  },

  decode(bytes, offset) {
    const voteCount = bytes[offset + unvotedBytes] ?? 0;
    const votesStart = offset + unvotedBytes + 1;
    const end = votesStart + voteCount * (1 + signatureBytes);
    if (voteCount > maxVotes || end > bytes.length) throw ruleBroken('HeaderMalformed', 'not a header');
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, unvotedBytes);
    // Decoded bytes are views of a message, which a header that is kept must not keep alive.
    const hashAt = (index: number): Uint8Array => bytes.slice(offset + 12 + 32 * index, offset + 12 + 32 * (index + 1));
    const snapshotRoot = hashAt(3);
    const votes = Array.from({ length: voteCount }, (_, index): Vote => {
      const start = votesStart + index * (1 + signatureBytes);
      return { member: bytes[start] ?? 0, signature: bytes.slice(start + 1, start + 1 + signatureBytes) };
    });
    const header = {
      height: view.getUint32(0, true),
      timeMs: Number(view.getBigUint64(4, true)),
      parentId: hashAt(0),
      contentsHash: hashAt(1),
      stateRoot: hashAt(2),
      snapshotRoot: snapshotRoot.every((byte) => byte === 0) ? undefined : snapshotRoot,
      votes,
    };
    if (!Number.isSafeInteger(header.timeMs)) throw ruleBroken('HeaderMalformed', 'no such time');
    return { header, end };
  },
};
