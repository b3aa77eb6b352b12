import type { Manifest, StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { SyncStatus, UnprovedStatus } from '@hs/sync-progress';
import { serviceBits } from '@hs/wire';
import type { BlockProcessor } from '../chain/block-processor.js';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Clock } from '../network/clock.js';
import type { Peer } from '../network/peer.js';
import type { PeerNetwork } from '../network/peer-network.js';
import { hasCode, NodeError } from '../node-error.js';
import { loadGenesis } from '../state/genesis.js';
import { SerialQueue } from '../state/serial-queue.js';
import { type BlockRequestOptions, syncBlocks } from './block-sync.js';
import type { BranchGuard } from './branch-guard.js';
import type { CatchUp } from './catch-up.js';
import { describeFailure } from './database-failure.js';
import type { DownloadEvent } from './download-event.js';
import { syncHeadersFrom } from './header-sync.js';
import { HyperSync, type HyperSyncReport } from './hyper-sync.js';
import { OldState } from './old-state.js';
import { isPeerTrouble } from './peer-trouble.js';
import { evidenceOfBan } from './range-evidence.js';
import { type Authentication, authenticationOf, type KeptOrigin, readOrigin, resetState } from './state-origin.js';
import { UnprovedSync, type UnprovedSyncSettings } from './unproved-sync.js';

/**
 * `hyper`: download a snapshot, or what has changed since the state here, if that is the shorter way; `block`: execute every
 * block.
 */
export type SyncMode = 'hyper' | 'block';

/**
 * `connecting`: no peer yet; `headers`: verifying the header chain; `genesis`: writing the genesis state; `snapshot`:
 * downloading a snapshot; `blocks`: connecting blocks; `synced`: at the header tip; `stale`: at the header tip, but the
 * tip is older than it should be; `failed`: the node cannot go on, and the text says why.
 */
export type NodePhase = 'connecting' | 'headers' | 'genesis' | 'snapshot' | 'blocks' | 'synced' | 'stale' | 'failed';

/** Settings of the sync; every one has a default. */
export interface SyncSettings extends UnprovedSyncSettings {
  /** Default `hyper`. */
  readonly mode: SyncMode;
  /** How long a node with an empty state waits for a peer that serves snapshots; then it block-syncs. Default 60 s. */
  readonly snapshotPeerTimeoutMs: number;
  /** Chunks requested but not committed, in bytes. Default 20 MiB. */
  readonly maxBytesInFlight: number;
  /** Records of one chunk, in bytes. Default 2 MiB, so that one socket never waits long for one answer. */
  readonly chunkBytes: number;
  /** Default 60 s. */
  readonly requestTimeoutMs: number;
  /** How long a peer may send nothing before another one is asked for the same. Default 2 s. */
  readonly patienceMs: number;
  /** Default 32. */
  readonly blocksPerRequest: number;
  /** Default 4. */
  readonly blockRequestsAhead: number;
  /** A peer is asked for new headers at least this often. Default 5 s. */
  readonly pollIntervalMs: number;
  /**
   * Without progress for this long, a newer snapshot is adopted if there is one: while one is downloaded, and while no peer has
   * the next block. Default 20 s.
   */
  readonly reconsiderAfterMs: number;
  /** A tip older than this is `stale`. Default 10 min. */
  readonly maxTipAgeMs: number;
  /** How long a peer that lied stays banned. Default 24 h. */
  readonly banMs: number;
}

export const defaultSyncSettings: SyncSettings = {
  mode: 'hyper',
  snapshotPeerTimeoutMs: 60_000,
  maxBytesInFlight: 20 * 1024 * 1024,
  chunkBytes: 2 * 1024 * 1024,
  requestTimeoutMs: 60_000,
  patienceMs: 2_000,
  blocksPerRequest: 32,
  blockRequestsAhead: 4,
  pollIntervalMs: 5_000,
  reconsiderAfterMs: 20_000,
  maxTipAgeMs: 10 * 60_000,
  banMs: 24 * 60 * 60_000,
  trustedChecksums: [],
  agreeingPeers: undefined,
  isUnpinnedSyncAllowed: false,
  maxUnprovedBytes: 64 * 1024 ** 3,
};

/** How long a peer that let the patience pass is asked last. */
const slowPeerMs = 60_000;

