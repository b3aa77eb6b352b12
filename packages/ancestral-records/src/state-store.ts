import type { BatchDraft } from './batch-draft.js';
import { type BlockBatch, commitBlock, prepareBlock, staleBlock } from './block.js';
import { BlockTraffic } from './block-traffic.js';
import { type Chunk, type ChunkRequest, readChunk } from './chunk.js';
import type { StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { beginDownload, finishDownload } from './download.js';
import { AncestralRecordsError } from './errors.js';
import { initialize, resetState } from './genesis.js';
import type { PackedRecords } from './hasher.js';
import { otherInterval, otherKey, stateKey } from './layout.js';
import type { Manifest } from './manifest.js';
import { ManifestBuild } from './manifest-build.js';
import { beginLedgers, openContext, type StateStoreOptions } from './open-store.js';
import type { StateParameters } from './parameters.js';
import { proveRecords } from './proof.js';
import { type Proof, RangeCommits } from './range-commits.js';
import { copiedChanges, isStateKey, otherRecordWrites, type RecordChange } from './record-change.js';
import { Retention } from './retention.js';
import { beginRewind } from './rewind.js';
import { type BuiltSnapshot, builtSnapshots, readManifest, snapshotAt } from './snapshots.js';
import type {
  Abortable,
  DownloadStatus,
  OtherWrites,
  PrefixSummary,
  PreparedBlock,
  ProvedRange,
  SnapshotInfo,
  StorePhase,
} from './store-types.js';
import { UnprovedHashing } from './unproved/append-unproved.js';
import { beginUnproved } from './unproved/begin-unproved.js';
import { clearUnproved } from './unproved/clear-unproved.js';
import { finishUnproved } from './unproved/finish-unproved.js';
import { unprovedStatus } from './unproved/unproved-download.js';
import type { UnprovedChunk, UnprovedDownloadStatus, UnprovedTarget } from './unproved/unproved-types.js';
import { keyText } from './value-cache.js';
import { busy, WriterGate } from './writer-gate.js';

/** What the functions of this package that are no methods may use of a store. */
export interface StoreInternals {
  readonly context: StoreContext;
  /** Throws if the store is closed or a write failed. */
  requireUsable(): void;
  requireReady(): void;
  /** Runs a writing operation alone. @throws ANCESTRAL_RECORDS_BUSY */
  exclusive(name: string, operation: () => Promise<void>, options?: { readonly mayWait?: boolean }): Promise<void>;
  /** Keeps `close` from overtaking a read. */
  reading<T>(reading: Promise<T>): Promise<T>;
}

let openInternals: (store: StateStore) => StoreInternals;

/** The inside of a store, for the other files of this package. */
export function internalsOf(store: StateStore): StoreInternals {
  return openInternals(store);
}

/**
 * The state of a chain at its tip, at its retained snapshots, and while it is downloaded, in one database.
 *
 * One writer: of the operations that move the store, one runs at a time. Others are refused with
 * ANCESTRAL_RECORDS_BUSY, but for `commitRange`, which waits its turn in a bounded line. Reads run beside all of them.
 * After a failed write the store refuses everything until it is opened again, since what reached the disk is unknown.
 */
export class StateStore {
  readonly #context: StoreContext;
  readonly #retention: Retention;
  readonly #build: ManifestBuild;
  readonly #traffic = new BlockTraffic();
  readonly #gate = new WriterGate();
  readonly #unproved: UnprovedHashing;
  readonly #prepared = new WeakMap<PreparedBlock, BlockBatch>();
  readonly #proofs = new WeakMap<ProvedRange, Proof>();
  readonly #commits: RangeCommits;
  readonly #reads = new Set<Promise<unknown>>();
  /** The one of the block that was prepared last, which is the likeliest to be committed; others are written as lists. */
  #draft: BatchDraft | undefined;
  #failure: unknown;
  #closing: Promise<void> | undefined;

  static {
    openInternals = (store) => ({
      context: store.#context,
      requireUsable: () => store.#requireUsable(),
      requireReady: () => store.#requireReady(),
      exclusive: (name, operation, options) => store.#exclusive(name, operation, options),
      reading: (reading) => store.#read(reading),
    });
  }

  private constructor(context: StoreContext) {
    this.#context = context;
    this.#retention = new Retention(context);
    this.#commits = new RangeCommits(context);
    this.#unproved = new UnprovedHashing(context);
    this.#build = new ManifestBuild(context, {
      traffic: this.#traffic,
      onBuilt: () => this.#retention.start(),
      onFailure: (error) => {
        this.#failure = error;
      },
    });
    this.#retention.start();
    this.#build.start();
  }

  /**
   * Opens the state in a database, or prepares an empty one, and finishes what a crash interrupted.
   *
   * @throws ANCESTRAL_RECORDS_UNSUPPORTED_DATABASE, ANCESTRAL_RECORDS_FOREIGN_DATABASE,
   *   ANCESTRAL_RECORDS_FORMAT_VERSION, ANCESTRAL_RECORDS_IDENTITY_MISMATCH, ANCESTRAL_RECORDS_PARAMETERS_MISMATCH,
   *   ANCESTRAL_RECORDS_CORRUPT, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  static async open(options: StateStoreOptions): Promise<StateStore> {
    return new StateStore(await openContext(options));
  }

  get parameters(): StateParameters {
    return this.#context.parameters;
  }

  get phase(): StorePhase {
    const { phase } = this.#context.standing.tip;
    return phase === 'clearing' ? 'empty' : phase;
  }

  /** Height of the last committed block; undefined unless ready. */
  get height(): number | undefined {
    const { phase, height } = this.#context.standing.tip;
    return phase === 'ready' ? height : undefined;
  }

  /** State root at the tip. @throws ANCESTRAL_RECORDS_NOT_READY */
  stateRoot(): Uint8Array {
    this.#requireReady();
    return copyBytes(this.#context.standing.tip.stateRoot);
  }

  /** Checksum of each prefix with records at the tip, ascending. @throws ANCESTRAL_RECORDS_NOT_READY */
  checksums(): ReadonlyMap<number, Uint8Array> {
    this.#requireReady();
    return checksumsOf(this.#context.standing.summaries);
  }

  /** Summary of each prefix with records at the tip, ascending. @throws ANCESTRAL_RECORDS_NOT_READY */
  summaries(): ReadonlyMap<number, PrefixSummary> {
    this.#requireReady();
    return copiedSummaries(this.#context.standing.summaries);
  }

  /** The value of one record, as a copy. @throws ANCESTRAL_RECORDS_NOT_READY for a state key unless ready */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.getMany([key]))[0];
  }

  /**
   * The values of several records, as copies. Each is the value before or after a block that is committed meanwhile: before it
   * until the height moves.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY for a state key unless ready
   */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#requireUsable();
    return this.#read(this.#getMany(keys));
  }

  /**
   * Writes records outside of the state in one batch, in any phase and beside any other operation.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_RECORD for a state prefix, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async write(changes: Iterable<RecordChange>): Promise<void> {
    this.#requireUsable();
    const writing = this.#context.disk.write(otherRecordWrites(this.parameters, changes));
    await this.#read(
      writing.catch((error: unknown) => {
        this.#failure = error;
        throw error;
      }),
    );
  }

  /** Iterates over records outside of the state with `gte <= key`, and `key < lt` if it is given, as of the first read. */
  async *others(interval: {
    readonly gte: Uint8Array;
    readonly lt?: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
  }): AsyncGenerator<[key: Uint8Array, value: Uint8Array], void, undefined> {
    this.#requireUsable();
    const { gte, lt, reverse = false, limit = -1 } = interval;
    const scan = this.#context.disk.scan(otherInterval(gte, lt), { isReverse: reverse, limit });
    for await (const entries of scan) {
      for (const [key, value] of entries) yield [copyBytes(key.subarray(1)), copyBytes(value)];
      this.#requireUsable();
    }
  }

  /**
   * Writes the genesis state, ascending by key across all packed records, in bounded memory: height 0 and snapshot 0.
   * If it fails or the process dies, the store is empty.
   *
   * @throws ANCESTRAL_RECORDS_WRONG_PHASE unless empty, ANCESTRAL_RECORDS_OUT_OF_ORDER, ANCESTRAL_RECORDS_INVALID_RECORD,
   *   ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async initialize(
    content: { readonly records: Iterable<PackedRecords> | AsyncIterable<PackedRecords> } & OtherWrites & Abortable,
  ): Promise<void> {
    const others = this.#others(content.otherWrites);
    await this.#exclusive('initialize', async () => {
      this.#requirePhase('empty');
      await initialize(this.#context, content.records, others, content.signal);
      await beginLedgers(this.#context);
    });
  }

  /**
   * Computes the net effect of the next block: its state root and the batch to write. Writes nothing; bytes are copied before it
   * returns. At a snapshot height it first waits for the manifest of the snapshot before.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_WRONG_HEIGHT unless `height` is the next one,
   *   ANCESTRAL_RECORDS_INVALID_RECORD, ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_STALE_BLOCK if the store begins to move meanwhile
   */
  async prepareBlock(height: number, changes: Iterable<RecordChange>, options: Abortable = {}): Promise<PreparedBlock> {
    this.#requireNext(height);
    options.signal?.throwIfAborted();
    let own = changes;
    if (height % this.parameters.snapshotPeriod === 0 && !this.#build.isSettled) {
      own = copiedChanges(this.parameters, changes);
      try {
        await this.#read(this.#build.settled());
      } finally {
        // It says more than the build does, which is given up when the store moves or is closed.
        this.#requireNext(height);
      }
    }
    const batch = await this.#read(this.#traffic.during(this.#prepareBlock(height, own, options.signal)));
    const prepared: PreparedBlock = Object.freeze({
      height,
      stateRoot: copyBytes(batch.next.tip.stateRoot),
      checksums: checksumsOf(batch.next.summaries),
      changedRecords: batch.changedRecords,
    });
    this.#prepared.set(prepared, batch);
    return prepared;
  }

  /**
   * Writes a prepared block and the records that belong to it in one batch, or nothing.
   *
   * @throws ANCESTRAL_RECORDS_STALE_BLOCK if the height has moved or another store prepared it,
   *   ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_INVALID_RECORD, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async commitBlock(prepared: PreparedBlock, options: OtherWrites = {}): Promise<void> {
    const batch = this.#prepared.get(prepared);
    if (batch === undefined) throw staleBlock(prepared.height);
    const others = this.#others(options.otherWrites);
    await this.#exclusive('commitBlock', () => this.#traffic.during(commitBlock(this.#context, batch, others)));
    this.#prepared.delete(prepared);
    this.#draft?.discard();
    if (batch.snapshot !== undefined) this.#build.start();
  }

  /**
   * Summary of each prefix with records at a snapshot, ascending.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE
   */
  snapshotSummaries(height: number): ReadonlyMap<number, PrefixSummary> {
    this.#requireReady();
    return copiedSummaries(snapshotAt(this.#context, height).summaries);
  }

  /** Snapshots whose manifest is complete, so that they can be served, ascending. None unless ready. */
  snapshots(): readonly SnapshotInfo[] {
    return this.height === undefined ? [] : builtSnapshots(this.#context).map(snapshotInfo);
  }

  /**
   * The snapshot at a height, as soon as its manifest is complete. While somebody waits, building it does not stand back for
   * blocks.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE,
   *   ANCESTRAL_RECORDS_CORRUPT if the state does not add up to what its blocks said
   */
  async awaitSnapshot(height: number, options: Abortable = {}): Promise<SnapshotInfo> {
    this.#requireReady();
    try {
      return snapshotInfo(await this.#read(this.#build.built(height, options.signal)));
    } catch (error) {
      this.#requireReady();
      throw error;
    }
  }

  /**
   * The manifest of a snapshot, as soon as it is complete.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE, ANCESTRAL_RECORDS_CORRUPT
   */
  async manifest(height: number): Promise<Manifest> {
    await this.awaitSnapshot(height);
    return this.#read(readManifest(this.#context, height));
  }

  /**
   * Keeps a snapshot from being retired for at least so long, together with the ancestral records since. False if it is not
   * served here, or if `maxHeldSnapshots` others are held. It goes when the first manifest after that time is complete, or when
   * the store is opened again: holds are forgotten with the store.
   */
  hold(height: number, forMs: number): boolean {
    if (!(forMs >= 0 && forMs < Number.POSITIVE_INFINITY)) throw new RangeError('forMs must be finite, not negative');
    if (!this.snapshots().some((snapshot) => snapshot.height === height)) return false;
    return this.#context.holds.hold(height, forMs);
  }

  /**
   * Reads the next records of a retained snapshot or of the tip. Every chunk makes progress: it ends the interval, or
   * its `nextKey` is after `startKey`, although it may hold no record when a scan budget was used up.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE,
   *   ANCESTRAL_RECORDS_INVALID_RECORD if `startKey` is under no state prefix
   */
  async readChunk(request: ChunkRequest): Promise<Chunk> {
    this.#requireReady();
    if (!isStateKey(this.parameters, request.startKey)) {
      throw new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_RECORD', 'startKey is under no state prefix', {
        details: { reason: 'its first byte is no state prefix' },
      });
    }
    return this.#read(readChunk(this.#context, request));
  }

  /**
   * Starts the download of a snapshot, or adopts a newer manifest for the one under way, or for a whole state that stands
   * exactly at a snapshot with a manifest: ranges with equal entries stay proved. The caller has checked the manifest
   * against a header.
   *
   * @throws ANCESTRAL_RECORDS_WRONG_PHASE between snapshots, ANCESTRAL_RECORDS_INVALID_MANIFEST, ANCESTRAL_RECORDS_WRONG_HEIGHT,
   *   ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async beginDownload(manifest: Manifest): Promise<void> {
    await this.#exclusive('beginDownload', async () => {
      await this.#pausingBackground(() => beginDownload(this.#context, manifest));
      await beginLedgers(this.#context);
    });
  }

  /** The download under way, as it stands on disk. */
  download(): DownloadStatus | undefined {
    const download = this.#context.standing.download;
    if (download === undefined) return undefined;
    const { manifest, root, proved } = download;
    return { height: manifest.height, root: copyBytes(root), manifest, proved: new Set(proved) };
  }

  /**
   * Proves that records are exactly a range of the download's manifest. Writes nothing; the records are borrowed and
   * must not change until they are committed.
   *
   * @throws ANCESTRAL_RECORDS_RANGE_REFUTED with details `index`, `reason`, `expected` and `actual`
   */
  async proveRange(
    index: number,
    records: PackedRecords | readonly PackedRecords[],
    options: Abortable = {},
  ): Promise<ProvedRange> {
    this.#requireUsable();
    this.#requirePhase('downloading');
    const entry = this.#context.standing.download?.manifest.entries[index];
    if (entry === undefined) throw new RangeError(`the manifest has no range ${index}`);
    const list = 'bytes' in records ? [records] : [...records];
    await this.#read(proveRecords(this.#context, { entry, index }, list, options.signal));
    const proved: ProvedRange = Object.freeze({ index, records: entry.count, bytes: entry.bytes });
    this.#proofs.set(proved, { entry, records: list });
    return proved;
  }

  /**
   * Writes a proved range with its mark, and removes whatever else is in its interval, in one batch. A range that is
   * committed already is left alone. Waits its turn behind other writers; ranges that wait together may share a batch.
   *
   * @throws ANCESTRAL_RECORDS_RANGE_SUPERSEDED if a newer manifest has another entry there, ANCESTRAL_RECORDS_WRONG_PHASE,
   *   ANCESTRAL_RECORDS_BUSY if too many wait, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async commitRange(proved: ProvedRange): Promise<void> {
    const proof = this.#proofs.get(proved);
    if (proof === undefined) throw new TypeError('this range was not proved by this store');
    const commit = this.#commits.join(proof);
    const write = async (): Promise<void> => {
      if (commit.outcome === undefined) this.#requirePhase('downloading');
      await this.#commits.write(commit);
    };
    try {
      await this.#exclusive('commitRange', write, { mayWait: true });
    } finally {
      this.#commits.leave(commit);
    }
  }

  /**
   * Ends a download whose ranges are all committed: whatever lies between them is removed, and the store is ready.
   *
   * @throws ANCESTRAL_RECORDS_DOWNLOAD_INCOMPLETE, ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH,
   *   ANCESTRAL_RECORDS_WRONG_PHASE, ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async finishDownload(options: { readonly stateRoot: Uint8Array } & OtherWrites): Promise<void> {
    const others = this.#others(options.otherWrites);
    await this.#exclusive('finishDownload', async () => {
      this.#requirePhase('downloading');
      await finishDownload(this.#context, options.stateRoot, others);
      await beginLedgers(this.#context);
    });
  }

  /**
   * Starts a download of which nothing is proved before its last record is there: for chains whose headers carry no roots. Its
   * intervals, one per state prefix, are marked dirty first. The same target again changes nothing, so that it resumes.
   *
   * @throws ANCESTRAL_RECORDS_INVALID_CHECKSUM, ANCESTRAL_RECORDS_WRONG_PHASE unless empty, ANCESTRAL_RECORDS_BUSY,
   *   ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async beginUnprovedDownload(target: UnprovedTarget, options: Abortable = {}): Promise<void> {
    await this.#exclusive('beginUnprovedDownload', () => beginUnproved(this.#context, target, options));
  }

  /** The unproved download under way, as it stands on disk. */
  unprovedDownload(): UnprovedDownloadStatus | undefined {
    const { unproved } = this.#context.standing;
    return unproved && unprovedStatus(unproved);
  }

  /**
   * Writes the next chunk of a prefix, with the place where the prefix goes on, in one batch. Chunks of different prefixes may be
   * written at once. The records are borrowed, and must not change afterwards. With the last chunk, the prefix is compared with what
   * it is said to be; if it differs, that chunk is not written.
   *
   * @throws ANCESTRAL_RECORDS_CHUNK_REFUTED, ANCESTRAL_RECORDS_CHECKSUM_MISMATCH, ANCESTRAL_RECORDS_RANGE_SUPERSEDED if the
   *   prefix was cleared meanwhile, ANCESTRAL_RECORDS_WRONG_PHASE, ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async writeUnproved(prefix: number, chunk: UnprovedChunk, options: Abortable = {}): Promise<void> {
    this.#requireUsable();
    const write = (commit: () => Promise<void>) => this.#exclusive('writeUnproved', commit, { mayWait: true });
    await this.#read(this.#unproved.append(prefix, chunk, { signal: options.signal, write }));
  }

  /**
   * Deletes what was written into some prefixes, or into all of them, in bounded steps; they can be downloaded again. Interrupted,
   * it is finished when the store is opened.
   *
   * @throws ANCESTRAL_RECORDS_WRONG_PHASE, ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async clearUnproved(prefixes: readonly number[] = this.parameters.statePrefixes): Promise<void> {
    await this.#exclusive('clearUnproved', () => clearUnproved(this.#context, prefixes), { mayWait: true });
  }

  /**
   * Ends an unproved download whose prefixes are all whole: if they add up to the checksum, the store is ready at its height.
   *
   * @throws ANCESTRAL_RECORDS_DOWNLOAD_INCOMPLETE, ANCESTRAL_RECORDS_CHECKSUM_MISMATCH, ANCESTRAL_RECORDS_WRONG_PHASE,
   *   ANCESTRAL_RECORDS_BUSY, ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async finishUnprovedDownload(options: OtherWrites = {}): Promise<void> {
    const others = this.#others(options.otherWrites);
    await this.#exclusive('finishUnprovedDownload', async () => {
      await finishUnproved(this.#context, others);
      await beginLedgers(this.#context);
    });
  }

  /** Deletes all state, in any phase; other records stay. Interrupted, it is finished when the store is opened. */
  async reset(): Promise<void> {
    await this.#exclusive('reset', async () => {
      await this.#pausingBackground(() => resetState(this.#context));
      await beginLedgers(this.#context);
      this.#unproved.forget();
    });
  }

  /**
   * Goes back to a retained snapshot. `otherWrites` are written with the mark that makes the rewind certain; interrupted,
   * it is finished when the store is opened.
   *
   * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE, ANCESTRAL_RECORDS_BUSY,
   *   ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async rewind(height: number, options: OtherWrites = {}): Promise<void> {
    const others = this.#others(options.otherWrites);
    await this.#exclusive('rewind', async () => {
      this.#requireReady();
      snapshotAt(this.#context, height);
      await this.#pausingBackground(() => beginRewind(this.#context, height, others));
      await beginLedgers(this.#context);
    });
  }

  /**
   * Resolves when the manifest of the newest snapshot is complete and the ancestral records of epochs no longer retained
   * are deleted.
   *
   * @throws ANCESTRAL_RECORDS_WRITE_FAILED, ANCESTRAL_RECORDS_CORRUPT
   */
  async maintenance(): Promise<void> {
    this.#requireUsable();
    await this.#read(this.#build.settled());
    this.#retention.start();
    await this.#retention.settled();
  }

  /** Waits for what is under way and lets go of the database, which stays open. Later calls do nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#gate.idle();
    await Promise.all([this.#build.stop(), this.#retention.stop()]);
    await Promise.allSettled([...this.#reads]);
    await this.#context.ledgers.settled();
    this.#draft?.discard();
    this.#context.cache.clear();
  }

  async #prepareBlock(
    height: number,
    changes: Iterable<RecordChange>,
    signal: AbortSignal | undefined,
  ): Promise<BlockBatch> {
    this.#draft?.discard();
    const draft = this.#context.disk.draft();
    this.#draft = draft;
    const { turns } = this.#gate;
    const isStale = () => this.#gate.turns !== turns;
    try {
      return await prepareBlock(this.#context, height, changes, { draft, signal, isStale });
    } catch (error) {
      draft?.discard();
      throw error;
    }
  }

  async #getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const { cache, disk, version } = this.#context;
    const values = new Array<Uint8Array | undefined>(keys.length);
    const missing: { slot: number; databaseKey: Uint8Array; state?: { text: string; hash: number } }[] = [];
    for (const [slot, key] of keys.entries()) {
      if (!isStateKey(this.parameters, key)) {
        missing.push({ slot, databaseKey: otherKey(key) });
        continue;
      }
      this.#requireReady();
      const text = keyText(key);
      const hash = cache.hashOf(text);
      const cached = cache.lookUp(text, hash);
      if (cached === undefined) missing.push({ slot, databaseKey: stateKey(key), state: { text, hash } });
      else values[slot] = cached.value && copyBytes(cached.value);
    }
    const read = await disk.getMany(missing.map(({ databaseKey }) => databaseKey));
    const isCurrent = this.#context.version === version;
    if (!isCurrent && missing.some(({ state }) => state !== undefined)) this.#requireReady();
    for (const [i, { slot, state }] of missing.entries()) {
      // The database may be ahead of the height already, but then the cache knows.
      const known = state && cache.lookUp(state.text, state.hash);
      const { value } = known ?? { value: read[i] };
      values[slot] = value && copyBytes(value);
      if (state !== undefined && known === undefined && isCurrent) {
        cache.set(state.text, state.hash, { value, recordedIn: -1 });
      }
    }
    return values;
  }

  /** Runs an operation alone. After a failed write, or if it leaves the store between two states, nothing runs any more. */
  async #exclusive(
    name: string,
    operation: () => Promise<void>,
    options: { readonly mayWait?: boolean } = {},
  ): Promise<void> {
    this.#requireUsable();
    await this.#gate.run(
      name,
      async () => {
        this.#requireUsable();
        try {
          await operation();
        } catch (error) {
          const { phase } = this.#context.standing.tip;
          if (isWriteFailure(error) || phase === 'clearing' || phase === 'rewinding') this.#failure = error;
          throw error;
        }
      },
      options,
    );
  }

  /** Runs an operation that replaces the state while nothing works in the background. */
  async #pausingBackground(operation: () => Promise<void>): Promise<void> {
    await Promise.all([this.#build.stop(), this.#retention.stop()]);
    try {
      await operation();
    } catch (error) {
      // After a failed write the disk may be further than the store knows: nothing may be written on top of that.
      if (!isWriteFailure(error)) this.#resumeBackground();
      throw error;
    }
    this.#resumeBackground();
  }

  #resumeBackground(): void {
    this.#build.resume();
    this.#retention.resume();
  }

  /** Keeps {@link close} from overtaking a read. */
  async #read<T>(reading: Promise<T>): Promise<T> {
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  #others(changes: Iterable<RecordChange> | undefined): DatabaseWrite[] {
    return otherRecordWrites(this.parameters, changes ?? []);
  }

  #requireUsable(): void {
    if (this.#closing !== undefined) {
      throw new AncestralRecordsError('ANCESTRAL_RECORDS_CLOSED', 'the store is closed');
    }
    if (this.#failure !== undefined) {
      throw new AncestralRecordsError(
        'ANCESTRAL_RECORDS_WRITE_FAILED',
        'an earlier write failed, so what the database holds is uncertain: close the store and open it again',
        { cause: this.#failure },
      );
    }
  }

  #requireReady(): void {
    this.#requireUsable();
    const { phase } = this.#context.standing.tip;
    if (phase === 'ready') return;
    throw new AncestralRecordsError('ANCESTRAL_RECORDS_NOT_READY', `the store is ${phase}: there is no state to use`, {
      details: { phase },
    });
  }

  /** @throws what `prepareBlock` throws unless a block at `height` can be prepared now */
  #requireNext(height: number): void {
    this.#requireReady();
    if (this.#gate.active !== undefined) throw busy('prepareBlock', this.#gate.active);
    const next = this.#context.standing.tip.height + 1;
    if (height === next) return;
    throw new AncestralRecordsError('ANCESTRAL_RECORDS_WRONG_HEIGHT', `the next block is ${next}, not ${height}`, {
      details: { expected: next, actual: height },
    });
  }

  #requirePhase(...phases: readonly StorePhase[]): void {
    if (phases.includes(this.phase)) return;
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRONG_PHASE',
      `the store is ${this.phase}; this needs it to be ${phases.join(' or ')}`,
      { details: { phase: this.phase } },
    );
  }
}

function isWriteFailure(error: unknown): boolean {
  return error instanceof AncestralRecordsError && error.code === 'ANCESTRAL_RECORDS_WRITE_FAILED';
}

function snapshotInfo({ height, stateRoot, manifest, summaries }: BuiltSnapshot): SnapshotInfo {
  let records = 0;
  let bytes = 0;
  for (const summary of summaries.values()) {
    records += summary.count;
    bytes += summary.bytes;
  }
  return { height, root: copyBytes(manifest.root), stateRoot: copyBytes(stateRoot), records, bytes };
}

function copiedSummaries(summaries: ReadonlyMap<number, PrefixSummary>): Map<number, PrefixSummary> {
  const copied = [...summaries].map(([prefix, { count, bytes, checksum }]) => {
    return [prefix, { count, bytes, checksum: copyBytes(checksum) }] as const;
  });
  return new Map(copied);
}

function checksumsOf(summaries: ReadonlyMap<number, { readonly checksum: Uint8Array }>): Map<number, Uint8Array> {
  return new Map([...summaries].map(([prefix, { checksum }]) => [prefix, copyBytes(checksum)]));
}
