import type { Manifest, StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { type BanCommand, HyperSyncProgress, type SyncStatus } from '@hs/sync-progress';
import type { Chain, SnapshotChoice } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import { hasCode, type NodeError } from '../node-error.js';
import { fetchManifest } from './manifest-fetch.js';
import { RangeDownloader } from './range-downloader.js';

export interface HyperSyncOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  /** Peers that serve snapshots in the extended layout, by id. */
  readonly peers: () => ReadonlyMap<string, Peer<Header>>;
  readonly maxBytesInFlight: number;
  readonly chunkBytes: number;
  readonly requestTimeoutMs: number;
  /** After this long without any progress a newer snapshot is looked for. */
  readonly reconsiderAfterMs: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  readonly onBan: (command: BanCommand) => void;
  readonly logger: Logger;
}

/** How a hyper sync went. */
export interface HyperSyncReport {
  readonly snapshotHeight: number;
  readonly stateRoot: string;
  readonly records: number;
  readonly bytes: number;
  /** Records that were already proved when this run of the process began. */
  readonly resumedRecords: number;
  readonly elapsedMs: number;
  readonly peers: readonly { readonly peer: string; readonly records: number; readonly bytes: number }[];
}

const pollMs = 500;

/**
 * Brings an empty or half-downloaded store to the state of a snapshot that verified headers vouch for.
 *
 * Flow: choose a snapshot from headers -> fetch and prove its manifest -> let the store adopt it -> download, prove and
 * commit its ranges -> finish. If nothing moves for a while and the headers vouch for a newer snapshot by then, its
 * manifest is adopted: ranges that are equal in both stay proved.
 */
export class HyperSync<Header> {
  readonly #options: HyperSyncOptions<Header>;
  readonly #progress: HyperSyncProgress;
  readonly #downloader: RangeDownloader<Header>;
  #lastMovedMs = performance.now();

