import { compareBytes, equalBytes } from '@hs/bytes';
import type { BlockTraffic } from './block-traffic.js';
import { readChunk } from './chunk.js';
import { RangeBuilder } from './compute-manifest.js';
import { moveOn, type StoreContext } from './context.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import { pageKey, pagesOf } from './layout.js';
import { Manifest } from './manifest.js';
import { decodePage, encodePage, entriesPerPage } from './manifest-page.js';
import { summariesOf } from './manifest-summaries.js';
import type { SnapshotRecord } from './metadata.js';
import { netChanges } from './net-changes.js';
import { type KeyInterval, type RangeEntry, rangeInterval } from './range.js';
import { cellOfRange } from './range-grid.js';
import type { RangeLedger } from './range-ledger.js';
import { updateRanges } from './range-update.js';
import {
  type BuiltSnapshot,
  builtSnapshots,
  pageWrites,
  readManifest,
  snapshotAt,
  snapshotRemoval,
  snapshotWrite,
  unbuiltSnapshot,
  withManifest,
} from './snapshots.js';
import { corrupt } from './stored-bytes.js';

/** Bytes of a range that are read in one go while it is split. */
const readBytes = 4 * 1024 * 1024;

/**
 * Builds the manifest of the newest snapshot in the background, from the one before it and the ancestral records between.
 *
 * Every complete page is written as soon as it is known; they are all that marks how far the build came, so after a
 * crash it goes on behind the last of them. The batch with the last page and the root makes the snapshot servable and
 * retires the oldest. Before each step the build lets blocks pass, unless somebody waits for it.
 */
export class ManifestBuild {
  readonly #context: StoreContext;
  readonly #traffic: BlockTraffic;
  readonly #onBuilt: () => void;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #abort = new AbortController();
  #isStopped = false;
  #urgent = 0;
  #failure: unknown;

  constructor(
    context: StoreContext,
    options: {
      readonly traffic: BlockTraffic;
      readonly onBuilt: () => void;
      /** A write failed, so that what the database holds is uncertain. */
      readonly onFailure: (error: unknown) => void;
    },
  ) {
    this.#context = context;
    this.#traffic = options.traffic;
    this.#onBuilt = options.onBuilt;
    this.#onFailure = options.onFailure;
  }

