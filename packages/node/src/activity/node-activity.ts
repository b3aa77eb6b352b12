import type { Manifest } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { ConnectedBlock } from '../chain/block-processor.js';
import { TypedEvents } from '../network/typed-events.js';
import type { DownloadEvent } from '../sync/download-event.js';
import { type ActivityCounters, RateHistory } from './rate-history.js';
import { StateMap } from './state-map.js';

/** A block that this process connected, as plain data. */
export interface RecentBlock {
  readonly height: number;
  readonly hash: string;
  readonly stateRoot: string;
  readonly timeMs: number;
  readonly transactions: number;
  readonly changedRecords: number;
  readonly elapsedMs: number;
}

/** What happens in a node, by event name. Listeners must not throw. */
export interface ActivityEvents {
  download: (event: DownloadEvent) => void;
  block: (block: RecentBlock) => void;
}

/** Seconds of rates, and blocks, that are remembered. */
const maxSamples = 600;
const maxBlocks = 50;
const sampleMs = 1000;

/**
 * What a node does, kept for who watches: the map of the download, counters, the last blocks and ten minutes of rates.
 *
 * It costs the same whether or not anybody watches: a few numbers for each range and block, and a timer once a second that
 * keeps no process alive.
 */
export class NodeActivity {
  readonly counters: ActivityCounters = {
    receivedRecords: 0,
    receivedBytes: 0,
    provedRecords: 0,
    committedRecords: 0,
    committedRanges: 0,
    refutedRanges: 0,
    blocks: 0,
    blockMs: 0,
    transactions: 0,
    changedRecords: 0,
  };
  readonly history: RateHistory;
  readonly #events = new TypedEvents<ActivityEvents>();
  readonly #blocks: RecentBlock[] = [];
  readonly #timer: NodeJS.Timeout;
  #map: StateMap | undefined;
  #isDownload = false;

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.history = new RateHistory({ capacity: maxSamples, counters: this.counters, nowMs: monotonicMs() });
    this.#timer = setInterval(() => this.history.sample(this.counters, monotonicMs()), sampleMs);
    this.#timer.unref();
  }

  /** The ranges of the snapshot that this process downloads, or downloaded last; or what {@link showSnapshot} was given. */
  get map(): StateMap | undefined {
    return this.#map;
  }

  /** True if the map is that of a download. */
  get isDownload(): boolean {
    return this.#isDownload;
  }

  /** The last blocks that were connected, newest first. */
  get recentBlocks(): readonly RecentBlock[] {
    return this.#blocks;
  }

  /** Gives the function that takes the listener away. */
  on<Name extends keyof ActivityEvents>(name: Name, listener: ActivityEvents[Name]): () => void {
    return this.#events.on(name, listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#events.clear();
  }

  /** Shows a snapshot that is here, unless this process has downloaded one, or shows a newer one. */
  showSnapshot({ height, entries }: Pick<Manifest, 'height' | 'entries'>): void {
    if (this.#isDownload || (this.#map?.height ?? -1) >= height) return;
    this.#map = new StateMap({ height, entries, isCommitted: () => true });
  }

  /** Called by the node. */
  blockConnected(connected: ConnectedBlock): void {
    const { counters } = this;
    counters.blocks++;
    counters.blockMs += connected.elapsedMs;
    counters.transactions += connected.transactions.length;
    counters.changedRecords += connected.changedRecords;
    const block: RecentBlock = {
      height: connected.height,
      hash: toHex(connected.hash),
      stateRoot: toHex(connected.stateRoot),
      timeMs: connected.timeMs,
      transactions: connected.transactions.length,
      changedRecords: connected.changedRecords,
      elapsedMs: connected.elapsedMs,
    };
    this.#blocks.unshift(block);
    if (this.#blocks.length > maxBlocks) this.#blocks.pop();
    for (const listener of this.#events.of('block')) listener(block);
  }

  /** Called by the node. */
  downloadMoved(event: DownloadEvent): void {
    this.#apply(event);
    for (const listener of this.#events.of('download')) listener(event);
  }

  #apply(event: DownloadEvent): void {
    const { counters } = this;
    const map = this.#map;
    switch (event.type) {
      case 'began':
        this.#isDownload = true;
        this.#map = new StateMap({
          height: event.height,
          entries: event.entries,
          isCommitted: (range) => event.proved.has(range),
        });
        return;
      case 'asked':
      case 'answered':
        map?.asked(event);
        return;
      case 'kept':
        counters.receivedRecords += event.records;
        counters.receivedBytes += event.bytes;
        return;
      case 'proved':
        counters.provedRecords += map?.entries[event.range]?.count ?? 0;
        break;
      case 'committed':
        counters.committedRecords += map?.entries[event.range]?.count ?? 0;
        counters.committedRanges++;
        break;
      case 'refuted':
        counters.refutedRanges++;
        break;
      case 'received':
      case 'dropped':
    }
    map?.moved(event);
  }
}
