import type { Manifest, StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import type { BlockProcessor } from '../chain/block-processor.js';
import type { Chain, SnapshotChoice } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Clock } from '../network/clock.js';
import type { Peer } from '../network/peer.js';
import { hasCode } from '../node-error.js';
import { estimateBlocks } from './block-estimate.js';
import type { BlockRequestOptions } from './block-sync.js';
import { type CatchUp, chooseCatchUp, snapshotDifference } from './catch-up.js';
import { fetchManifestFromAny } from './manifest-fetch.js';
import { forgetOrigin } from './state-origin.js';

export interface OldStateOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly processor: BlockProcessor<Header>;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly blockRequests: BlockRequestOptions<Header>;
  /** Peers that serve snapshots in the extended layout. */
  readonly snapshotPeers: () => readonly Peer<Header>[];
  /** False if blocks are all that may be, or can be. */
  readonly canTakeSnapshots: boolean;
  /** How long the next block is waited for when no peer has it, and how long a comparison that lacked something counts. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The ways to the tip, with what is needed to go by a snapshot. */
export interface Comparison {
  readonly catchUp: CatchUp;
  /** The manifest of the newer snapshot, proved; undefined if no peer serves it. */
  readonly manifest: Manifest | undefined;
  /** The manifest of the snapshot here that the state can go back to. */
  readonly base: Manifest | undefined;
}

/**
 * A whole state that is behind, and the choice of how it gets to the tip: by all blocks, or by what has changed up to a newer
 * snapshot.
 *
 * The choice is made when the state is behind by a period or more, or stands still because no peer has the next block; and
 * again when there is a newer snapshot, when a peer joins that may have what nobody had, and while it stands still, but then
 * only once in the time of one patience.
 */
export class OldState<Header> {
  readonly #options: OldStateOptions<Header>;
  #catchUp: CatchUp | undefined;
  /** Which snapshot was compared last, and when. */
  #compared: { readonly height: number; readonly atMs: number } | undefined;
  /** A peer came that may have what nobody had at the last comparison. */
  #hasNewPeer = false;
  /** Since when no peer has had the next block. */
  #standingStillSince: number | undefined;

  constructor(options: OldStateOptions<Header>) {
    this.#options = options;
  }

  /** What was chosen last. */
  get catchUp(): CatchUp | undefined {
    return this.#catchUp;
  }

  /** True if the last comparison lacked something, and a peer that may have it has joined since. */
  get isComparisonDue(): boolean {
    return this.#hasNewPeer && this.#sinceComparisonMs() >= this.#options.patienceMs;
  }

  peerJoined({ servesSnapshots }: { readonly servesSnapshots: boolean }): void {
    if (this.#catchUp === undefined) return;
    const { snapshot, blocks } = this.#catchUp;
    if (!blocks.isServed || (snapshot === undefined && servesSnapshots)) this.#hasNewPeer = true;
  }

  /** So many blocks were connected before no peer had the next one, or before the tip was reached. */
  blocksConnected(count: number): void {
    if (count > 0) this.#standingStillSince = undefined;
    else this.#standingStillSince ??= this.#options.clock.monotonicMs();
  }

  /**
   * Compares what both ways would download, if there is a choice to make. Nothing here is changed.
   *
   * @throws NODE_STATE_ROOT_MISMATCH if the headers themselves contradict each other
   */
  async compare(signal: AbortSignal): Promise<Comparison | undefined> {
    const { store, chain, chainStore, hasher, stateRoot, clock, logger, blockRequests, snapshotPeers } = this.#options;
    const from = store.height ?? 0;
    const isStandingStill = this.#stillMs() >= this.#options.patienceMs;
    const isFarBehind = chainStore.tipHeight - from >= chain.parameters.snapshotPeriod;
    if (!this.#options.canTakeSnapshots || (!isFarBehind && !isStandingStill)) return undefined;
    const choice = await chain.chooseSnapshot(chainStore);
    if (choice === undefined || choice.height <= from || !this.#isDue(choice, isStandingStill)) return undefined;
    this.#compared = { height: choice.height, atMs: clock.monotonicMs() };
    this.#hasNewPeer = false;

    const { timeoutMs, patienceMs, onMisbehaved } = blockRequests;
    const asking = { chain, hasher, stateRoot, timeoutMs, patienceMs, onMisbehaved, logger, signal };
    const manifest = await fetchManifestFromAny(choice, { ...asking, peers: snapshotPeers });
    const base = await this.#newestOwnManifest(signal);
    const blocks = await estimateBlocks({ from: from + 1, to: choice.height }, blockRequests, signal);
    const snapshot = manifest && snapshotDifference(manifest, base);
    const facts = { from, to: chainStore.tipHeight, snapshotHeight: choice.height, snapshot, blocks, isStandingStill };
    this.#catchUp = chooseCatchUp(facts);
    const { reason, ...decided } = this.#catchUp;
    logger.info(decided, `choosing how to catch up: ${reason}`);
    return { catchUp: this.#catchUp, manifest, base };
  }

  /**
   * Goes back to a retained snapshot and turns the state there into a download of the newer one, of which equal ranges are
   * proved; gives its manifest.
   *
   * A rewind that is interrupted is finished when the store is opened. Up to the one batch that begins the download the state is
   * whole, and its blocks are stored: whatever happens before that, it can go on from them.
   */
  async adopt({ manifest, base }: Comparison, signal: AbortSignal): Promise<Manifest> {
    if (manifest === undefined) throw new Error('unreachable: without a manifest blocks are chosen');
    const { store, processor } = this.#options;
    this.#standingStillSince = undefined;
    await processor.exclusively(async () => {
      signal.throwIfAborted();
      if (base === undefined) await store.reset();
      else if (store.height !== base.height) await store.rewind(base.height);
      signal.throwIfAborted();
      await forgetOrigin(store);
      await store.beginDownload(manifest);
    });
    return manifest;
  }

  #stillMs(): number {
    const nowMs = this.#options.clock.monotonicMs();
    return nowMs - (this.#standingStillSince ?? nowMs);
  }

  #isDue({ height }: SnapshotChoice, isStandingStill: boolean): boolean {
    if (this.isComparisonDue || this.#compared?.height !== height) return true;
    return isStandingStill && this.#sinceComparisonMs() >= this.#options.patienceMs;
  }

  #sinceComparisonMs(): number {
    return this.#options.clock.monotonicMs() - (this.#compared?.atMs ?? Number.NEGATIVE_INFINITY);
  }

  /** That of the newest snapshot that is kept, as soon as it is built. */
  async #newestOwnManifest(signal: AbortSignal): Promise<Manifest | undefined> {
    const { store, chain } = this.#options;
    const height = store.height ?? 0;
    const newest = height - (height % chain.parameters.snapshotPeriod);
    for (const candidate of [newest, store.snapshots().at(-1)?.height]) {
      try {
        if (candidate === undefined) continue;
        await store.awaitSnapshot(candidate, { signal });
        return await store.manifest(candidate);
      } catch (error) {
        if (!hasCode(error, 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE')) throw error;
      }
    }
    return undefined;
  }
}
