import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { NodeStatus } from '../full-node.js';
import type { AnsweredRequest } from '../http/http-listener.js';
import type { HttpNode } from '../http/http-node.js';
import { nodePhases } from '../sync/node-phases.js';

/** Seconds; blocks take from under a millisecond to seconds. */
const blockBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const requestBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

/** The metrics of one node, in Prometheus' text format. */
export interface NodeMetrics {
  readonly contentType: string;
  /** All of them, read from the node now. */
  text(): Promise<string>;
  requestAnswered(request: AnsweredRequest): void;
  /** Ends what was begun to collect them. */
  close(): void;
}

/** What a gauge reads; `undefined` leaves it out. */
type Reading = (status: NodeStatus) => number | undefined;

/**
 * Metrics of a node, for `/metrics`. Nothing is computed between two scrapes but counts. Labels are phases, directions, states,
 * routes and status codes: none grows with peers, heights or requests.
 */
export function createNodeMetrics<Header>(
  node: Pick<HttpNode<Header>, 'status' | 'activity' | 'phase' | 'clock'>,
  options: { readonly streams: () => number },
): NodeMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  // One status for all gauges of a scrape.
  let status: NodeStatus | undefined;
  const { activity, clock } = node;
  const { counters } = activity;

  const gauge = (name: string, help: string, read: Reading): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = status === undefined ? undefined : read(status);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const labelled = <Label extends string>(
    name: string,
    options: { readonly help: string; readonly label: string; readonly values: readonly Label[] },
    read: (status: NodeStatus, value: Label) => number | undefined,
  ): void => {
    const { help, label, values } = options;
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        for (const value of values) {
          const number = status === undefined ? undefined : read(status, value);
          if (number === undefined) this.remove({ [label]: value });
          else this.set({ [label]: value }, number);
        }
      },
    });
  };

  labelled(
    'hs_phase',
    { help: '1 for the phase that the node is in, 0 for all others.', label: 'phase', values: nodePhases },
    ({ sync }, phase) => (sync.phase === phase ? 1 : 0),
  );
  labelled(
    'hs_phase_seconds',
    { help: 'Time spent in each phase since the process began.', label: 'phase', values: nodePhases },
    ({ sync }, phase) => (sync.phaseMs[phase] ?? 0) / 1000,
  );
  gauge('hs_state_height', 'Height of the state; left out while there is no complete state.', ({ height }) => height);
  gauge('hs_header_height', 'Height of the last verified header.', ({ headerHeight }) => headerHeight);
  gauge(
    'hs_tip_age_seconds',
    'Time since the last verified header was made.',
    ({ tipTimeMs }) => (clock.wallMs() - tipTimeMs) / 1000,
  );
  gauge('hs_state_records', 'Records of the state.', ({ height, state }) =>
    height === undefined ? undefined : state.records,
  );
  gauge('hs_state_bytes', 'Key and value bytes of the state.', ({ height, state }) =>
    height === undefined ? undefined : state.bytes,
  );
  gauge('hs_snapshots', 'Snapshots that are kept.', ({ snapshots }) => snapshots.length);
  gauge(
    'hs_snapshot_height',
    'Height of the newest snapshot that is kept.',
    ({ snapshots }) => snapshots.at(-1)?.height,
  );

  for (const unit of ['ranges', 'records', 'bytes'] as const) {
    labelled(
      `hs_download_${unit}`,
      {
        help: `${unit} of the snapshot that is downloaded: all, and those that are proved and in the store. Left out while none is.`,
        label: 'part',
        values: ['total', 'done'],
      },
      ({ sync }, part) => sync.snapshot?.[part][unit],
    );
  }
  gauge('hs_download_eta_seconds', 'Time that the download will take at the present rate.', ({ sync }) => {
    const etaMs = sync.snapshot?.etaMs;
    return etaMs === undefined ? undefined : etaMs / 1000;
  });
  gauge(
    'hs_download_memory_bytes',
    'Bytes of ranges that are in memory.',
    ({ sync }) => sync.snapshot?.inFlight.heldBytes,
  );
  counter(
    'hs_download_received_bytes_total',
    'Bytes of records that arrived in good order.',
    () => counters.receivedBytes,
  );
  counter('hs_download_received_records_total', 'Records that arrived in good order.', () => counters.receivedRecords);
  counter(
    'hs_download_proved_records_total',
    'Records of ranges that add up to their sums.',
    () => counters.provedRecords,
  );
  counter(
    'hs_download_committed_records_total',
    'Records of ranges that were written.',
    () => counters.committedRecords,
  );
  counter('hs_download_committed_ranges_total', 'Ranges that were written.', () => counters.committedRanges);
  counter('hs_download_refuted_ranges_total', 'Ranges that were delivered wrong.', () => counters.refutedRanges);

  labelled(
    'hs_peers',
    { help: 'Connected peers.', label: 'direction', values: ['inbound', 'outbound'] },
    ({ peers }, direction) => peers.filter((peer) => peer.direction === direction).length,
  );
  gauge(
    'hs_known_addresses',
    'Addresses of nodes that are known, if peers are asked for them.',
    ({ knownAddresses }) => knownAddresses,
  );
  gauge('hs_bans', 'Addresses that are banned now.', ({ bans }) => bans.length);
  gauge('hs_equivocations', 'Heights at which the chain has split.', ({ trust }) => trust.equivocations.length);
  labelled(
    'hs_snapshot_leases',
    { help: 'Promises to keep a snapshot, by who promised.', label: 'by', values: ['this_node', 'peers'] },
    ({ peers }, by) => peers.filter((peer) => (by === 'peers' ? peer.lease : peer.promised) !== undefined).length,
  );

  new Counter({
    name: 'hs_scrub_verifications_total',
    help: 'Verifications of the database beside the blocks, by how they ended.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      const { verifications = 0, damaged = 0, failed = 0 } = status?.scrub ?? {};
      this.inc({ outcome: 'clean' }, verifications - damaged);
      this.inc({ outcome: 'damaged' }, damaged);
      this.inc({ outcome: 'failed' }, failed);
    },
  });
  gauge('hs_scrub_age_seconds', 'Time since the last verification ended. Left out before the first.', ({ scrub }) =>
    scrub?.lastPass === undefined ? undefined : (clock.wallMs() - scrub.lastPass.atMs) / 1000,
  );

  gauge('hs_pool_transactions', 'Transactions that wait for a block.', ({ pool }) => pool.transactions);
  gauge('hs_pool_bytes', 'Bytes of these transactions.', ({ pool }) => pool.bytes);
  counter('hs_blocks_connected_total', 'Blocks that this process has connected.', () => counters.blocks);
  counter('hs_transactions_connected_total', 'Transactions in these blocks.', () => counters.transactions);
  counter('hs_changed_records_total', 'Net changes of records by these blocks.', () => counters.changedRecords);
  const blockSeconds = new Histogram({
    name: 'hs_block_connect_seconds',
    help: 'Time to execute a block and write it.',
    buckets: blockBuckets,
    registers,
  });
  const forgetBlocks = activity.on('block', ({ elapsedMs }) => blockSeconds.observe(elapsedMs / 1000));

  const requestSeconds = new Histogram({
    name: 'hs_http_request_seconds',
    help: 'Time from a request to the end of its answer, by route; streams of events are left out.',
    labelNames: ['path', 'status'],
    buckets: requestBuckets,
    registers,
  });
  new Gauge({
    name: 'hs_event_streams',
    help: 'Who watches the page.',
    registers,
    collect() {
      this.set(options.streams());
    },
  });

  return {
    contentType: registry.contentType,
    text: async () => {
      status = node.status();
      try {
        return await registry.metrics();
      } finally {
        status = undefined;
      }
    },
    requestAnswered: ({ path, status: code, seconds }) => {
      if (path !== '/events') requestSeconds.observe({ path, status: String(code) }, seconds);
    },
    close: () => {
      forgetBlocks();
      registry.clear();
    },
  };
}
