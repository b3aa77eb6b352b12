import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest, StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { type BanCommand, HyperSyncProgress, type SyncStatus } from '@hs/sync-progress';
import type { Chain, SnapshotChoice } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import { hasCode, type NodeError } from '../node-error.js';
import type { DownloadEvent } from './download-event.js';
import { firstAnswer } from './first-answer.js';
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
  /** How long a peer may send nothing before the next one is asked for the manifest too. */
  readonly patienceMs: number;
  /** After this long without any progress a newer snapshot is looked for. */
  readonly reconsiderAfterMs: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  readonly onBan: (command: BanCommand) => void;
  readonly onDownloadEvent?: (event: DownloadEvent) => void;
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

/** A peer that takes this part of the time for a request loses its range to another peer, if there is one. */
const requestPatience = 1 / 4;

/**
 * Brings an empty or half-downloaded store to the state of a snapshot that verified headers vouch for.
 *
 * Flow: choose a snapshot from headers -> fetch and prove its manifest -> let the store adopt it -> download, prove and
 * commit its ranges -> finish. If nothing moves for a while and the headers vouch for a newer snapshot by then, its
 * manifest is adopted: ranges that are equal in both stay proved.
 */
export class HyperSync<Header> {
  readonly #options: HyperSyncOptions<Header>;
  #progress = new HyperSyncProgress();
  #downloader: RangeDownloader<Header> | undefined;

  constructor(options: HyperSyncOptions<Header>) {
    this.#options = options;
  }

  status(): SyncStatus {
    return this.#progress.status(performance.now());
  }

  peerJoined(id: string): void {
    this.#downloader?.peerJoined(id);
  }

  peerLeft(id: string): void {
    this.#downloader?.peerLeft(id);
  }

  /** Runs until the store is ready at a snapshot height. */
  async run(signal: AbortSignal): Promise<HyperSyncReport> {
    const started = performance.now();
    const { store, chain, chainStore, logger } = this.#options;
    let resumedRecords: number | undefined;
    let isNewerWanted = false;
    for (;;) {
      const manifest = await this.#adoptManifest({ isNewerWanted, signal });
      const { height } = manifest;
      resumedRecords ??= this.#provedRecords();
      const fields = { height, ranges: manifest.entries.length, ...manifest.totals, resumedRecords };
      logger.info(fields, 'hyper sync: downloading the snapshot');
      isNewerWanted = !(await this.#downloadOrReconsider(height, signal));
      if (isNewerWanted) continue;

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

  /**
   * The manifest of the download under way if any peer still serves its snapshot, else that of the newest one; the other
   * way round if the former got stuck.
   */
  async #adoptManifest(options: { readonly isNewerWanted: boolean; readonly signal: AbortSignal }): Promise<Manifest> {
    const { store, chain, chainStore, logger, peers } = this.#options;
    const { isNewerWanted, signal } = options;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const newest = await chain.chooseSnapshot(chainStore);
      const current = await this.#currentChoice();
      const isSame = current !== undefined && newest !== undefined && current.height >= newest.height;
      const choices = isSame ? [current] : isNewerWanted ? [newest, current] : [current, newest];
      for (const choice of choices) {
        const manifest = choice === undefined ? undefined : await this.#fetchManifest(choice, signal);
        if (manifest === undefined) continue;
        await store.beginDownload(manifest);
        return manifest;
      }
      if (attempt % 20 === 0) {
        const fields = { height: newest?.height, downloading: current?.height, peers: peers().size };
        logger.info(fields, 'hyper sync: waiting for a peer that serves a snapshot the headers vouch for');
      }
      await sleep(pollMs, undefined, { signal });
    }
  }

  /** The snapshot that is half downloaded. */
  async #currentChoice(): Promise<SnapshotChoice | undefined> {
    const { chain, chainStore, store } = this.#options;
    const download = store.download();
    if (download === undefined) return undefined;
    const { height, root } = download;
    const { stateRoot } = chain.describeHeader(await chainStore.headerAt(height));
    return stateRoot === undefined ? undefined : { height, snapshotRoot: root, stateRoot };
  }

  #fetchManifest(choice: SnapshotChoice, signal: AbortSignal): Promise<Manifest | undefined> {
    const { chain, hasher, stateRoot, requestTimeoutMs, patienceMs, peers, onMisbehaved, logger } = this.#options;
    return firstAnswer({
      sources: () => [...peers().values()],
      bytesFrom: (peer) => peer.bytesIn,
      patienceMs,
      signal,
      ask: async (peer, askSignal) => {
        try {
          const options = { chain, hasher, stateRoot, timeoutMs: requestTimeoutMs, signal: askSignal };
          return await fetchManifest(peer, choice, options);
        } catch (error) {
          if (askSignal.aborted) return undefined;
          if (hasCode(error, 'NODE_PEER_MISBEHAVED')) onMisbehaved(peer, error as NodeError);
          else if (isPeerTrouble(error)) logger.debug({ peer: peer.id, err: error }, 'hyper sync: no manifest from it');
          else throw error;
          return undefined;
        }
      },
    });
  }

  /** True when all ranges are committed; false when a newer snapshot should be adopted instead. */
  async #downloadOrReconsider(height: number, signal: AbortSignal): Promise<boolean> {
    const { chain, chainStore, store, peers, onBan, onDownloadEvent, reconsiderAfterMs, requestTimeoutMs, logger } =
      this.#options;
    const { maxKeyBytes, maxValueBytes } = chain.parameters;
    const progress = new HyperSyncProgress({
      maxBytesInFlight: this.#options.maxBytesInFlight,
      maxChunkBytes: this.#options.chunkBytes,
      requestTimeoutMs: Math.max(1, Math.floor(requestTimeoutMs * requestPatience)),
      reconsiderAfterMs: Math.max(1, Math.floor(reconsiderAfterMs)),
      maxKeyBytes,
      maxValueBytes,
    });
    const reconsider = new AbortController();
    let offered = height;
    const downloader = new RangeDownloader<Header>({
      store,
      progress,
      peers,
      timeoutMs: requestTimeoutMs,
      onBan,
      ...(onDownloadEvent === undefined ? {} : { onEvent: onDownloadEvent }),
      onCommitted: ({ index, records, bytes }) =>
        logger.debug({ height, range: index, records, bytes }, 'hyper sync: range committed'),
      onAdoptNewer: () => {
        logger.info({ from: height, to: offered }, 'hyper sync: nothing moves, adopting a newer snapshot');
        reconsider.abort();
      },
    });
    this.#progress = progress;
    this.#downloader = downloader;
    const combined = AbortSignal.any([signal, reconsider.signal]);
    const lookForNewer = () =>
      chain.chooseSnapshot(chainStore).then(
        (choice) => {
          if (choice === undefined || choice.height <= offered) return;
          offered = choice.height;
          downloader.snapshotOffered(offered);
        },
        (error: unknown) => logger.warn({ err: error }, 'hyper sync: cannot look for a newer snapshot'),
      );
    const timer = setInterval(lookForNewer, Math.max(pollMs, reconsiderAfterMs / 4));
    try {
      await downloader.run(combined);
      return true;
    } catch (error) {
      if (reconsider.signal.aborted && !signal.aborted) return false;
      throw error;
    } finally {
      clearInterval(timer);
      this.#downloader = undefined;
    }
  }
}

/** The peer is gone, late, or asked for too much: nothing that proves a lie, and no trouble of this node. */
export function isPeerTrouble(error: unknown): boolean {
  return ['NODE_PEER_CLOSED', 'NODE_PEER_TIMEOUT', 'NODE_PEER_LIMIT'].some((code) => hasCode(error, code));
}
