import type { RecentBlock } from '../activity/node-activity.js';
import type { Rates } from '../activity/rate-history.js';
import type { MapPrefix } from '../activity/state-map.js';
import type { NodeStatus, PeerSummary } from '../full-node.js';
import type { BanRecord } from '../network/ban-record.js';
import type { NodePhase } from '../sync/sync-manager.js';

/** Ranges, records and bytes. */
export interface Amounts {
  readonly ranges: number;
  readonly records: number;
  readonly bytes: number;
}

/** A download under way. */
export interface DownloadSection {
  readonly snapshotHeight: number;
  readonly total: Amounts;
  readonly done: Amounts;
  /** Part of `done` that an earlier run of the process had. */
  readonly resumed: Amounts;
  readonly requests: number;
  readonly proving: number;
  readonly committing: number;
  readonly heldBytes: number;
  readonly limitBytes: number;
  readonly etaMs: number | undefined;
  readonly waitingFor: string;
  readonly waitingForMs: number;
}

/** Where the node is. */
export interface SyncSection {
  readonly phase: NodePhase;
  readonly sinceMs: number;
  readonly text: string;
  readonly download: DownloadSection | undefined;
  /** The download that this process has completed. */
  readonly downloaded:
    | {
        readonly snapshotHeight: number;
        readonly records: number;
        readonly bytes: number;
        readonly resumedRecords: number;
        readonly elapsedMs: number;
      }
    | undefined;
  readonly height: number | undefined;
  readonly stateRoot: string | undefined;
  readonly records: number;
  readonly stateBytes: number;
  readonly headerHeight: number;
  readonly headerHash: string;
  readonly tipTimeMs: number;
  readonly pool: NodeStatus['pool'];
  readonly lastNetworkError: { readonly message: string; readonly atMs: number } | undefined;
}

/** A promise to keep a snapshot. */
export interface Lease {
  readonly height: number;
  readonly endsAtMs: number;
}

/** One peer, with its part in the download if it had any. */
export interface PeerSection extends Omit<PeerSummary, 'bytesIn' | 'bytesOut' | 'lease' | 'promised'> {
  /** The snapshot that it has promised to serve, and until when. */
  readonly lease: Lease | undefined;
  /** The snapshot that it was promised. */
  readonly promised: Lease | undefined;
  /** In megabytes, so that a quiet peer is not news. */
  readonly megabytesIn: number;
  readonly megabytesOut: number;
  readonly share: number | undefined;
  readonly ranges: number | undefined;
  readonly bytesPerSecond: number | undefined;
  readonly downloadScore: number | undefined;
  readonly failures: number | undefined;
}

/** What the page shows, in parts that are sent again only when they change. */
export interface PageSections {
  readonly node: Pick<NodeStatus, 'userAgent' | 'chain' | 'nodeId'> & { readonly memoryMegabytes: number };
  readonly sync: SyncSection;
  readonly peers: readonly PeerSection[];
  readonly bans: readonly BanRecord[];
  readonly trust: NodeStatus['trust'];
  readonly snapshots: NodeStatus['snapshots'];
  readonly blocks: readonly RecentBlock[];
  readonly prefixes: readonly MapPrefix[];
}

/** All cells of a map. */
export interface WholeMap {
  /** Names this map; changes belong to the map of the same name. */
  readonly id: number;
  readonly height: number;
  readonly isDownload: boolean;
  readonly ranges: number;
  readonly cells: number;
  readonly rangesPerCell: number;
  /** Names of peers by their number; 0 is nobody. */
  readonly peers: readonly string[];
  /** Pairs: how many cells, and their code (stage, and peer times 8). */
  readonly runs: readonly number[];
}

/** Cells that changed. */
export interface MapChange {
  readonly id: number;
  /** Those that were added. */
  readonly peers: readonly string[];
  /** Triples: first cell, how many, and their code. */
  readonly runs: readonly number[];
}

/** The event `whole`: everything, to begin with or to begin again. */
export interface WholeEvent {
  readonly nowMs: number;
  readonly sections: PageSections;
  readonly map: WholeMap | undefined;
  readonly rates: Rates;
}

/** The event `change`: what is new since the event before. */
export interface ChangeEvent {
  readonly nowMs: number;
  readonly sections: Partial<PageSections>;
  /** Another map. */
  readonly map?: WholeMap;
  readonly mapChange?: MapChange;
  /** Seconds to be added. */
  readonly rates?: Rates;
}
