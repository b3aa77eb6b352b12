import type { RecordChange, StateStore, UnprovedChunk, UnprovedTarget } from '@hs/ancestral-records';
import type {
  UnprovedBanCommand,
  UnprovedCommand,
  UnprovedEvent,
  UnprovedProgress,
  UnprovedRequestCommand,
  UnprovedUnnamedCommand,
} from '@hs/sync-progress';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';

export interface UnprovedDownloaderOptions<Header> {
  readonly store: StateStore;
  readonly target: UnprovedTarget;
  /** New: it belongs to this download alone. */
  readonly progress: UnprovedProgress;
  readonly peers: () => ReadonlyMap<string, Peer<Header>>;
  readonly timeoutMs: number;
  /** What is written in the batch that makes the state the tip. */
  readonly otherWrites: () => readonly RecordChange[];
  readonly onBan: (command: UnprovedBanCommand) => void;
  readonly onUnnamed: (command: UnprovedUnnamedCommand) => void;
  /** Nothing was written for a while. */
  readonly onStuck: () => void;
}

type EventWithoutTime = UnprovedEvent extends infer Event
  ? Event extends UnprovedEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/** Chunk rules that a chunk breaks only together with what came before it, which somebody else may have sent. */
const sharedReasons: ReadonlySet<unknown> = new Set(['too-many-records', 'too-many-bytes']);

const noBytes: Uint8Array = new Uint8Array(0);

