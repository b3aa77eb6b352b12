import type { SnapshotEpochMetadata } from '@hs/wire';
import { AuditError } from '../audit-error.js';

/** A checksum that the node gave for its snapshot, and with how many chunks. */
export interface AdvertisedChecksum {
  /** Hex; empty if the node gave none. */
  readonly checksum: string;
  readonly chunks: number;
}

/** The snapshot that is being downloaded, as the node describes it. Plain data, kept in the store. */
export interface SnapshotClaim {
  readonly height: number;
  /** Hex. */
  readonly blockHash: string;
  readonly firstSnapshotHeight: number;
  /** In the order in which they were first given; the last is that of the newest chunk. */
  readonly checksums: readonly AdvertisedChecksum[];
}

/** What the description in an answer means for the download under way. */
export type ClaimChange = 'same' | 'first' | 'newer';

/**
 * Compares the description in an answer with the snapshot under way.
 *
 * @throws AuditError `AUDIT_NO_SNAPSHOT` if it describes none, `AUDIT_SNAPSHOT_INVALID` if it contradicts what the node said before
 */
export function claimChange(claim: SnapshotClaim | undefined, epoch: SnapshotEpochMetadata): ClaimChange {
  const blockHash = hex(epoch.currentEpochBlockHash);
  if (epoch.snapshotBlockHeight === 0 || /^0*$/.test(blockHash)) {
    throw new AuditError(
      'AUDIT_NO_SNAPSHOT',
      'the node has not made a snapshot yet: it makes the first one at the first multiple of its snapshot period after its start',
    );
  }
  if (claim === undefined) return 'first';
  if (epoch.snapshotBlockHeight > claim.height) return 'newer';
  if (epoch.snapshotBlockHeight < claim.height || blockHash !== claim.blockHash) {
    const now = `height ${epoch.snapshotBlockHeight}, block ${blockHash}`;
    throw new AuditError(
      'AUDIT_SNAPSHOT_INVALID',
      `the node serves the snapshot of ${now} after that of height ${claim.height}, block ${claim.blockHash}`,
    );
  }
  return 'same';
}

/** The claim after another chunk with this description. */
export function withChunk(claim: SnapshotClaim | undefined, epoch: SnapshotEpochMetadata): SnapshotClaim {
  const checksum = hex(epoch.currentEpochChecksum);
  const before = claim?.checksums ?? [];
  const chunks = before.find((each) => each.checksum === checksum)?.chunks ?? 0;
  return {
    height: epoch.snapshotBlockHeight,
    blockHash: hex(epoch.currentEpochBlockHash),
    firstSnapshotHeight: epoch.firstSnapshotBlockHeight,
    checksums: [...before.filter((each) => each.checksum !== checksum), { checksum, chunks: chunks + 1 }],
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
