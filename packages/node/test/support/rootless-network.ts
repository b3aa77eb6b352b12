import { totalChecksum } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { Logger } from '../../src/logger.js';
import type { TrustedChecksum } from '../../src/sync/trusted-checksums.js';
import type { ExampleMessage } from './meddling-proxy.js';
import { type ExampleNode, hasher } from './test-network.js';

export type SnapshotData = Extract<ExampleMessage, { readonly type: 'snapshot-data'; readonly requestId: number }>;
type StateChecksums = Extract<ExampleMessage, { readonly type: 'state-checksums' }>;
type Snapshots = StateChecksums['snapshots'];

/** The checksum of a node's whole state at a snapshot. */
export async function checksumAt(node: ExampleNode, height: number): Promise<TrustedChecksum> {
  const checksums = [...node.store.snapshotSummaries(height).values()].map(({ checksum }) => checksum);
  return { height, checksum: await totalChecksum(checksums, hasher) };
}

/** What a proxy answers with when it says something else about snapshots. */
export function sayingOfSnapshots(change: (snapshots: Snapshots) => Snapshots) {
  return (message: ExampleMessage): ExampleMessage =>
    message.type === 'state-checksums' ? { ...message, snapshots: change(message.snapshots) } : message;
}

/** Another state that is possible by its numbers: two prefixes have each other's checksums, and one of them both times. */
export function anotherState(snapshots: Snapshots): Snapshots {
  return snapshots.map((snapshot) => {
    const [first, second] = snapshot.prefixes;
    if (first === undefined || second === undefined) throw new Error('too few prefixes');
    return { ...snapshot, prefixes: [{ ...first, checksum: second.checksum }, ...snapshot.prefixes.slice(1)] };
  });
}

export function isChunk(message: ExampleMessage): message is SnapshotData {
  return message.type === 'snapshot-data' && 'requestId' in message && message.isAvailable;
}

/** The chunk without its first record, if it is of this prefix. */
export function withoutFirst(message: SnapshotData, prefix: number): SnapshotData {
  const { bytes, offsets } = message.records;
  if (offsets.length <= 4 || bytes[offsets[0] ?? 0] !== prefix) return message;
  return { ...message, records: { bytes, offsets: offsets.slice(4) } };
}

/** The answer of a node that does not serve the snapshot. */
export function unavailable(message: SnapshotData): SnapshotData {
  const none = new Uint8Array(0);
  return { ...message, isAvailable: false, nextKey: none, records: { bytes: none, offsets: new Uint32Array(0) } };
}

/** A logger that keeps warnings. */
export function collectingLogger(): Logger & {
  readonly warnings: { readonly fields: object; readonly message: string }[];
} {
  const warnings: { fields: object; message: string }[] = [];
  const nothing = (): void => undefined;
  const warn = (fields: object, message: string): void => {
    warnings.push({ fields, message });
  };
  return { warnings, warn, debug: nothing, info: nothing, error: nothing };
}

export const sumText = ({ height, checksum }: TrustedChecksum): string => `${height}:${toHex(checksum)}`;
