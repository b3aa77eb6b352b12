import type { HeaderCodec } from './header-codec.js';
import { desoHeaderFields } from './internal/deso-header-fields.js';
import { encodeField } from './internal/field.js';
import { PayloadReader } from './internal/payload-reader.js';

/** What all DeSo headers have. Hashes are 32 bytes. */
interface DesoHeaderBase {
  readonly previousBlockHash: Uint8Array;
  readonly transactionMerkleRoot: Uint8Array;
  /** Below 2^32. */
  readonly height: number;
}

/** Proof of work, 80 bytes. */
export interface DesoHeaderV0 extends DesoHeaderBase {
  readonly version: 0;
  /** Below 2^32. */
  readonly timestampSeconds: number;
  /** Below 2^32. */
  readonly nonce: number;
}

/** Proof of work, 100 bytes. */
export interface DesoHeaderV1 extends DesoHeaderBase {
  readonly version: 1;
  /** Below 2^32. */
  readonly timestampSeconds: number;
  readonly nonce: bigint;
  readonly extraNonce: bigint;
}

/** Signatures of many validators in one. Opaque here. */
export interface AggregateSignature {
  /** Which validators signed: the big-endian bytes of a number with one bit each. */
  readonly signers: Uint8Array;
  readonly signature: Uint8Array;
}

/** Validators' votes for a block. */
export interface QuorumCertificate {
  readonly blockHash: Uint8Array;
  readonly proposedInView: bigint;
  readonly aggregateSignature: AggregateSignature;
}

/** Validators' votes to give up a view. */
export interface TimeoutCertificate {
  readonly timedOutView: bigint;
  readonly highQuorumCertificate: QuorumCertificate;
  readonly highQuorumCertificateViews: readonly bigint[];
  readonly aggregateSignature: AggregateSignature;
}

/** Proof of stake. BLS keys and signatures are opaque bytes. */
export interface DesoHeaderV2 extends DesoHeaderBase {
  readonly version: 2;
  readonly timestampNanos: bigint;
  /** Not empty. */
  readonly proposerVotingPublicKey: Uint8Array;
  /** Not empty. */
  readonly proposerRandomSeedSignature: Uint8Array;
  readonly proposedInView: bigint;
  /** Exactly one of the two certificates is there. */
  readonly voteCertificate?: QuorumCertificate;
  readonly timeoutCertificate?: TimeoutCertificate;
  /** Empty in the bytes that are hashed and signed. */
  readonly proposerVotePartialSignature: Uint8Array;
}

/** A block header of DeSo. */
export type DesoHeader = DesoHeaderV0 | DesoHeaderV1 | DesoHeaderV2;

/** The three header layouts of the Go node, told apart by their first four bytes. */
export const desoHeaderCodec: HeaderCodec<DesoHeader> = {
  maxBytes: 65_536,
  encode: (header) => encodeField(desoHeaderFields, header),
  decode(bytes, offset) {
    const reader = PayloadReader.over(bytes.subarray(offset), { reading: 'header', itemsLeft: 65_536 });
    const header = desoHeaderFields.read(reader);
    return { header, end: offset + reader.offset };
  },
  hasBlockProducerInfo: (header) => header.version !== 0,
};
