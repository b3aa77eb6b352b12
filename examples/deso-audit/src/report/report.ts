import { statePrefixes } from '@hs/wire';
import type { AuditedNode } from '../audit.js';
import type { HeaderMark } from '../chain/header-rules.js';
import type { AuditNetwork } from '../chain/networks.js';
import { expectedSnapshotHeight } from '../chain/snapshot-height.js';
import type { DownloadState } from '../state/download-state.js';
import type { PrefixSum } from '../state/prefix-sum.js';
import type { SnapshotClaim } from '../state/snapshot.js';
import { type Judgement, judge } from './verdict.js';

/** The whole outcome of an audit, as it is written with `--json` and to `report.json`. */
export interface AuditReport extends Judgement {
  readonly network: string;
  /** Null if the audit was done without a connection, from what had been downloaded. */
  readonly node: {
    readonly address: string;
    readonly userAgent: string;
    readonly protocolVersion: number;
    readonly negotiatedVersion: number;
    readonly services: number;
    readonly blockHeight: number;
    readonly connections: number;
    readonly receivedBytes: number;
  } | null;
  readonly headers: { readonly height: number; readonly hash: string; readonly time: string };
  readonly snapshot: SnapshotClaim & {
    /** Height that the Go node's rule leads to with the period that the program was told. */
    readonly heightByRule: number;
    readonly chunks: number;
    readonly bytes: number;
    readonly restarts: number;
  };
  readonly prefixes: readonly (PrefixSum & { readonly name: string })[];
  readonly records: number;
  readonly bytes: number;
  readonly undecodable: number;
  readonly computedChecksum: string;
  readonly advertisedChecksum: string;
  readonly expectedChecksum: string | null;
}

/** Puts the outcome together. */
export function makeReport(options: {
  readonly network: AuditNetwork;
  readonly address: string;
  readonly audited: AuditedNode | undefined;
  readonly tip: HeaderMark;
  readonly claim: SnapshotClaim;
  readonly download: DownloadState;
  readonly sums: readonly PrefixSum[];
  readonly computed: string;
  readonly expected: string | undefined;
  readonly snapshotPeriod: number;
}): AuditReport {
  const { network, audited, tip, claim, download, sums, computed, expected } = options;
  const { chunks, bytes, restarts } = download;
  const filled = sums.filter(({ records }) => records > 0);
  const total = (of: (sum: PrefixSum) => number): number => sums.reduce((sum, each) => sum + of(each), 0);
  return {
    ...judge({ computed, claim, sums, expected }),
    network: network.name,
    node:
      audited === undefined
        ? null
        : {
            address: options.address,
            userAgent: audited.node.userAgent,
            protocolVersion: audited.node.protocolVersion,
            negotiatedVersion: audited.node.negotiatedVersion,
            services: Number(audited.node.services),
            blockHeight: audited.tips.blockHeight,
            connections: audited.connections,
            receivedBytes: audited.receivedBytes,
          },
    headers: {
      height: tip.height,
      hash: Buffer.from(tip.hash).toString('hex'),
      time: new Date(Number(tip.timestampNanos / 1_000_000n)).toISOString(),
    },
    snapshot: {
      ...claim,
      heightByRule: expectedSnapshotHeight(tip.height, { network, period: options.snapshotPeriod }),
      chunks,
      bytes,
      restarts,
    },
    prefixes: filled.map((sum) => ({ ...sum, name: statePrefixes.get(sum.prefix)?.name ?? '' })),
    records: total(({ records }) => records),
    bytes: total((sum) => sum.bytes),
    undecodable: total(({ undecodable }) => undecodable),
    computedChecksum: computed,
    advertisedChecksum: claim.checksums.at(-1)?.checksum ?? '',
    expectedChecksum: expected ?? null,
  };
}