export interface SyncManagerOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly processor: BlockProcessor<Header>;
  readonly network: PeerNetwork<Header>;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly guard: BranchGuard<Header>;
  /** The configured address that a peer answers for, if it does. */
  readonly voterOf: (peer: Peer<Header>) => string | undefined;
  readonly settings: SyncSettings;
  /** True if this node makes blocks: then it may start a chain without any peer. */
  readonly isProducer: boolean;
  /** Waits go by its monotonic time, header times and `stale` by the clock of the machine. */
  readonly clock: Clock;
  /** For who watches a download; must not throw. */
  readonly onDownloadEvent?: (event: DownloadEvent) => void;
  readonly logger: Logger;
}

/** What the sync is doing, as data. */
export interface SyncManagerStatus {
  readonly phase: NodePhase;
  readonly sinceMs: number;
  /** One sentence. */
  readonly text: string;
  /** While a snapshot is downloaded. */
  readonly snapshot: SyncStatus | undefined;
  /** While a state is downloaded that nothing proves before it is whole. */
  readonly unproved: UnprovedStatus | undefined;
  /** Once a snapshot was downloaded by this process. */
  readonly hyperSync: HyperSyncReport | undefined;
  /** How this process last decided to bring a state that was behind to the tip; undefined if it had no choice to make. */
  readonly catchUp: CatchUp | undefined;
  /** Milliseconds spent in each phase by this process. */
  readonly phaseMs: Readonly<Partial<Record<NodePhase, number>>>;
}

/**
 * Brings the node to the tip and keeps it there: headers, then a snapshot if the state is empty or far behind and that is
 * worth it, then blocks, again and again. One loop owns all of it; announcements only wake it up.
 */
export class SyncManager<Header> {
  readonly #options: SyncManagerOptions<Header>;
  readonly #abort = new AbortController();
  readonly #phaseMs: Partial<Record<NodePhase, number>> = {};
  #phase: NodePhase = 'connecting';
  #phaseSince: number;
  #phaseBeganAt: number;
  #text = 'waiting for a peer';
  #hyperSync: HyperSync<Header> | undefined;
  #report: HyperSyncReport | undefined;
  #unprovedSync: UnprovedSync<Header> | undefined;
  #origin: KeptOrigin | undefined;
  readonly #oldState: OldState<Header>;
  #wake: () => void = () => undefined;
  #isWoken = false;
  #headerSync: Promise<void> | undefined;
  readonly #headerQueue = new SerialQueue();
  /** Peers that owe us headers. */
  readonly #asked = new Set<string>();
  /** Until when peers that were slow are asked last. */
  readonly #slowUntilMs = new WeakMap<Peer<Header>, number>();
  #hasHeardHeaders = false;
  /** Why the header after the tip is not taken yet, if a peer has shown one that is ahead of time. */
  #headerAhead = '';
  #hasBeenSynced = false;
  #running: Promise<void> | undefined;
  #failure: unknown;

