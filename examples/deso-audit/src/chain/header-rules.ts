import { createHash } from 'node:crypto';
import { type DesoHashes, type DesoHeader, desoHeaderHash } from '@hs/wire';
import { AuditError } from '../audit-error.js';
import type { AuditNetwork } from './networks.js';

/** What is kept of a header. */
export interface HeaderMark {
  readonly height: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly timestampNanos: bigint;
  /** 0 and 1 proof of work, 2 proof of stake. */
  readonly version: number;
}

/** Several times as fast as the portable hashes. */
const hashes: DesoHashes = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  sha3: (bytes) => createHash('sha3-256').update(bytes).digest(),
};

const nanosPerSecond = 1_000_000_000n;
const nanosPerMs = 1_000_000n;
/** How far the Go node lets a header be ahead of its clock. */
const maxAheadNanos = 7_200n * nanosPerSecond;

export function genesisMark(network: AuditNetwork): HeaderMark {
  return {
    height: 0,
    hash: network.genesisHash,
    timestampNanos: BigInt(network.genesisTimestampSeconds) * nanosPerSecond,
    version: 0,
  };
}

/**
 * Checks a header against the one before it: link, height, time, kind of consensus, and under proof of work that its hash is not above the
 * easiest target there is. The difficulty of each period, cumulative work and all signatures stay unchecked.
 *
 * @throws AuditError `AUDIT_HEADER_INVALID`
 */
export function checkHeader(
  header: DesoHeader,
  options: { readonly parent: HeaderMark; readonly network: AuditNetwork; readonly nowMs: number },
): HeaderMark {
  const { parent, network, nowMs } = options;
  const invalid = (what: string): AuditError =>
    new AuditError('AUDIT_HEADER_INVALID', `the header after height ${parent.height} ${what}`);
  if (Buffer.compare(header.previousBlockHash, parent.hash) !== 0) throw invalid('does not link to it');
  const height = parent.height + 1;
  if (header.height !== height) throw invalid(`says height ${header.height}`);
  const isProofOfStake = header.version === 2;
  if (isProofOfStake !== height >= network.proofOfStakeHeight) {
    throw invalid(`has version ${header.version}, but proof of stake begins at ${network.proofOfStakeHeight}`);
  }
  const timestampNanos = timestampOf(header);
  if (timestampNanos <= timeToExceed(parent, isProofOfStake)) throw invalid('is no later');
  if (timestampNanos > BigInt(nowMs) * nanosPerMs + maxAheadNanos) throw invalid('is more than two hours ahead');
  const hash = desoHeaderHash(header, hashes);
  if (!isProofOfStake && Buffer.compare(hash, network.easiestTarget) > 0) throw invalid('has no proof of work');
  return { height, hash, timestampNanos, version: header.version };
}

/** True if a Go node with this newest header takes itself for one that is still syncing, by the header's age alone. */
export function isTipTooOld(
  tip: HeaderMark,
  options: { readonly network: AuditNetwork; readonly nowMs: number },
): boolean {
  const { proofOfStake, proofOfWork } = options.network.maxTipAgeMs;
  const ageMs = options.nowMs - Number(tip.timestampNanos / nanosPerMs);
  return ageMs > (tip.version === 2 ? proofOfStake : proofOfWork);
}

function timestampOf(header: DesoHeader): bigint {
  return header.version === 2 ? header.timestampNanos : BigInt(header.timestampSeconds) * nanosPerSecond;
}

/** Proof of work counts whole seconds. */
function timeToExceed(parent: HeaderMark, isProofOfStake: boolean): bigint {
  return isProofOfStake ? parent.timestampNanos : (parent.timestampNanos / nanosPerSecond) * nanosPerSecond;
}