  /** Starts building if there is something to build and nothing is under way. Never rejects. */
  start(): void {
    if (this.#running !== undefined || this.#isStopped) return;
    this.#failure = undefined;
    this.#running = this.#run()
      .catch((error: unknown) => {
        if (this.#isStopped) return;
        this.#failure = error;
        if (error instanceof AncestralRecordsError && error.code === 'ANCESTRAL_RECORDS_WRITE_FAILED') {
          this.#onFailure(error);
        }
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /**
   * Resolves when the manifest of the snapshot at `height` is complete; meanwhile blocks are not waited for.
   *
   * @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE, or what the build failed with
   */
  async built(height: number, signal?: AbortSignal): Promise<BuiltSnapshot> {
    this.#urgent++;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { manifest, ...rest } = snapshotAt(this.#context, height);
        if (manifest !== undefined) return { ...rest, manifest };
        this.start();
        if (this.#running === undefined) {
          throw new AncestralRecordsError('ANCESTRAL_RECORDS_BUSY', 'the manifest cannot be built now', {
            details: { height },
          });
        }
        await untilSettled(this.#running, signal);
        if (this.#failure !== undefined) throw this.#failure;
      }
    } finally {
      this.#urgent--;
    }
  }

  /** True if nothing is left to build. */
  get isSettled(): boolean {
    return unbuiltSnapshot(this.#context) === undefined;
  }

  /** Resolves when nothing is left to build. @throws what the build failed with */
  async settled(): Promise<void> {
    const unbuilt = unbuiltSnapshot(this.#context);
    if (unbuilt !== undefined) await this.built(unbuilt.height);
  }

  /** Gives up what is under way, and keeps new runs from starting until {@link resume}. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#abort.abort();
    await this.#running;
  }

  resume(): void {
    this.#isStopped = false;
    this.#abort = new AbortController();
    this.start();
  }

  async #run(): Promise<void> {
    for (;;) {
      const { tip } = this.#context.standing;
      const record = unbuiltSnapshot(this.#context);
      if (this.#isStopped || tip.phase !== 'ready' || record === undefined) return;
      await this.#build(record, this.#abort.signal);
      this.#onBuilt();
    }
  }

  async #build(record: SnapshotRecord, signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { height } = record;
    const pace = async (): Promise<void> => {
      if (this.#urgent === 0) await this.#traffic.idle();
      signal.throwIfAborted();
    };
    const base = await previousManifest(context, height);
    const entries = base === undefined ? [] : await keptEntries(context, height, base);
    let written = Math.floor(entries.length / entriesPerPage);
    const groups =
      base === undefined
        ? this.#fromNothing(height, pace, signal)
        : this.#fromBase(base, record, entries, pace, signal);
    for await (const group of groups) {
      for (const entry of group) entries.push(entry);
      for (; entries.length >= (written + 1) * entriesPerPage; written++) {
        const value = encodePage(entries.slice(written * entriesPerPage, (written + 1) * entriesPerPage));
        await context.disk.write([{ type: 'put', key: pageKey(height, written), value }], { isStep: true });
      }
    }
    const manifest = Manifest.fromEntries({ height, entries });
    await checkTotals(context, record, manifest, signal);
    await pace();
    const built = withManifest(context, record, manifest);
    const snapshots = [...builtSnapshots(context), built];
    const retired = new Set(this.#retired(snapshots));
    const writes = [snapshotWrite(built), ...pageWrites(manifest, Math.min(written, manifest.pages.length))];
    for (const snapshot of retired) writes.push(...(await snapshotRemoval(context, snapshot)));
    await context.disk.write(writes);
    moveOn(context, { snapshots: snapshots.filter((snapshot) => !retired.has(snapshot)) }, { isSameState: true });
    context.ledgers.complete(manifest, context.standing.tip.height);
  }

  /** All but the newest that are kept anyway, and those that are held. */
  #retired(snapshots: readonly BuiltSnapshot[]): readonly BuiltSnapshot[] {
    const { holds, parameters } = this.#context;
    return snapshots.slice(0, -parameters.retainedEpochs).filter(({ height }) => !holds.isHeld(height));
  }

  async *#fromBase(
    base: Manifest,
    { height }: SnapshotRecord,
    done: readonly RangeEntry[],
    pace: () => Promise<void>,
    signal: AbortSignal,
  ): AsyncGenerator<RangeEntry[], void, undefined> {
    const context = this.#context;
    const ledger = await usableLedger(context, base);
    const after = done[done.length - 1];
    const startKey = after === undefined ? new Uint8Array(0) : (rangeInterval(after).endKey ?? Uint8Array.of(255, 255));
    const intervals = ledger?.unreadIntervals() ?? [{ startKey, endKey: undefined }];
    yield* updateRanges({
      limits: context.parameters,
      hasher: context.hasher,
      entries: base.entries,
      movesOf: ledger && ((index) => ledger.total(cellOfRange(index))),
      changes: netChanges(context, { from: base.height, to: height, intervals: cutBefore(intervals, startKey), pace }),
      readRecords: (interval) => readRecords(context, height, interval, signal),
      after,
      pace,
      signal,
    });
  }

  async *#fromNothing(height: number, pace: () => Promise<void>, signal: AbortSignal): AsyncGenerator<RangeEntry[]> {
    const context = this.#context;
    const { parameters, hasher } = context;
    const builder = new RangeBuilder({ limits: parameters, hasher, signal });
    for (const prefix of parameters.statePrefixes) {
      const interval = { startKey: Uint8Array.of(prefix), endKey: undefined };
      for await (const packed of readRecords(context, height, interval, signal)) {
        await pace();
        yield await builder.push(packed);
      }
    }
    yield await builder.finish();
  }
}

/** The manifest of the snapshot before; undefined if it cannot be used, so that everything has to be read. */
async function previousManifest(context: StoreContext, height: number): Promise<Manifest | undefined> {
  const from = height - context.parameters.snapshotPeriod;
  if (!builtSnapshots(context).some((snapshot) => snapshot.height === from)) return undefined;
  try {
    return await readManifest(context, from);
  } catch (error) {
    if (error instanceof AncestralRecordsError && error.code === 'ANCESTRAL_RECORDS_CORRUPT') return undefined;
    throw error;
  }
}

/** The ledger of the epoch after a manifest, if all of the epoch went through it. */
async function usableLedger({ ledgers, version }: StoreContext, base: Manifest): Promise<RangeLedger | undefined> {
  const ledger = ledgers.closed(base.height, version);
  return ledger?.grid.height === base.height && (await ledger.settle()) ? ledger : undefined;
}

/** What is left of ascending intervals from a key on. */
function cutBefore(intervals: readonly KeyInterval[], startKey: Uint8Array): KeyInterval[] {
  const left = intervals.filter(({ endKey }) => endKey === undefined || compareBytes(startKey, endKey) < 0);
  return left.map((interval) => (compareBytes(interval.startKey, startKey) < 0 ? { ...interval, startKey } : interval));
}

/**
 * The entries of the pages that an interrupted build has written, as far as the update can go on behind them: not in
 * the middle of a range that is being split.
 */
async function keptEntries(context: StoreContext, height: number, base: Manifest): Promise<RangeEntry[]> {
  const kept: RangeEntry[] = [];
  for await (const pages of context.disk.scan(pagesOf(height))) {
    for (const [key, page] of pages) {
      const index = kept.length / entriesPerPage;
      if (compareBytes(key, pageKey(height, index)) !== 0) break;
      for (const entry of decodePage(page, index)) kept.push(entry);
    }
  }
  kept.length -= kept.length % entriesPerPage;
  for (let last = kept[kept.length - 1]; last !== undefined; last = kept[kept.length - 1]) {
    if (!isInsideOf(base, last)) break;
    kept.pop();
  }
  return kept;
}

/** True if the entry is a part of a range of the manifest, and not the whole. */
function isInsideOf(manifest: Manifest, entry: RangeEntry): boolean {
  const { startKey } = rangeInterval(entry);
  let low = 0;
  let high = manifest.entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(manifest.range(middle).startKey, startKey) <= 0) low = middle + 1;
    else high = middle;
  }
  const candidate = manifest.entries[low - 1];
  if (candidate === undefined || candidate.depth >= entry.depth) return false;
  const { endKey } = rangeInterval(candidate);
  return endKey === undefined || compareBytes(startKey, endKey) < 0;
}

async function* readRecords(
  context: StoreContext,
  height: number,
  interval: KeyInterval,
  signal: AbortSignal,
): AsyncGenerator<PackedRecords> {
  let next: Uint8Array | undefined = interval.startKey;
  while (next !== undefined) {
    const chunk: Awaited<ReturnType<typeof readChunk>> = await readChunk(context, {
      height,
      startKey: next,
      endKey: interval.endKey,
      maxBytes: readBytes,
      signal,
    });
    yield chunk.records;
    next = chunk.nextKey;
  }
}

/** A manifest must add up to what the blocks added up. @throws ANCESTRAL_RECORDS_CORRUPT */
async function checkTotals(
  context: StoreContext,
  { summaries }: SnapshotRecord,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  const found = await summariesOf(context, manifest, { signal });
  const isEqual =
    found.size === summaries.size &&
    [...summaries].every(([prefix, { count, bytes, checksum }]) => {
      const sum = found.get(prefix);
      return sum?.count === count && sum.bytes === bytes && equalBytes(sum.checksum, checksum);
    });
  if (!isEqual) throw corrupt('state', `the ranges of snapshot ${manifest.height} do not add up to its sums`);
}

async function untilSettled(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
