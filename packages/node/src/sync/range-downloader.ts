import { createHash } from 'node:crypto';
import type { Manifest, PackedRecords, ProvedRange, StateStore } from '@hs/ancestral-records';
import type {
  BanCommand,
  HyperSyncProgress,
  KeepCommand,
  RequestCommand,
  SyncCommand,
  SyncEvent,
} from '@hs/sync-progress';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';
import type { DownloadEvent, RangeMoved } from './download-event.js';

export interface RangeDownloaderOptions<Header> {
  readonly store: StateStore;
  /** New: it belongs to this downloader alone. */
  readonly progress: HyperSyncProgress;
  /** Peers that can be asked for ranges, by id. */
  readonly peers: () => ReadonlyMap<string, Peer<Header>>;
  readonly onBan: (command: BanCommand) => void;
  readonly onCommitted: (range: ProvedRange) => void;
  /** For who watches; must not throw. */
  readonly onEvent?: (event: DownloadEvent) => void;
  /** Nothing of this snapshot is to be had any more, and a newer one was offered. */
  readonly onAdoptNewer?: () => void;
  /** Transport limit for one answer; the progress machine takes work away from slow peers long before. */
  readonly timeoutMs: number;
}

/** The records of one range from one sender. */
interface Attempt {
  readonly range: number;
  readonly peer: string;
  readonly abort: AbortController;
  readonly parts: PackedRecords[];
  proved: ProvedRange | undefined;
}

const noBytes: Uint8Array = new Uint8Array(0);

type EventWithoutTime = SyncEvent extends infer Event
  ? Event extends SyncEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/**
 * Carries out what the pure {@link HyperSyncProgress} decides: sends its requests, keeps the parts of chunks that belong to its
 * attempts, proves and commits ranges in the store, and tells it what came of that. Decides nothing itself. When a newer
 * manifest is adopted, what is known of peers stays.
 *
 * The records of an attempt are kept here, as views of the chunks that brought them, from their arrival until the attempt is
 * committed, discarded or cancelled, and no longer: the byte budget of the progress machine bounds the memory of the download.
 */
export class RangeDownloader<Header> {
  readonly #options: RangeDownloaderOptions<Header>;
  readonly #requests = new Map<number, AbortController>();
  /** Whom the requests ask whose result was not told yet. */
  readonly #senders = new Map<number, string>();
  readonly #attempts = new Map<number, Attempt>();
  /** Requests under way, and proofs and commits. */
  readonly #asking = new Set<Promise<void>>();
  readonly #work = new Set<Promise<void>>();
  readonly #events: EventWithoutTime[] = [];
  #isTelling = false;
  /** While the store changes manifests nothing is decided. */
  #isHeld = false;
  #timer: NodeJS.Timeout | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #height = 0;
  #isRunning = false;

  constructor(options: RangeDownloaderOptions<Header>) {
    this.#options = options;
  }

  /**
   * Downloads every range of the store's manifest that is not proved yet; called once. Settles when nothing of the
   * download is under way any more, so that the store can be asked for something else.
   *
   * @throws the reason of `signal` when it fires, or what {@link fail} was given
   * @throws NODE_DATABASE when the store cannot be written
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onAbort = () => this.#settle?.reject(signal.reason);
    const finished = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    signal.addEventListener('abort', onAbort);
    this.#isRunning = true;
    try {
      for (const id of this.#options.peers().keys()) this.#tell({ type: 'peer-joined', peer: id });
      this.#tell(this.#adopted());
      await finished;
    } finally {
      this.#isRunning = false;
      signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#timer);
      for (const request of this.#requests.values()) request.abort();
      for (const [id, attempt] of this.#attempts) {
        this.#emitMove('dropped', id);
        attempt.abort.abort();
      }
      this.#attempts.clear();
      await Promise.all([...this.#work, ...this.#asking]);
    }
  }

  /**
   * Moves the download that runs to a newer manifest, in the store first. What is being checked or written is waited for, so
   * that every result is of the manifest that it was asked for; answers that are under way are dropped when they come.
   */
  async adopt(manifest: Manifest): Promise<void> {
    this.#isHeld = true;
    try {
      await Promise.all(this.#work);
      if (this.#isRunning && !this.#isComplete()) {
        await this.#options.store.beginDownload(manifest);
        this.#events.unshift(this.#adopted());
      }
    } finally {
      this.#isHeld = false;
    }
    this.#decide();
  }

  /** Ends the download that runs with an error. */
  fail(error: unknown): void {
    this.#settle?.reject(error);
  }

  #isComplete(): boolean {
    const download = this.#options.store.download();
    return download?.proved.size === download?.manifest.entries.length;
  }

