import type { PackedRecords, ProvedRange, StateStore } from '@hs/ancestral-records';
import type { BanCommand, HyperSyncProgress, RequestCommand, SyncCommand, SyncEvent } from '@hs/sync-progress';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';

export interface RangeDownloaderOptions<Header> {
  readonly store: StateStore;
  readonly progress: HyperSyncProgress;
  /** Peers that can be asked for ranges, by id. */
  readonly peers: () => ReadonlyMap<string, Peer<Header>>;
  readonly onBan: (command: BanCommand) => void;
  readonly onCommitted: (range: ProvedRange) => void;
  /** Transport limit for one answer; the progress machine takes work away from slow peers long before. */
  readonly timeoutMs: number;
}

interface Attempt {
  readonly abort: AbortController;
  readonly chunks: PackedRecords[];
  proved: ProvedRange | undefined;
}

const noBytes: Uint8Array = new Uint8Array(0);

type EventWithoutTime = SyncEvent extends infer Event
  ? Event extends SyncEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/**
 * Carries out what the pure {@link HyperSyncProgress} decides: sends its requests, keeps the chunks of its attempts,
 * proves and commits ranges in the store, and tells it what came of that. Decides nothing itself.
 */
export class RangeDownloader<Header> {
  readonly #options: RangeDownloaderOptions<Header>;
  readonly #attempts = new Map<number, Attempt>();
  #timer: NodeJS.Timeout | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #height = 0;
  #isStopped = false;

  constructor(options: RangeDownloaderOptions<Header>) {
    this.#options = options;
  }

  /**
   * Downloads every range of the store's current manifest that is not proved yet. Resolves when all are committed.
   *
   * @throws NODE_STOPPED when `signal` fires
   * @throws NODE_DATABASE when the store cannot be written
   */
  async run(signal: AbortSignal): Promise<void> {
    const download = this.#options.store.download();
    if (download === undefined) throw new NodeError('NODE_DATABASE', 'no download is under way');
    signal.throwIfAborted();
    this.#height = download.height;
    this.#isStopped = false;
    const onAbort = () => this.#settle?.reject(signal.reason);
    const finished = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    signal.addEventListener('abort', onAbort);
    try {
      const ranges = download.manifest.entries.map((entry, index) => ({
        ...download.manifest.range(index),
        records: entry.count,
        bytes: entry.bytes,
      }));
      for (const id of this.#options.peers().keys()) this.#tell({ type: 'peer-joined', peer: id });
      this.#tell({ type: 'manifest-adopted', manifestId: String(download.height), ranges, proved: download.proved });
      await finished;
    } finally {
      this.#isStopped = true;
      signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#timer);
      for (const attempt of this.#attempts.values()) attempt.abort.abort();
      this.#attempts.clear();
    }
  }

  peerJoined(id: string): void {
    this.#tell({ type: 'peer-joined', peer: id });
  }

  peerLeft(id: string): void {
    this.#tell({ type: 'peer-left', peer: id });
  }

  #tell(event: EventWithoutTime): void {
    if (this.#isStopped) return;
    const { progress } = this.#options;
    try {
      for (const command of progress.handle({ ...event, nowMs: performance.now() } as SyncEvent))
        this.#carryOut(command);
    } catch (error) {
      this.#settle?.reject(error);
      return;
    }
    clearTimeout(this.#timer);
    const { nextTickMs } = progress;
    if (nextTickMs === undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => this.#tell({ type: 'tick' }), Math.max(1, nextTickMs - performance.now()));
  }

  #carryOut(command: SyncCommand): void {
    switch (command.type) {
      case 'request':
        void this.#request(command);
        return;
      case 'prove':
        void this.#prove(command.attempt, command.range);
        return;
      case 'commit':
        void this.#commit(command.attempt);
        return;
      case 'cancel':
        this.#attempts.get(command.attempt)?.abort.abort();
        return;
      case 'discard':
        this.#attempts.delete(command.attempt);
        return;
      case 'ban':
        this.#options.onBan(command);
        return;
      case 'wait':
        return;
      case 'failed':
        this.#settle?.reject(new NodeError('NODE_DATABASE', command.message));
        return;
      case 'done':
        this.#settle?.resolve();
        return;
    }
  }

  async #request(command: RequestCommand): Promise<void> {
    const { attempt: id } = command;
    let attempt = this.#attempts.get(id);
    if (attempt === undefined) {
      attempt = { abort: new AbortController(), chunks: [], proved: undefined };
      this.#attempts.set(id, attempt);
    }
    const peer = this.#options.peers().get(command.peer);
    if (peer === undefined) return this.#later({ type: 'chunk-unavailable', attempt: id });
    const { startKey, maxBytes } = command;
    const ask = { height: this.#height, startKey, endKey: command.endKey ?? noBytes, maxBytes };
    try {
      const answer = await peer.request(
        { type: 'get-snapshot', requestId: 0, ...ask },
        { timeoutMs: this.#options.timeoutMs, signal: attempt.abort.signal },
      );
      if (!('requestId' in answer) || !answer.isAvailable || answer.height !== this.#height) {
        return this.#tell({ type: 'chunk-unavailable', attempt: id });
      }
      attempt.chunks.push(answer.records);
      const nextKey = answer.nextKey.length === 0 ? undefined : answer.nextKey;
      this.#tell({ type: 'chunk-received', attempt: id, records: answer.records, nextKey });
    } catch {
      // Whatever ended the request, no answer will come: a cancelled attempt is over, a live one goes elsewhere.
      const type = attempt.abort.signal.aborted ? 'cancelled' : 'chunk-unavailable';
      this.#attempts.delete(id);
      this.#tell({ type, attempt: id });
    }
  }

  async #prove(id: number, range: number): Promise<void> {
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) return this.#later({ type: 'prove-failed', attempt: id, message: 'no chunks kept' });
    try {
      attempt.proved = await this.#options.store.proveRange(range, attempt.chunks, { signal: attempt.abort.signal });
      attempt.chunks.length = 0;
      this.#tell({ type: 'proved', attempt: id });
    } catch (error) {
      if (hasCode(error, 'ANCESTRAL_RECORDS_RANGE_REFUTED')) {
        const { message, details } = error as Error & { readonly details: Readonly<Record<string, unknown>> };
        this.#tell({ type: 'refuted', attempt: id, reason: message, details });
      } else if (attempt.abort.signal.aborted) {
        this.#attempts.delete(id);
        this.#tell({ type: 'cancelled', attempt: id });
      } else {
        this.#tell({ type: 'prove-failed', attempt: id, message: messageOf(error) });
      }
    }
  }

  async #commit(id: number): Promise<void> {
    const proved = this.#attempts.get(id)?.proved;
    if (proved === undefined) return this.#later({ type: 'commit-failed', attempt: id, message: 'nothing proved' });
    try {
      await this.#options.store.commitRange(proved);
      this.#options.onCommitted(proved);
      this.#tell({ type: 'committed', attempt: id });
    } catch (error) {
      this.#tell({ type: 'commit-failed', attempt: id, message: messageOf(error) });
    }
  }

  /** Reports after the current call of the machine has returned. */
  #later(event: EventWithoutTime): void {
    queueMicrotask(() => this.#tell(event));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
