import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest, StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { type BanCommand, HyperSyncProgress, type SyncStatus } from '@hs/sync-progress';
import type { Chain, SnapshotChoice } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import type { NodeError } from '../node-error.js';
import type { DownloadEvent } from './download-event.js';
import { fetchManifestFromAny } from './manifest-fetch.js';
import { RangeDownloader } from './range-downloader.js';

export interface HyperSyncOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  /** A manifest that was just proved, and that a peer serves: the first one to download. */
  readonly manifest?: Manifest | undefined;
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
  /** Records that were here and proved before: by an earlier run of the process, or because an old state has them too. */
  readonly resumedRecords: number;
  readonly elapsedMs: number;
  readonly peers: readonly { readonly peer: string; readonly records: number; readonly bytes: number }[];
}

const pollMs = 500;

/** Ranges that wait at the store together share a batch. */
const maxConcurrentCommits = 4;

/** A peer that takes this part of the time for a request loses its range to another peer, if there is one. */
const requestPatience = 1 / 4;

/**
 * Brings an empty or half-downloaded store, or one that stands at an older snapshot, to the state of a snapshot that verified headers vouch for.
 *
 * Flow: choose a snapshot from headers -> fetch and prove its manifest -> let the store adopt it -> download, prove and
 * commit its ranges -> finish. If nothing moves for a while and the headers vouch for a newer snapshot by then, its
 * manifest is adopted: ranges that are equal in both stay proved, and what is known of the peers is not forgotten.
 */
export class HyperSync<Header> {
  readonly #options: HyperSyncOptions<Header>;
  readonly #progress: HyperSyncProgress;
  readonly #downloader: RangeDownloader<Header>;
  /** A newer manifest is being fetched. */
  #adopting: Promise<void> | undefined;
  /** The newest snapshot that the headers vouch for. */
  #offered = 0;
  /** Fires when the download is over. */
  #signal: AbortSignal = AbortSignal.abort();

  constructor(options: HyperSyncOptions<Header>) {
    this.#options = options;
    const { store, chain, peers, onBan, onDownloadEvent, requestTimeoutMs, logger } = options;
    const { maxKeyBytes, maxValueBytes } = chain.parameters;
    this.#progress = new HyperSyncProgress({
      maxBytesInFlight: options.maxBytesInFlight,
      maxChunkBytes: options.chunkBytes,
      maxConcurrentCommits,
      requestTimeoutMs: Math.max(1, Math.floor(requestTimeoutMs * requestPatience)),
      reconsiderAfterMs: Math.max(1, Math.floor(options.reconsiderAfterMs)),
      maxKeyBytes,
      maxValueBytes,
    });
    this.#downloader = new RangeDownloader<Header>({
      store,
      progress: this.#progress,
      peers,
      timeoutMs: requestTimeoutMs,
      onBan,
      ...(onDownloadEvent === undefined ? {} : { onEvent: onDownloadEvent }),
      onCommitted: ({ index, records, bytes }) =>
        logger.debug({ height: store.download()?.height, range: index, records, bytes }, 'hyper sync: range committed'),
      onAdoptNewer: () => this.#adoptNewer(),
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

  /** Runs until the store is ready at a snapshot height; called once. */
  async run(signal: AbortSignal): Promise<HyperSyncReport> {
    const started = performance.now();
    const { store, chain, chainStore } = this.#options;
    const first = await this.#adoptManifest(signal);
    const resumedRecords = this.#provedRecords();
    this.#logManifest(first, resumedRecords);
    await this.#download(first.height, signal);

    const { height, totals } = store.download()?.manifest ?? first;
    const { stateRoot } = chain.describeHeader(await chainStore.headerAt(height));
    if (stateRoot === undefined) throw new Error('unreachable: a snapshot is chosen from headers with state roots');
    const status = this.status();
    await store.finishDownload({ stateRoot });
    return {
      snapshotHeight: height,
      stateRoot: toHex(stateRoot),
      records: totals.records,
      bytes: totals.bytes,
      resumedRecords,
      elapsedMs: performance.now() - started,
      peers: status.peers.map(({ peer, done }) => ({ peer, records: done.records, bytes: done.bytes })),
    };
  }

  #logManifest(manifest: Manifest, resumedRecords: number): void {
    const { height, entries, totals } = manifest;
    const fields = { height, ranges: entries.length, ...totals, resumedRecords };
    this.#options.logger.info(fields, 'hyper sync: downloading the snapshot');
  }

  #provedRecords(): number {
    const download = this.#options.store.download();
    let records = 0;
    for (const index of download?.proved ?? []) records += download?.manifest.entries[index]?.count ?? 0;
    return records;
  }

  /** The manifest that was given; else that of the download under way if any peer still serves its snapshot, else that of the newest one. */
  async #adoptManifest(signal: AbortSignal): Promise<Manifest> {
    const { store, chain, chainStore, logger, peers, manifest: given } = this.#options;
    if (given !== undefined) {
      await store.beginDownload(given);
      return given;
    }
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const newest = await chain.chooseSnapshot(chainStore);
      const current = await this.#currentChoice();
      const isSame = current !== undefined && newest !== undefined && current.height >= newest.height;
      for (const choice of isSame ? [current] : [current, newest]) {
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
    const { chain, hasher, stateRoot, requestTimeoutMs: timeoutMs, patienceMs, onMisbehaved, logger } = this.#options;
    const peers = () => [...this.#options.peers().values()];
    const options = { chain, hasher, stateRoot, timeoutMs, peers, patienceMs, onMisbehaved, logger, signal };
    return fetchManifestFromAny(choice, options);
  }

  /** Runs until all ranges of the manifest are committed, which may be a newer one than at the beginning. */
  async #download(height: number, signal: AbortSignal): Promise<void> {
    const { chain, chainStore, reconsiderAfterMs, logger } = this.#options;
    this.#offered = height;
    const lookForNewer = () =>
      chain.chooseSnapshot(chainStore).then(
        (choice) => {
          if (choice === undefined || choice.height <= this.#offered) return;
          this.#offered = choice.height;
          this.#downloader.snapshotOffered(choice.height);
        },
        (error: unknown) => logger.warn({ err: error }, 'hyper sync: cannot look for a newer snapshot'),
      );
    const timer = setInterval(lookForNewer, Math.max(pollMs, reconsiderAfterMs / 4));
    const stop = new AbortController();
    this.#signal = AbortSignal.any([signal, stop.signal]);
    try {
      await this.#downloader.run(signal);
    } finally {
      clearInterval(timer);
      stop.abort();
      await this.#adopting;
    }
  }

  /** Nothing of this snapshot is to be expected. Until the manifest of a newer one is here, the download goes on nevertheless. */
  #adoptNewer(): void {
    this.#adopting ??= this.#fetchAndAdoptNewer(this.#signal)
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#downloader.fail(error);
      })
      .finally(() => {
        this.#adopting = undefined;
      });
  }

  async #fetchAndAdoptNewer(signal: AbortSignal): Promise<void> {
    const { store, chain, chainStore, logger } = this.#options;
    const from = store.download()?.height ?? 0;
    const choice = await chain.chooseSnapshot(chainStore);
    if (choice === undefined || choice.height <= from) return;
    logger.info({ from, to: choice.height }, 'hyper sync: nothing moves, looking for a newer snapshot');
    const manifest = await this.#fetchManifest(choice, signal);
    if (manifest === undefined || signal.aborted) return;
    await this.#downloader.adopt(manifest);
    if (store.download()?.height === choice.height) this.#logManifest(manifest, this.#provedRecords());
  }
}