  constructor(options: SyncManagerOptions<Header>) {
    this.#options = options;
    this.#phaseSince = options.clock.wallMs();
    this.#phaseBeganAt = options.clock.monotonicMs();
    const { settings } = options;
    this.#oldState = new OldState({
      ...options,
      blockRequests: this.#blockRequests(),
      snapshotPeers: () => [...this.#snapshotPeers().values()],
      canTakeSnapshots: settings.mode === 'hyper' && options.chain.hasRootsInHeaders !== false,
      patienceMs: settings.reconsiderAfterMs,
    });
  }

  get phase(): NodePhase {
    return this.#phase;
  }

  /** True once the state is at the header tip. */
  get isSynced(): boolean {
    return this.#phase === 'synced' || this.#phase === 'stale';
  }

  /** True from when the state was at the header tip for the first time since this process began. */
  get hasBeenSynced(): boolean {
    return this.#hasBeenSynced;
  }

  status(): SyncManagerStatus {
    const spent = (this.#phaseMs[this.#phase] ?? 0) + this.#options.clock.monotonicMs() - this.#phaseBeganAt;
    return {
      phase: this.#phase,
      sinceMs: this.#phaseSince,
      text: this.#text,
      snapshot: this.#hyperSync?.status(),
      unproved: this.#unprovedSync?.status(),
      hyperSync: this.#report,
      catchUp: this.#oldState.catchUp,
      phaseMs: { ...this.#phaseMs, [this.#phase]: spent },
    };
  }

  /** What speaks for the state. */
  authentication(): Authentication {
    const { store, chain } = this.#options;
    return authenticationOf(store, { hasRootsInHeaders: chain.hasRootsInHeaders !== false, origin: this.#origin });
  }

  /** Starts the loop. The promise settles when the loop ends: by {@link stop}, or with the error that ended it. */
  run(): Promise<void> {
    this.#running ??= this.#loop().catch(async (error: unknown) => {
      if (this.#failure === undefined && this.#abort.signal.aborted) return;
      const failure = await describeFailure(this.#failure ?? error, this.#options.store);
      this.#enter('failed', failure instanceof Error ? failure.message : String(failure));
      throw failure;
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#abort.abort(new NodeError('NODE_STOPPED', 'the node is stopping'));
    await this.#running?.catch(() => undefined);
  }

  peerJoined(peer: Peer<Header>): void {
    const servesSnapshots = isSnapshotPeer(peer);
    if (servesSnapshots) this.#hyperSync?.peerJoined(peer.id);
    if (isServingPeer(peer)) this.#oldState.peerJoined({ servesSnapshots });
    this.#wakeUp();
  }

  peerLeft(peer: Peer<Header>): void {
    this.#hyperSync?.peerLeft(peer.id);
    this.#unprovedSync?.peerLeft(peer.id);
  }

  /** A peer says that it has something new. */
  announced(): void {
    this.#wakeUp();
  }

  /** Ends the loop with an error from beside it. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#abort.abort(error);
  }

  async #loop(): Promise<void> {
    const { store, chain, chainStore, settings, clock, isProducer, logger } = this.#options;
    const { signal } = this.#abort;
    this.#origin = await readOrigin(store);
    let waitingSince = clock.monotonicMs();
    while (!signal.aborted) {
      if (this.#servingPeers().length === 0 && !isProducer && !this.isSynced) {
        this.#enter('connecting', 'waiting for a peer');
        await this.#sleep(settings.pollIntervalMs);
        waitingSince = clock.monotonicMs();
        continue;
      }
      if (!this.isSynced) this.#enter('headers', 'verifying headers');
      await this.#syncHeaders();

      if ((store.phase === 'downloading' || store.phase === 'unproved') && settings.mode === 'block') {
        logger.info({}, 'block sync is configured: the half of a snapshot that is here is deleted');
        await resetState(store);
        this.#origin = undefined;
      }
      if (store.phase === 'downloading') await this.#runHyperSync();
      else if (store.phase === 'unproved') await this.#runUnprovedSync();
      else if (store.phase === 'empty') {
        const decision = await this.#decide(clock.monotonicMs() - waitingSince);
        if (decision.kind === 'wait') {
          this.#enter('connecting', decision.reason);
          await this.#sleep(Math.min(1000, settings.pollIntervalMs));
          continue;
        }
        logger.info({ way: decision.kind, reason: decision.reason }, 'choosing how to sync');
        if (decision.kind === 'hyper' && chain.hasRootsInHeaders === false) await this.#runUnprovedSync();
        else if (decision.kind === 'hyper') await this.#runHyperSync();
        else await this.#loadGenesis();
        continue;
      }

      if (store.phase === 'ready' && (store.height ?? 0) < chainStore.tipHeight) {
        if (!this.isSynced) this.#enter('blocks', `connecting blocks up to ${chainStore.tipHeight}`);
        if (await this.#takeNewerSnapshot()) continue;
        const connected = await this.#syncBlocks();
        this.#oldState.blocksConnected(connected);
        // Where blocks come quickly there are new ones already; this is the tip all the same.
        if ((store.height ?? 0) >= chainStore.tipHeight) this.#settle();
        if (connected > 0) continue;
      }
      this.#settle();
      await this.#sleep(settings.pollIntervalMs);
    }
  }

  /** Hyper sync is worth it when at least one snapshot period of blocks need not be executed. */
  async #decide(waitedMs: number): Promise<{ kind: 'hyper' | 'block' | 'wait'; reason: string }> {
    const { chain, chainStore, settings, isProducer, network } = this.#options;
    if (settings.mode === 'block') return { kind: 'block', reason: 'block sync is configured' };
    const hasRoots = chain.hasRootsInHeaders !== false;
    const { snapshotPeriod } = chain.parameters;
    // Without roots, peers are asked which snapshots there are, as soon as there can be one.
    const newest = chainStore.tipHeight - (chainStore.tipHeight % snapshotPeriod);
    const choice = hasRoots ? await chain.chooseSnapshot(chainStore) : { height: newest };
    if (choice === undefined || choice.height === 0) {
      if (isProducer && network.peers.size === 0) return { kind: 'block', reason: 'a producer without peers' };
      if (chainStore.tipHeight > 0 || waitedMs >= settings.snapshotPeerTimeoutMs || isProducer) {
        return {
          kind: 'block',
          reason: 'there is no snapshot after genesis yet, or the verified headers vouch for none',
        };
      }
      return { kind: 'wait', reason: 'waiting for headers' };
    }
    if (chainStore.tipHeight < snapshotPeriod) {
      return { kind: 'block', reason: 'the chain is shorter than one snapshot period' };
    }
    if (!hasRoots && isProducer && network.peers.size === 0)
      return { kind: 'block', reason: 'a producer without peers' };
    if (this.#snapshotPeers().size > 0) {
      const reason = hasRoots
        ? `snapshot ${choice.height} is vouched for`
        : 'peers serve snapshots that nothing proves';
      return { kind: 'hyper', reason };
    }
    if (waitedMs < settings.snapshotPeerTimeoutMs) {
      return { kind: 'wait', reason: 'waiting for a peer that serves snapshots' };
    }
    return { kind: 'block', reason: 'no peer that serves snapshots was found in time' };
  }

  /**
   * Downloads what has changed since the state here up to a newer snapshot, if that is the shorter way to the tip. False if
   * blocks are, or if there is no choice.
   */
  async #takeNewerSnapshot(): Promise<boolean> {
    const { chainStore } = this.#options;
    const { signal } = this.#abort;
    const comparison = await this.#oldState.compare(signal);
    if (comparison === undefined) return false;
    const { way, reason } = comparison.catchUp;
    if (way === 'blocks') {
      if (!this.isSynced) this.#enter('blocks', `connecting blocks up to ${chainStore.tipHeight}: ${reason}`);
      return false;
    }
    this.#enter('snapshot', `downloading what a newer snapshot has changed: ${reason}`);
    const manifest = await this.#oldState.adopt(comparison, signal);
    this.#origin = undefined;
    await this.#runHyperSync(manifest);
    return true;
  }

  /** Asks every peer in turn. One run at a time: who comes while it runs waits for the same one. */
  #syncHeaders(): Promise<void> {
    this.#headerSync ??= this.#askForHeaders().finally(() => {
      this.#headerSync = undefined;
    });
    return this.#headerSync;
  }

  /**
   * A peer that takes its time does not hold up the others: it answers in the background, or is dropped in the end. As
   * long as headers keep coming they are waited for, since all decisions depend on them.
   */
  async #askForHeaders(): Promise<void> {
    const { chainStore, settings } = this.#options;
    for (const peer of this.#servingPeers()) {
      if (this.#abort.signal.aborted) return;
      if (this.#asked.has(peer.id)) continue;
      this.#asked.add(peer.id);
      let isAnswered = false;
      const answered = this.#askOneForHeaders(peer).finally(() => {
        isAnswered = true;
        this.#asked.delete(peer.id);
      });
      for (let reached = -1; !isAnswered && chainStore.tipHeight > reached; ) {
        reached = chainStore.tipHeight;
        await settledWithin(answered, settings.patienceMs);
      }
    }
  }

  async #askOneForHeaders(peer: Peer<Header>): Promise<void> {
    const { chain, chainStore, guard, settings, clock, logger } = this.#options;
    const { signal } = this.#abort;
    try {
      const timeoutMs = settings.requestTimeoutMs;
      const nowMs = () => clock.wallMs();
      const options = { chain, chainStore, guard, nowMs, timeoutMs, queue: this.#headerQueue };
      const added = await syncHeadersFrom(peer, options, signal);
      this.#hasHeardHeaders = true;
      this.#headerAhead = '';
      if (added > 0) logger.debug({ peer: peer.id, added, tipHeight: chainStore.tipHeight }, 'headers verified');
    } catch (error) {
      if (signal.aborted) return;
      if (hasCode(error, 'NODE_PEER_MISBEHAVED')) {
        const { message, details } = error as NodeError;
        this.#ban(peer, message, details);
      } else if (hasCode(error, 'NODE_HEADER_IN_FUTURE')) {
        const { height, reason } = (error as NodeError).details;
        this.#headerAhead = `, and header ${height} of a peer is refused for now: ${reason}`;
        logger.warn({ peer: peer.id, err: error }, 'peer dropped: its clock or the clock of this machine is wrong');
        peer.close(error as NodeError);
      } else if (hasCode(error, 'NODE_BRANCH_REFUSED')) {
        logger.warn({ peer: peer.id, err: error }, 'peer dropped: it follows another branch');
        peer.close(error as NodeError);
      } else if (hasCode(error, 'NODE_PEER_TIMEOUT')) peer.close(error as NodeError);
      else if (!isPeerTrouble(error)) this.fail(error);
    }
  }

  async #runHyperSync(manifest?: Manifest): Promise<void> {
    const { store, chain, chainStore, hasher, stateRoot, settings, onDownloadEvent, logger } = this.#options;
    if (manifest === undefined) this.#enter('snapshot', 'downloading a snapshot');
    const hyperSync = new HyperSync<Header>({
      store,
      chain,
      chainStore,
      hasher,
      stateRoot,
      manifest,
      logger,
      peers: () => this.#snapshotPeers(),
      maxBytesInFlight: settings.maxBytesInFlight,
      chunkBytes: settings.chunkBytes,
      requestTimeoutMs: settings.requestTimeoutMs,
      patienceMs: settings.patienceMs,
      reconsiderAfterMs: settings.reconsiderAfterMs,
      onMisbehaved: (peer, error) => this.#ban(peer, error.message, error.details),
      onBan: (command) => {
        const peer = this.#options.network.peers.get(command.peer);
        if (peer !== undefined) this.#ban(peer, command.evidence.text, evidenceOfBan(command));
      },
      ...(onDownloadEvent === undefined ? {} : { onDownloadEvent }),
    });
    this.#hyperSync = hyperSync;
    // A newer snapshot must be known when the old one is given up.
    const refresh = setInterval(() => void this.#syncHeaders(), settings.pollIntervalMs);
    try {
      this.#report = await hyperSync.run(this.#abort.signal);
      logger.info({ ...this.#report }, 'hyper sync: the snapshot is proved and complete');
    } finally {
      clearInterval(refresh);
      this.#hyperSync = undefined;
    }
  }

  async #runUnprovedSync(): Promise<void> {
    const { store, chain, chainStore, hasher, settings, voterOf, clock, logger } = this.#options;
    const { trustedChecksums, agreeingPeers, isUnpinnedSyncAllowed, maxUnprovedBytes } = settings;
    this.#enter('snapshot', 'asking peers which states they serve');
    const unprovedSync = new UnprovedSync<Header>({
      ...{ store, chain, chainStore, hasher, voterOf, logger },
      ...{ trustedChecksums, agreeingPeers, isUnpinnedSyncAllowed, maxUnprovedBytes },
      peers: () => this.#snapshotPeers(),
      maxBytesInFlight: settings.maxBytesInFlight,
      chunkBytes: settings.chunkBytes,
      requestTimeoutMs: settings.requestTimeoutMs,
      patienceMs: settings.patienceMs,
      contradictionPatienceMs: settings.snapshotPeerTimeoutMs,
      refreshMs: settings.pollIntervalMs,
      wallMs: () => clock.wallMs(),
      onMisbehaved: (peer, error) => this.#ban(peer, error.message, error.details),
      onBan: (id, { prefix, reason, details, height }) => {
        const peer = this.#options.network.peers.get(id);
        const evidence = { rule: 'unproved-state', snapshotHeight: height, prefix, ...details };
        if (peer !== undefined)
          this.#ban(peer, `it sent records that are not what it says they are: ${reason}`, evidence);
      },
      onText: (text) => this.#enter('snapshot', text),
    });
    this.#unprovedSync = unprovedSync;
    // Snapshots of blocks that are not known here cannot be chosen.
    const refresh = setInterval(() => void this.#syncHeaders(), settings.pollIntervalMs);
    try {
      this.#report = await unprovedSync.run(this.#abort.signal);
      this.#origin = unprovedSync.origin;
      logger.warn({ ...this.#report, origin: this.#origin }, `unauthenticated: ${this.authentication().text}`);
    } finally {
      clearInterval(refresh);
      this.#unprovedSync = undefined;
    }
  }

  async #loadGenesis(): Promise<void> {
    const { store, chain, logger } = this.#options;
    this.#enter('genesis', 'writing the genesis state');
    await loadGenesis(store, { chain, signal: this.#abort.signal });
    this.#origin = 'execution';
    logger.info({ stateRoot: toHex(store.stateRoot()) }, 'genesis state written');
  }

  #blockRequests(): BlockRequestOptions<Header> {
    const { chain, chainStore, settings, clock } = this.#options;
    return {
      chain,
      chainStore,
      peers: () => this.#peersForBlocks(),
      timeoutMs: settings.requestTimeoutMs,
      patienceMs: settings.patienceMs,
      onMisbehaved: (peer, error) => this.#ban(peer, error.message, error.details),
      onSlow: (peer) => this.#slowUntilMs.set(peer, clock.monotonicMs() + slowPeerMs),
    };
  }

  async #syncBlocks(): Promise<number> {
    const { store, processor, settings } = this.#options;
    return syncBlocks(
      {
        ...this.#blockRequests(),
        processor,
        height: () => store.height ?? 0,
        blocksPerRequest: settings.blocksPerRequest,
        requestsAhead: settings.blockRequestsAhead,
        shouldPause: () => this.#oldState.isComparisonDue,
      },
      this.#abort.signal,
    );
  }

  #settle(): void {
    const { store, chain, chainStore, settings, clock, isProducer } = this.#options;
    if ((store.height ?? 0) < chainStore.tipHeight) {
      this.#enter('blocks', `waiting for a peer that has block ${(store.height ?? 0) + 1}`);
      return;
    }
    if (!this.#hasHeardHeaders && !isProducer) {
      this.#enter('headers', 'waiting for the headers of a first peer');
      return;
    }
    this.#hasBeenSynced = true;
    const ageMs = clock.wallMs() - chain.describeHeader(chainStore.tipHeader).timeMs;
    const seconds = Math.abs(Math.round(ageMs / 1000));
    const ahead = this.#headerAhead;
    if (ageMs > settings.maxTipAgeMs && !isProducer) {
      this.#enter('stale', `at the header tip, which is ${seconds} s old${ahead}`);
    } else if (-ageMs > settings.maxTipAgeMs) {
      const text = `at the header tip, which is ${seconds} s ahead of the clock of this machine: set the clock`;
      this.#enter('stale', `${text}${ahead}`);
    } else this.#enter('synced', `at the header tip, ${chainStore.tipHeight}${ahead}`);
  }

  /** Peers that say that they serve the chain; clients do not. */
  #servingPeers(): readonly Peer<Header>[] {
    return [...this.#options.network.peers.values()].filter(isServingPeer);
  }

  /** All of them; those that were slow a short while ago only if there is no other. */
  #peersForBlocks(): readonly Peer<Header>[] {
    const peers = this.#servingPeers();
    const now = this.#options.clock.monotonicMs();
    const quick = peers.filter((peer) => (this.#slowUntilMs.get(peer) ?? 0) <= now);
    return quick.length > 0 ? quick : peers;
  }

  #snapshotPeers(): ReadonlyMap<string, Peer<Header>> {
    return new Map([...this.#options.network.peers].filter(([, peer]) => isSnapshotPeer(peer)));
  }

  #ban(peer: Peer<Header>, reason: string, evidence: Readonly<Record<string, unknown>>): void {
    this.#options.logger.warn({ peer: peer.id, reason, evidence }, 'peer banned');
    this.#options.network.ban(peer, { reason, evidence, durationMs: this.#options.settings.banMs });
  }

  #enter(phase: NodePhase, text: string): void {
    this.#text = text;
    if (phase === this.#phase) return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#phaseMs[this.#phase] = (this.#phaseMs[this.#phase] ?? 0) + nowMs - this.#phaseBeganAt;
    this.#phase = phase;
    this.#phaseSince = clock.wallMs();
    this.#phaseBeganAt = nowMs;
    this.#options.logger.info({ phase }, text);
  }

  #wakeUp(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#abort;
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          this.#wake = () => undefined;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        signal.addEventListener('abort', finish, { once: true });
        this.#wake = finish;
      });
    }
    this.#isWoken = false;
    signal.throwIfAborted();
  }
}

/** Resolves when `promise` settles, or after `ms`. */
function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(finish, finish);
  });
}

function isServingPeer<Header>(peer: Peer<Header>): boolean {
  return (peer.remote.services & serviceBits.fullNode) !== 0n;
}

function isSnapshotPeer<Header>(peer: Peer<Header>): boolean {
  return peer.layout === 'extended' && (peer.remote.services & serviceBits.hyperSync) !== 0n;
}
