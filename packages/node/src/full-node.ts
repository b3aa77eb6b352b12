import type { StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { equalBytes, toHex } from '@hs/bytes';
import { serviceBits, type Transaction, transactionHash } from '@hs/wire';
import { NodeActivity } from './activity/node-activity.js';
import { BlockProcessor, type ConnectedBlock } from './chain/block-processor.js';
import type { BlockSealer, Chain } from './chain/chain.js';
import { ChainStore } from './chain/chain-store.js';
import { type Logger, silentLogger } from './logger.js';
import { formatAddress, parseAddress } from './network/address.js';
import type { BanRecord } from './network/ban-record.js';
import { type Clock, systemClock } from './network/clock.js';
import { defaultNetworkLimits } from './network/network-defaults.js';
import type { NetworkOptions } from './network/network-options.js';
import type { Peer } from './network/peer.js';
import { PeerExchange, type PeerExchangeOptions } from './network/peer-exchange.js';
import { PeerNetwork } from './network/peer-network.js';
import type { HostAndPort } from './network/transport.js';
import { hasCode, NodeError } from './node-error.js';
import { packageVersion } from './package-version.js';
import { BlockProduction } from './production/block-production.js';
import { PeerServer, type ServingLimits } from './serving/peer-server.js';
import type { SnapshotPromise } from './serving/snapshot-leases.js';
import { BackgroundScrub, type ScrubSettings, type ScrubStatus } from './state/background-scrub.js';
import { createBanStore } from './state/ban-store.js';
import { createBlockView } from './state/block-view.js';
import { type NodeDatabase, openDatabase, openStateStore } from './state/open-state.js';
import { BranchGuard, type TrustStatus } from './sync/branch-guard.js';
import type { Authentication } from './sync/state-origin.js';
import {
  defaultSyncSettings,
  type NodePhase,
  SyncManager,
  type SyncManagerStatus,
  type SyncSettings,
} from './sync/sync-manager.js';
import type { TrustedRoot } from './sync/trusted-roots.js';
import { TransactionPool, type TransactionPoolOptions } from './transaction-pool.js';

/** Service bits of a node that serves blocks and snapshots, in the extended layout to those who know it. */
export const defaultServices: bigint =
  serviceBits.fullNode | serviceBits.hyperSync | serviceBits.archival | serviceBits.hyperSyncExtended;

export interface FullNodeOptions<Header> {
  readonly chain: Chain<Header>;
  /** Folder of the LevelDB database; made if it does not exist. */
  readonly folder: string;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  /** Where peers may connect. Without it, none can. */
  readonly listen?: HostAndPort;
  /** `host:port` of peers to stay connected to. */
  readonly connect?: readonly string[];
  /** Makes this node a producer. */
  readonly producer?: { readonly sealer: BlockSealer<Header>; readonly blockIntervalMs: number };
  readonly sync?: Partial<SyncSettings>;
  /** State roots that the operator vouches for: the node stops where a header says otherwise. */
  readonly trustedRoots?: readonly TrustedRoot[];
  readonly serving?: Partial<ServingLimits>;
  readonly pool?: Omit<TransactionPoolOptions<Header>, 'chain'>;
  readonly network?: Pick<NetworkOptions<Header>, 'allowances' | 'limits' | 'timeouts' | 'redial' | 'transport'>;
  /** Learns addresses from peers and dials some of them. Without it, only `connect` is dialled. */
  readonly peerExchange?: Partial<PeerExchangeOptions>;
  /** What peers and `/status` are told; default the name and version of this package. */
  readonly userAgent?: string;
  /** Bytes of state values kept in memory; default 128 MiB. */
  readonly cacheBytes?: number;
  /** Verifies the database while the node runs. Without it, nothing does. */
  readonly scrub?: ScrubSettings;
  /** Whether blocks and ranges are flushed to the disk before they count; default true. */
  readonly isSynced?: boolean;
  readonly logger?: Logger;
  /** Default: the clock of this machine. */
  readonly clock?: Clock;
}

/** One peer, as `/status` shows it. */
export interface PeerSummary {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly userAgent: string;
  readonly layout: 'go' | 'extended';
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly roundTripMs: number | undefined;
  readonly nodeId: string | undefined;
  readonly requestsInFlight: number;
  /** Misdeeds of its address, decayed; it is banned at 100. */
  readonly score: number;
  /** What it has promised to serve, if it has. */
  readonly lease: SnapshotPromise | undefined;
  /** What it was promised by this node. */
  readonly promised: SnapshotPromise | undefined;
}

/** What a node is and does, as plain data. Heights and counts are numbers, hashes are hex, times are milliseconds. */
export interface NodeStatus {
  readonly userAgent: string;
  readonly chain: { readonly name: string; readonly genesisHash: string };
  readonly sync: SyncManagerStatus;
  readonly trust: TrustStatus;
  /** What speaks for the state: on a chain without roots in its headers, little. */
  readonly authentication: Authentication;
  /** State height; undefined while there is no complete state. */
  readonly height: number | undefined;
  readonly stateRoot: string | undefined;
  readonly headerHeight: number;
  readonly headerHash: string;
  readonly tipTimeMs: number;
  readonly state: {
    readonly records: number;
    readonly bytes: number;
    readonly prefixes: readonly {
      readonly prefix: number;
      readonly records: number;
      readonly bytes: number;
      readonly checksum: string;
    }[];
  };
  readonly snapshots: readonly { readonly height: number; readonly root: string; readonly records: number }[];
  readonly blocks: { readonly connected: number; readonly changedRecords: number; readonly elapsedMs: number };
  readonly pool: { readonly transactions: number; readonly bytes: number };
  /** By which peers recognize this node until it is closed. */
  readonly nodeId: string;
  readonly peers: readonly PeerSummary[];
  /** Addresses of nodes that are known, if peers are asked for them. */
  readonly knownAddresses: number | undefined;
  readonly bans: readonly BanRecord[];
  /** The last handshake or dial that failed, or the last bans that could not be saved: why there is no peer, for instance. */
  readonly lastNetworkError:
    | {
        readonly code: string;
        readonly message: string;
        readonly atMs: number;
        readonly details: Readonly<Record<string, unknown>>;
      }
    | undefined;
  /** What the verification beside the blocks does and has found, if there is one. */
  readonly scrub: ScrubStatus | undefined;
  readonly memoryBytes: number;
}

/**
 * A node: one database, one chain, its peers, and the loop that keeps it at the tip.
 *
 * Owns everything it opens; {@link FullNode.close} gives it all back in order: no new work, network, loop, database.
 */
export class FullNode<Header> implements AsyncDisposable {
  readonly #options: FullNodeOptions<Header>;
  readonly #userAgent: string;
  /** Where this node gets its time from. */
  readonly clock: Clock;
  readonly #logger: Logger;
  readonly #database: NodeDatabase;
  readonly #store: StateStore;
  readonly #chainStore: ChainStore<Header>;
  readonly #pool: TransactionPool<Header>;
  readonly #processor: BlockProcessor<Header>;
  readonly #network: PeerNetwork<Header>;
  readonly #guard: BranchGuard<Header>;
  readonly #sync: SyncManager<Header>;
  readonly #server: PeerServer<Header>;
  readonly #production: BlockProduction<Header> | undefined;
  readonly #exchange: PeerExchange<Header> | undefined;
  readonly #scrub: BackgroundScrub | undefined;
  readonly #activity: NodeActivity;
  /** Addresses that the operator named. */
  readonly #configured = new Set<string>();
  /** What peers have promised to serve. */
  readonly #leases = new WeakMap<Peer<Header>, { readonly height: number; readonly endsAtMs: number }>();
  #lastNetworkError: NodeStatus['lastNetworkError'];
  readonly #ended: Promise<void>;
  readonly #blocks = { connected: 0, changedRecords: 0, elapsedMs: 0 };
  #closing: Promise<void> | undefined;

  private constructor(parts: {
    readonly options: FullNodeOptions<Header>;
    readonly userAgent: string;
    readonly database: NodeDatabase;
    readonly store: StateStore;
    readonly chainStore: ChainStore<Header>;
    readonly guard: BranchGuard<Header>;
    readonly network: PeerNetwork<Header>;
  }) {
    const { options, store, chainStore, network } = parts;
    const { chain, clock = systemClock } = options;
    this.#options = options;
    this.clock = clock;
    this.#activity = new NodeActivity(() => clock.monotonicMs());
    this.#userAgent = parts.userAgent;
    this.#logger = options.logger ?? silentLogger;
    this.#database = parts.database;
    this.#store = store;
    this.#chainStore = chainStore;
    this.#guard = parts.guard;
    this.#network = network;
    this.#pool = new TransactionPool({ chain, ...options.pool });
    this.#processor = new BlockProcessor({
      store,
      chain,
      chainStore,
      onConnected: (block) => this.#onConnected(block),
    });
    this.#sync = new SyncManager({
      store,
      chain,
      chainStore,
      processor: this.#processor,
      network,
      hasher: options.hasher,
      stateRoot: options.stateRoot,
      guard: this.#guard,
      voterOf: ({ id, direction }) => (direction === 'outbound' && this.#configured.has(id) ? id : undefined),
      settings: { ...defaultSyncSettings, ...options.sync },
      isProducer: options.producer !== undefined,
      clock,
      onDownloadEvent: (event) => this.#activity.downloadMoved(event),
      logger: this.#logger,
    });
    this.#server = new PeerServer({
      store,
      chain,
      chainStore,
      hasher: options.hasher,
      ...(options.serving === undefined ? {} : { limits: options.serving }),
      untilNoBlock: () => this.#processor.exclusively(async () => undefined),
      onLease: (peer, { height, durationMs }) => {
        this.#leases.set(peer, { height, endsAtMs: clock.monotonicMs() + durationMs });
      },
      isServingState: () => store.phase === 'ready' && this.#sync.hasBeenSynced,
      onTransactions: (transactions, peer) => this.#onTransactions(transactions, peer),
      onAnnouncement: (_peer, hashes) => {
        if (hashes.some((hash) => !equalBytes(hash, chainStore.tipHash))) this.#sync.announced();
      },
    });
    network.on('peer', (peer) => {
      this.#logger.info({ peer: peer.id, userAgent: peer.remote.userAgent, layout: peer.layout }, 'peer connected');
      this.#sync.peerJoined(peer);
    });
    network.on('gone', (peer, reason) => {
      this.#logger.info({ peer: peer.id, reason: reason.message }, 'peer gone');
      this.#sync.peerLeft(peer);
    });
    network.on('message', (peer, message) => this.#server.handle(peer, message));
    network.on('warning', (error) => {
      this.#lastNetworkError = {
        code: error.code,
        message: error.message,
        atMs: clock.wallMs(),
        details: error.details,
      };
      this.#logger.debug({ err: error }, 'network');
    });
    if (options.producer !== undefined) {
      this.#production = new BlockProduction({
        ...options.producer,
        chain,
        store,
        chainStore,
        processor: this.#processor,
        pool: this.#pool,
        isSynced: () => this.#sync.isSynced,
        clock,
        onFailed: (error) => this.#sync.fail(error),
        logger: this.#logger,
      });
    }
    const { peerExchange: settings } = options;
    this.#exchange =
      settings === undefined ? undefined : new PeerExchange(network, { settings, clock, services: defaultServices });
    this.#scrub =
      options.scrub === undefined
        ? undefined
        : new BackgroundScrub(store, { settings: options.scrub, clock, logger: this.#logger });
    for (const address of options.connect ?? []) this.connect(address);
    this.#ended = this.#sync.run();
    // Whoever runs the node awaits `ended`; nobody has to.
    this.#ended.catch((error: unknown) => this.#logger.error({ err: error }, 'the node cannot go on'));
  }

  /**
   * Opens the database, the network and the sync loop.
   *
   * @throws ANCESTRAL_RECORDS_* if the database is of another chain or version, or in use
   * @throws NODE_EQUIVOCATION if the chain has split and no trusted root says which branch to follow
   * @throws NODE_TRUSTED_ROOT_MISMATCH if a stored header is not the one that a trusted root names
   */
  static async open<Header>(options: FullNodeOptions<Header>): Promise<FullNode<Header>> {
    const { chain, clock = systemClock } = options;
    const opened: (() => Promise<unknown>)[] = [];
    try {
      const database = await openDatabase(options.folder);
      opened.push(() => database.close());
      const store = await openStateStore(database, options);
      opened.push(() => store.close());
      const chainStore = await ChainStore.open(store, chain);
      const guard = await BranchGuard.open({
        store,
        chain,
        chainStore,
        trustedRoots: options.trustedRoots ?? [],
        wallMs: () => clock.wallMs(),
        logger: options.logger ?? silentLogger,
      });
      const addresses = options.connect?.length ?? 0;
      const userAgent = options.userAgent ?? `@hs/node ${packageVersion()}`;
      const network = await PeerNetwork.open({
        ...options.network,
        limits: { maxOutbound: Math.max(defaultNetworkLimits.maxOutbound, addresses), ...options.network?.limits },
        headerCodec: chain.headerCodec,
        network: chain.network,
        services: defaultServices,
        userAgent,
        height: () => store.height ?? 0,
        banStorage: createBanStore(store),
        clock,
        ...(options.listen === undefined ? {} : { listen: options.listen }),
      });
      opened.push(() => network.close());
      return new FullNode({ options, userAgent, database, store, chainStore, guard, network });
    } catch (error) {
      for (const close of opened.reverse()) await close().catch(() => undefined);
      throw error;
    }
  }

  /** Where peers can connect, with the port that was really bound. */
  get address(): HostAndPort | undefined {
    return this.#network.address;
  }

  /** Settles when the node stops syncing: fulfilled by {@link close}, rejected with the error that ended it. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The database of this node, for reading records. Closed with the node. */
  get store(): StateStore {
    return this.#store;
  }

  get phase(): NodePhase {
    return this.#sync.phase;
  }

  get chain(): Chain<Header> {
    return this.#options.chain;
  }

  /** The verified headers and the blocks of this node, for reading. */
  get chainStore(): ChainStore<Header> {
    return this.#chainStore;
  }

  /** What the node does, for who watches. */
  get activity(): NodeActivity {
    return this.#activity;
  }

  /** A transaction that waits in the pool. */
  pendingTransaction(id: Uint8Array): Transaction | undefined {
    return this.#pool.get(id);
  }

  /** Connects to a peer and stays connected to it. */
  connect(address: string): void {
    const connected = this.#network.connect(address, { isPersistent: true });
    this.#configured.add(normalized(address));
    connected.catch((error: unknown) => {
      if (this.#closing === undefined) this.#logger.warn({ address, err: error }, 'this peer is not dialled any more');
    });
  }

  /**
   * Takes a transaction into the pool and passes it on to the peers. Gives its id.
   *
   * @throws NODE_TRANSACTION_REFUSED with `details.rule`
   */
  async submit(transaction: Transaction): Promise<Uint8Array> {
    const height = this.#store.height;
    if (height === undefined) throw stillSyncing();
    let id: Uint8Array;
    try {
      id = await this.#pool.add(transaction, createBlockView(this.#store), height + 1);
    } catch (error) {
      // The state was given up for a newer one meanwhile.
      throw hasCode(error, 'ANCESTRAL_RECORDS_NOT_READY') ? stillSyncing() : error;
    }
    this.#relay([transaction], undefined);
    return id;
  }

  status(): NodeStatus {
    const { chain } = this.#options;
    const tip = chain.describeHeader(this.#chainStore.tipHeader);
    return {
      userAgent: this.#userAgent,
      chain: { name: chain.name, genesisHash: toHex(chain.genesisHash) },
      sync: this.#sync.status(),
      trust: this.#guard.status(),
      authentication: this.#sync.authentication(),
      ...this.#describeState(),
      headerHeight: this.#chainStore.tipHeight,
      headerHash: toHex(this.#chainStore.tipHash),
      tipTimeMs: tip.timeMs,
      snapshots: this.#store
        .snapshots()
        .map((snapshot) => ({ height: snapshot.height, root: toHex(snapshot.root), records: snapshot.records })),
      blocks: { ...this.#blocks },
      pool: { transactions: this.#pool.size, bytes: this.#pool.bytes },
      nodeId: this.#network.nodeId,
      peers: [...this.#network.peers.values()].map((peer) => this.#summarise(peer)),
      knownAddresses: this.#exchange?.size,
      bans: this.#network.bans(),
      lastNetworkError: this.#lastNetworkError,
      scrub: this.#scrub?.status(),
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  #describeState(): Pick<NodeStatus, 'height' | 'stateRoot' | 'state'> {
    const prefixes = [];
    let records = 0;
    let bytes = 0;
    try {
      for (const [prefix, summary] of this.#store.summaries()) {
        prefixes.push({ prefix, records: summary.count, bytes: summary.bytes, checksum: toHex(summary.checksum) });
        records += summary.count;
        bytes += summary.bytes;
      }
      const { height } = this.#store;
      return { height, stateRoot: toHex(this.#store.stateRoot()), state: { records, bytes, prefixes } };
    } catch {
      // Not complete, or not usable after a failed write: there is no state to describe.
      return { height: undefined, stateRoot: undefined, state: { records: 0, bytes: 0, prefixes: [] } };
    }
  }

  /** Stops everything and closes the database. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      const steps = [
        () => this.#production?.stop(),
        () => this.#sync.stop(),
        () => this.#scrub?.close(),
        () => this.#activity.close(),
        () => this.#exchange?.close(),
        () => this.#network.close(),
        // A block under way is written completely before the database closes.
        () => this.#processor.exclusively(async () => undefined),
        () => this.#store.close(),
        () => this.#database.close(),
      ];
      const errors: unknown[] = [];
      for (const step of steps) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    })();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #summarise(peer: Peer<Header>): PeerSummary {
    const { id, direction, layout, bytesIn, bytesOut, roundTripMs, remote, nodeId, requestsInFlight } = peer;
    const lease = this.#leases.get(peer);
    const leftMs = Math.round((lease?.endsAtMs ?? 0) - this.clock.monotonicMs());
    return {
      id,
      direction,
      userAgent: remote.userAgent,
      layout,
      bytesIn,
      bytesOut,
      roundTripMs,
      nodeId,
      requestsInFlight,
      score: Math.round(this.#network.scoreOf(peer)),
      lease: lease === undefined || leftMs <= 0 ? undefined : { height: lease.height, leftMs },
      promised: this.#server.promisedTo(peer),
    };
  }

  #onConnected(block: ConnectedBlock): void {
    this.#blocks.connected++;
    this.#blocks.changedRecords += block.changedRecords;
    this.#blocks.elapsedMs += block.elapsedMs;
    this.#activity.blockConnected(block);
    this.#pool.removeIncluded(block.transactions, block.height);
    const fields = {
      height: block.height,
      hash: toHex(block.hash),
      transactions: block.transactions.length,
      changedRecords: block.changedRecords,
      elapsedMs: Math.round(block.elapsedMs),
    };
    this.#logger.debug(fields, 'block connected');
    if (block.height < this.#chainStore.tipHeight) return;
    // A peer that misses the announcement hears of the block when it asks.
    const items = [{ kind: 'block', hash: block.hash }] as const;
    this.#network.broadcast({ type: 'inv', items, isSyncResponse: false });
  }

  async #onTransactions(transactions: readonly Transaction[], from: Peer<Header>): Promise<void> {
    const taken: Transaction[] = [];
    for (const transaction of transactions) {
      const height = this.#store.height;
      if (height === undefined) return;
      if (this.#pool.hasSeen(transactionHash(transaction))) continue;
      try {
        // Blocks may come meanwhile, and a view must not outlive its tip.
        await this.#pool.add(transaction, createBlockView(this.#store), height + 1);
        taken.push(transaction);
      } catch (error) {
        if (hasCode(error, 'ANCESTRAL_RECORDS_NOT_READY')) return;
        if (!hasCode(error, 'NODE_TRANSACTION_REFUSED')) throw error;
        this.#logger.debug({ peer: from.id, ...(error as NodeError).details }, 'transaction refused');
      }
    }
    this.#relay(taken, from);
  }

  #relay(transactions: readonly Transaction[], from: Peer<Header> | undefined): void {
    // A peer that misses loose transactions gets them in blocks.
    if (transactions.length > 0)
      this.#network.broadcast({ type: 'transaction-bundle-v2', transactions }, { except: from });
  }
}

function stillSyncing(): NodeError {
  return new NodeError('NODE_TRANSACTION_REFUSED', 'the node is still syncing', { details: { rule: 'NodeSyncing' } });
}

/** An address as peers have it for their id; one that is none stays as it is, and belongs to no peer. */
function normalized(address: string): string {
  try {
    return formatAddress(parseAddress(address));
  } catch {
    return address;
  }
}