  constructor(options: HyperSyncOptions<Header>) {
    this.#options = options;
    this.#progress = new HyperSyncProgress({
      maxBytesInFlight: options.maxBytesInFlight,
      maxChunkBytes: options.chunkBytes,
    });
    this.#downloader = new RangeDownloader({
      store: options.store,
      progress: this.#progress,
      peers: options.peers,
      timeoutMs: options.requestTimeoutMs,
      onBan: options.onBan,
      onCommitted: (range) => {
        this.#lastMovedMs = performance.now();
        options.logger.debug({ range: range.index, records: range.records, bytes: range.bytes }, 'range committed');
      },
    });
  }

  status(): SyncStatus {
    return this.#progress.status(performance.now());
  }

  peerJoined(id: string): void {
    this.#downloader.peerJoined(id);
  }

  peerLeft(id: string): void {
    this.#downloader.peerLeft(id);
  }

  /** Runs until the store is ready at a snapshot height. */
  async run(signal: AbortSignal): Promise<HyperSyncReport> {
    const started = performance.now();
    const { store, chain, chainStore, logger } = this.#options;
    let resumedRecords: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      const manifest = await this.#adoptManifest(signal);
      const { height } = manifest;
      resumedRecords ??= this.#provedRecords();
      const fields = { height, ranges: manifest.entries.length, ...manifest.totals, resumedRecords };
      logger.info(fields, 'hyper sync: downloading the snapshot');
      if (!(await this.#downloadOrReconsider(height, signal))) continue;

      const { stateRoot } = chain.describeHeader(await chainStore.headerAt(height));
      if (stateRoot === undefined) throw new Error('unreachable: a snapshot is chosen from headers with state roots');
      const status = this.status();
      await store.finishDownload({ stateRoot });
      return {
        snapshotHeight: height,
        stateRoot: toHex(stateRoot),
        records: manifest.totals.records,
        bytes: manifest.totals.bytes,
        resumedRecords,
        elapsedMs: performance.now() - started,
        peers: status.peers.map(({ peer, done }) => ({ peer, records: done.records, bytes: done.bytes })),
      };
    }
  }

  #provedRecords(): number {
    const download = this.#options.store.download();
    let records = 0;
    for (const index of download?.proved ?? []) records += download?.manifest.entries[index]?.count ?? 0;
    return records;
  }

  /** The manifest of the download under way if its snapshot is still served by anybody, else that of the newest one. */
  async #adoptManifest(signal: AbortSignal): Promise<Manifest> {
    const { store, chain, chainStore, logger } = this.#options;
    const current = store.download();
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      if (current !== undefined && attempt === 0 && (await this.#isServed(current.height, signal))) {
        return current.manifest;
      }
      const choice = await chain.chooseSnapshot(chainStore);
      const manifest = choice === undefined ? undefined : await this.#fetchManifest(choice, signal);
      if (manifest !== undefined) {
        await store.beginDownload(manifest);
        return manifest;
      }
      if (attempt % 20 === 0) {
        const fields = { height: choice?.height, peers: this.#options.peers().size };
        logger.info(fields, 'hyper sync: waiting for a peer that serves a snapshot the headers vouch for');
      }
      await delay(pollMs, signal);
    }
  }

  async #isServed(height: number, signal: AbortSignal): Promise<boolean> {
    const choice = await this.#choiceAt(height);
    if (choice === undefined) return false;
    return (await this.#fetchManifest(choice, signal)) !== undefined;
  }

  /** The choice that the headers make of one snapshot, if its root is in them. */
  async #choiceAt(height: number): Promise<SnapshotChoice | undefined> {
    const { chain, chainStore, store } = this.#options;
    const root = store.download()?.root;
    const { stateRoot } = chain.describeHeader(await chainStore.headerAt(height));
    return root === undefined || stateRoot === undefined ? undefined : { height, snapshotRoot: root, stateRoot };
  }

  async #fetchManifest(choice: SnapshotChoice, signal: AbortSignal): Promise<Manifest | undefined> {
    const { chain, hasher, stateRoot, requestTimeoutMs, peers, onMisbehaved, logger } = this.#options;
    for (const peer of peers().values()) {
      try {
        const options = { chain, hasher, stateRoot, timeoutMs: requestTimeoutMs, signal };
        const manifest = await fetchManifest(peer, choice, options);
        if (manifest !== undefined) return manifest;
      } catch (error) {
        signal.throwIfAborted();
        if (hasCode(error, 'NODE_PEER_MISBEHAVED')) onMisbehaved(peer, error as NodeError);
        else if (hasCode(error, 'NODE_PEER_CLOSED') || hasCode(error, 'NODE_PEER_TIMEOUT')) {
          logger.debug({ peer: peer.id, err: error }, 'hyper sync: no manifest from this peer');
        } else throw error;
      }
    }
    return undefined;
  }

  /** True when all ranges are committed; false when a newer snapshot should be adopted instead. */
  async #downloadOrReconsider(height: number, signal: AbortSignal): Promise<boolean> {
    const { chain, chainStore, reconsiderAfterMs, logger } = this.#options;
    const reconsider = new AbortController();
    const combined = AbortSignal.any([signal, reconsider.signal]);
    this.#lastMovedMs = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - this.#lastMovedMs < reconsiderAfterMs) return;
      this.#lastMovedMs = performance.now();
      chain.chooseSnapshot(chainStore).then(
        (choice) => {
          if (choice === undefined || choice.height <= height) return;
          logger.info({ from: height, to: choice.height }, 'hyper sync: nothing moves, adopting a newer snapshot');
          reconsider.abort();
        },
        (error: unknown) => logger.warn({ err: error }, 'hyper sync: cannot look for a newer snapshot'),
      );
    }, pollMs);
    try {
      await this.#downloader.run(combined);
      return true;
    } catch (error) {
      if (reconsider.signal.aborted && !signal.aborted) return false;
      throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Resolves after `ms`; rejects when `signal` fires. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