  #adopted(): EventWithoutTime {
    const download = this.#options.store.download();
    if (download === undefined) throw new NodeError('NODE_DATABASE', 'no download is under way');
    const { height, manifest, proved } = download;
    this.#height = height;
    this.#emit({ type: 'began', height, entries: manifest.entries, proved });
    const ranges = manifest.entries.map((entry, index) => ({
      ...manifest.range(index),
      records: entry.count,
      bytes: entry.bytes,
    }));
    return { type: 'manifest-adopted', manifestId: String(height), ranges, proved };
  }

  /** The network let it in, so it is not banned any more. */
  peerJoined(id: string): void {
    this.#tell({ type: 'peer-pardoned', peer: id });
    this.#tell({ type: 'peer-joined', peer: id });
  }

  peerLeft(id: string): void {
    this.#tell({ type: 'peer-left', peer: id });
  }

  /** The headers vouch for a newer snapshot. */
  snapshotOffered(height: number): void {
    this.#tell({ type: 'snapshot-offered', manifestId: String(height) });
  }

  #tell(event: EventWithoutTime): void {
    if (!this.#isRunning) return;
    this.#events.push(event);
    this.#decide();
  }

  /** Commands of one event are carried out before the next event is told: banning a peer makes it leave, for instance. */
  #decide(): void {
    if (!this.#isRunning || this.#isTelling || this.#isHeld) return;
    this.#isTelling = true;
    const { progress } = this.#options;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const commands = progress.handle({ ...next, nowMs: performance.now() } as SyncEvent);
        for (const command of commands) this.#carryOut(command, next);
      }
    } catch (error) {
      this.#settle?.reject(error);
      return;
    } finally {
      this.#isTelling = false;
    }
    clearTimeout(this.#timer);
    const { nextTickMs } = progress;
    if (nextTickMs === undefined) return;
    this.#timer = setTimeout(() => this.#tell({ type: 'tick' }), Math.max(1, nextTickMs - performance.now()));
  }

  #carryOut(command: SyncCommand, event: EventWithoutTime): void {
    switch (command.type) {
      case 'request':
        this.#startRequest(command);
        return;
      case 'cancel-request':
        this.#requests.get(command.request)?.abort();
        return;
      case 'keep':
        if (event.type === 'chunk-received') this.#keep(command, event);
        return;
      case 'prove':
        this.#emitMove('received', command.attempt);
        this.#track(this.#work, this.#prove(command.attempt, command.range));
        return;
      case 'commit':
        this.#emitMove('proved', command.attempt);
        this.#track(this.#work, this.#commit(command.attempt));
        return;
      case 'cancel':
        this.#emitMove('dropped', command.attempt);
        this.#attempts.get(command.attempt)?.abort.abort();
        return;
      case 'discard':
        this.#emitMove('dropped', command.attempt);
        this.#attempts.delete(command.attempt);
        return;
      case 'ban':
        this.#options.onBan(command);
        return;
      case 'adopt-newer':
        this.#options.onAdoptNewer?.();
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

  #track(set: Set<Promise<void>>, work: Promise<void>): void {
    const tracked = work.finally(() => set.delete(tracked));
    set.add(tracked);
  }

  #emit(event: DownloadEvent): void {
    this.#options.onEvent?.(event);
  }

  #emitMove(type: RangeMoved['type'], id: number): void {
    const attempt = this.#attempts.get(id);
    if (attempt !== undefined) this.#emit({ type, peer: attempt.peer, range: attempt.range });
  }

  #startRequest(command: RequestCommand): void {
    const { request, peer, firstRange, rangeCount } = command;
    this.#senders.set(request, peer);
    this.#emit({ type: 'asked', peer, firstRange, rangeCount });
    const work = this.#request(command).finally(() => {
      this.#senders.delete(request);
      this.#emit({ type: 'answered', peer, firstRange, rangeCount });
    });
    this.#track(this.#asking, work);
  }

  async #request(command: RequestCommand): Promise<void> {
    const { request } = command;
    const abort = new AbortController();
    const { signal } = abort;
    const height = this.#height;
    this.#requests.set(request, abort);
    try {
      const peer = this.#options.peers().get(command.peer);
      if (peer === undefined) throw new NodeError('NODE_PEER_CLOSED', `${command.peer} is gone`);
      const { startKey, maxBytes } = command;
      const ask = { height, startKey, endKey: command.endKey ?? noBytes, maxBytes };
      const { timeoutMs } = this.#options;
      const answer = await peer.request({ type: 'get-snapshot', requestId: 0, ...ask }, { timeoutMs, signal });
      this.#requests.delete(request);
      if (!answer.isAvailable) return this.#tell({ type: 'chunk-unavailable', request });
      const { records } = answer;
      if (answer.height !== height) {
        const details = { expected: { height }, actual: { height: answer.height } };
        const { length } = records.bytes;
        return this.#tell({ type: 'unrequested-received', peer: command.peer, bytes: length, details });
      }
      const nextKey = answer.nextKey.length === 0 ? undefined : answer.nextKey;
      this.#tell({ type: 'chunk-received', request, records, nextKey });
    } catch {
      // Whatever ended the request, no answer will come: a cancelled one is over, a live one goes elsewhere.
      this.#requests.delete(request);
      this.#tell({ type: signal.aborted ? 'request-cancelled' : 'chunk-unavailable', request });
    }
  }

  #keep(command: KeepCommand, event: { readonly request: number; readonly records: PackedRecords }): void {
    const { attempt: id, range, fromRecord, toRecord } = command;
    const { bytes, offsets } = event.records;
    const peer = this.#senders.get(event.request) ?? '';
    let attempt = this.#attempts.get(id);
    if (attempt === undefined) {
      attempt = { range, peer, abort: new AbortController(), parts: [], proved: undefined };
      this.#attempts.set(id, attempt);
    }
    attempt.parts.push({ bytes, offsets: offsets.subarray(4 * fromRecord, 4 * toRecord) });
    const keptBytes = (offsets[4 * toRecord - 1] ?? 0) - (offsets[4 * fromRecord] ?? 0);
    this.#emit({ type: 'kept', peer, records: toRecord - fromRecord, bytes: Math.max(0, keptBytes) });
  }

  async #prove(id: number, range: number): Promise<void> {
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) return this.#tell({ type: 'prove-failed', attempt: id, message: 'no records kept' });
    const { signal } = attempt.abort;
    try {
      const proved = await this.#options.store.proveRange(range, attempt.parts, { signal });
      attempt.parts.length = 0;
      if (signal.aborted) this.#attempts.delete(id);
      else attempt.proved = proved;
      this.#tell({ type: 'proved', attempt: id });
    } catch (error) {
      if (hasCode(error, 'ANCESTRAL_RECORDS_RANGE_REFUTED')) {
        const { message, details } = error as Error & { readonly details: Readonly<Record<string, unknown>> };
        const digest = digestOf(attempt.parts);
        this.#emitMove('refuted', id);
        this.#attempts.delete(id);
        this.#tell({ type: 'refuted', attempt: id, reason: message, details: { ...details, digest } });
      } else if (signal.aborted) {
        this.#attempts.delete(id);
        this.#tell({ type: 'cancelled', attempt: id });
      } else {
        this.#tell({ type: 'prove-failed', attempt: id, message: messageOf(error) });
      }
    }
  }

  async #commit(id: number): Promise<void> {
    const attempt = this.#attempts.get(id);
    if (attempt?.proved === undefined) {
      return this.#tell({ type: 'commit-failed', attempt: id, message: 'nothing proved' });
    }
    try {
      await this.#options.store.commitRange(attempt.proved);
      this.#emitMove('committed', id);
      this.#attempts.delete(id);
      this.#options.onCommitted(attempt.proved);
      this.#tell({ type: 'committed', attempt: id });
    } catch (error) {
      if (attempt.abort.signal.aborted) this.#attempts.delete(id);
      // The store refuses everything after a failed write: to try again is of no use before it was opened again.
      if (hasCode(error, 'ANCESTRAL_RECORDS_WRITE_FAILED')) {
        this.#settle?.reject(new NodeError('NODE_DATABASE', messageOf(error), { cause: error }));
        return;
      }
      this.#tell({ type: 'commit-failed', attempt: id, message: messageOf(error) });
    }
  }
}

/** SHA-256 of the keys and values, one after the other. */
function digestOf(parts: readonly PackedRecords[]): string {
  const hash = createHash('sha256');
  for (const { bytes, offsets } of parts) {
    for (let at = 0; at < offsets.length; at += 2) hash.update(bytes.subarray(offsets[at], offsets[at + 1]));
  }
  return hash.digest('hex');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