/** Carries out what {@link UnprovedProgress} decides, for one target. Decides nothing itself. */
export class UnprovedDownloader<Header> {
  readonly #options: UnprovedDownloaderOptions<Header>;
  readonly #requests = new Map<number, AbortController>();
  readonly #chunks = new Map<number, UnprovedChunk>();
  readonly #work = new Set<Promise<void>>();
  readonly #events: EventWithoutTime[] = [];
  readonly #end = new AbortController();
  #isTelling = false;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(options: UnprovedDownloaderOptions<Header>) {
    this.#options = options;
  }

  /**
   * Downloads what is missing, from peers that are told of by {@link setPeers}, until the store is ready; called once. Settles when
   * nothing of it is under way any more.
   *
   * @throws the reason of `signal`; NODE_UNPROVED_SYNC_FAILED at a limit; NODE_DATABASE
   */
  async run(peers: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onAbort = () => this.#settle?.reject(signal.reason);
    const finished = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    signal.addEventListener('abort', onAbort);
    this.#isRunning = true;
    try {
      for (const peer of peers) this.#tell({ type: 'peer-joined', peer });
      const { intervals = [] } = this.#options.store.unprovedDownload() ?? {};
      const prefixes = intervals.map(({ state, ...rest }) => ({ ...rest, isWhole: state === 'whole' }));
      this.#tell({ type: 'began', prefixes });
      await finished;
    } finally {
      this.#isRunning = false;
      signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#timer);
      for (const request of this.#requests.values()) request.abort();
      this.#end.abort(signal.reason);
      await Promise.all(this.#work);
      this.#chunks.clear();
    }
  }

  /** Peers that serve the target now. */
  setPeers(before: ReadonlySet<string>, now: ReadonlySet<string>): void {
    for (const peer of before) if (!now.has(peer)) this.#tell({ type: 'peer-left', peer });
    for (const peer of now) if (!before.has(peer)) this.#tell({ type: 'peer-joined', peer });
  }

  #tell(event: EventWithoutTime): void {
    if (!this.#isRunning) return;
    this.#events.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    const { progress } = this.#options;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const commands = progress.handle({ ...next, nowMs: performance.now() } as UnprovedEvent);
        for (const command of commands) this.#carryOut(command);
        if (next.type === 'finished') this.#settle?.resolve();
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
    const delayMs = Math.max(1, Math.ceil(nextTickMs - performance.now()));
    this.#timer = setTimeout(() => this.#tell({ type: 'tick' }), delayMs);
  }

  #carryOut(command: UnprovedCommand): void {
    switch (command.type) {
      case 'request':
        this.#start(this.#request(command));
        return;
      case 'cancel-request':
        this.#requests.get(command.request)?.abort();
        return;
      case 'write':
        this.#start(this.#write(command.request, command.prefix));
        return;
      case 'drop':
        this.#chunks.delete(command.request);
        return;
      case 'clear':
        this.#start(this.#clear(command.prefixes));
        return;
      case 'finish':
        this.#start(this.#finish());
        return;
      case 'ban':
        this.#options.onBan(command);
        return;
      case 'unnamed':
        this.#options.onUnnamed(command);
        return;
      case 'stuck':
        this.#options.onStuck();
        return;
      case 'failed':
        this.#settle?.reject(gaveUp(command.message, { reason: command.reason, height: this.#options.target.height }));
        return;
    }
  }

  #start(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        const isEnd = this.#end.signal.aborted;
        if (!isEnd) this.#settle?.reject(databaseError(error));
      })
      .finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  async #request({ request, peer: id, prefix, startKey, maxBytes }: UnprovedRequestCommand): Promise<void> {
    const abort = new AbortController();
    this.#requests.set(request, abort);
    const { signal } = abort;
    try {
      const { peers, target, timeoutMs } = this.#options;
      const peer = peers().get(id);
      if (peer === undefined) throw new NodeError('NODE_PEER_CLOSED', `${id} is gone`);
      const endKey = prefix === 255 ? noBytes : Uint8Array.of(prefix + 1);
      const ask = { type: 'get-snapshot', requestId: 0, height: target.height, startKey, endKey, maxBytes } as const;
      const answer = await peer.request(ask, { timeoutMs, signal });
      if (signal.aborted) return;
      if (!answer.isAvailable || answer.height !== target.height) {
        this.#tell({ type: 'chunk-unavailable', request });
        return;
      }
      const { records } = answer;
      const nextKey = answer.nextKey.length === 0 ? undefined : answer.nextKey;
      this.#chunks.set(request, { records, nextKey });
      const count = records.offsets.length / 4;
      this.#tell({ type: 'chunk-received', request, records: count, bytes: recordBytes(records.offsets), nextKey });
    } catch {
      // Whatever ended it, no answer will come.
      if (!signal.aborted) this.#tell({ type: 'chunk-unavailable', request });
    } finally {
      this.#requests.delete(request);
    }
  }

  async #write(request: number, prefix: number): Promise<void> {
    const chunk = this.#chunks.get(request);
    if (chunk === undefined) throw new Error('unreachable: a chunk is written that was not kept');
    try {
      await this.#options.store.writeUnproved(prefix, chunk, { signal: this.#end.signal });
      this.#tell({ type: 'written', request });
    } catch (error) {
      const {
        code,
        message,
        details = {},
      } = error as Error & {
        readonly code?: unknown;
        readonly details?: Readonly<Record<string, unknown>>;
      };
      const isChunk = code === 'ANCESTRAL_RECORDS_CHUNK_REFUTED';
      if (!isChunk && code !== 'ANCESTRAL_RECORDS_CHECKSUM_MISMATCH') throw error;
      const scope = isChunk && !sharedReasons.has(details['reason']) ? 'chunk' : 'prefix';
      this.#tell({ type: 'refuted', request, scope, reason: message, details });
    } finally {
      this.#chunks.delete(request);
    }
  }

  async #clear(prefixes: readonly number[]): Promise<void> {
    await this.#options.store.clearUnproved(prefixes);
    this.#tell({ type: 'cleared', prefixes });
  }

  async #finish(): Promise<void> {
    try {
      await this.#options.store.finishUnprovedDownload({ otherWrites: this.#options.otherWrites() });
      this.#tell({ type: 'finished' });
    } catch (error) {
      if (!hasCode(error, 'ANCESTRAL_RECORDS_CHECKSUM_MISMATCH')) throw error;
      const { message, details } = error as Error & { readonly details: Readonly<Record<string, unknown>> };
      this.#tell({ type: 'whole-refuted', reason: message, details });
    }
  }
}

/** The error of a download that is given up, with what to do about it. */
export function gaveUp(why: string, details: Readonly<Record<string, unknown>>): NodeError {
  const message =
    `the unproved download was given up: ${why}. See which peers were banned or disagree, connect to other ones, or pin a ` +
    'checksum that you know to be right with --trusted-checksum, and start again; --sync block executes all blocks instead';
  return new NodeError('NODE_UNPROVED_SYNC_FAILED', message, { details });
}

function databaseError(error: unknown): unknown {
  if (!hasCode(error, 'ANCESTRAL_RECORDS_WRITE_FAILED')) return error;
  return new NodeError('NODE_DATABASE', (error as Error).message, { cause: error });
}

function recordBytes(offsets: Uint32Array): number {
  let bytes = 0;
  for (let at = 0; at < offsets.length; at += 2) bytes += (offsets[at + 1] as number) - (offsets[at] as number);
  return bytes;
}
