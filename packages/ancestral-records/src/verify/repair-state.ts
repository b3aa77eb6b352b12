import { compareBytes, equalBytes } from '@hs/bytes';
import { AncestralRecordsError } from '../errors.js';
import { epochInterval, stateInterval, tipKey } from '../layout.js';
import type { Manifest } from '../manifest.js';
import { encodeTip } from '../metadata.js';
import { proveRecords } from '../proof.js';
import type { KeyInterval, RangeEntry } from '../range.js';
import { snapshotAt } from '../snapshots.js';
import { internalsOf, type StateStore, type StoreInternals } from '../state-store.js';
import { isNoDamage } from './check-regions.js';
import { type RangeSource, rangeFrom } from './range-source.js';
import { epochsSince } from './state-step.js';
import type { Damage, VerifyProgress, VerifyReport } from './verify-report.js';
import { verifyState } from './verify-state.js';
import { writeBookkeeping } from './write-bookkeeping.js';
import { writeRange } from './write-range.js';

/** What to repair, and from what. */
export interface RepairOptions {
  /** A retained snapshot; the newest one if it is left out. */
  readonly height?: number;
  /** Where replacement ranges are had; of several, later ones are asked for what earlier ones could not prove. */
  readonly source: RangeSource | readonly RangeSource[];
  /** A manifest of the snapshot that the caller checked; needed only if the stored one is damaged and no source has it. */
  readonly manifest?: Manifest;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

/** How a repair ended: each outcome stands for a state that was verified afterwards. */
export interface RepairReport {
  /**
   * `clean`: nothing was damaged. `repaired`: snapshot and tip are as they should be. `rewound`: the snapshot is, the tip
   * could not be, and the store was taken back to the snapshot; the blocks after it are to be connected again.
   */
  readonly outcome: 'clean' | 'repaired' | 'rewound';
  readonly height: number;
  /** Ranges that were replaced, ascending. */
  readonly ranges: readonly number[];
  /** Records that were wrong, missing or too many. */
  readonly corrected: number;
  readonly before: VerifyReport;
  /** Of this snapshot and of every later one; the first includes the tip. */
  readonly after: readonly VerifyReport[];
}

/** Rounds of repairing and verifying: rewriting the files can bring more to light. */
const maxRounds = 3;

/**
 * Verifies a snapshot and the tip, replaces what is damaged by proved ranges, has the database rewrite its files there, and
 * verifies again. Ranges are written one by one under the writer gate; in between blocks go on.
 *
 * @throws ANCESTRAL_RECORDS_REPAIR_FAILED if the state is not right in the end; `details.reason` is `source` if no source
 *   could prove `details.ranges`, `database` if the database fails, and `still-damaged` if repairing did not help: in the
 *   last two cases `rebuildState` is left. ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE
 */
export async function repairState(store: StateStore, options: RepairOptions): Promise<RepairReport> {
  try {
    return await repair(store, options);
  } catch (error) {
    const code = error instanceof AncestralRecordsError ? error.code : undefined;
    if (code === 'ANCESTRAL_RECORDS_WRITE_FAILED') throw failed('database', [], 'the database refuses writes', error);
    if (code === 'ANCESTRAL_RECORDS_READ_FAILED') throw failed('database', [], 'the database cannot be read', error);
    throw error;
  }
}

async function repair(store: StateStore, options: RepairOptions): Promise<RepairReport> {
  const sources = 'readRange' in options.source ? [options.source] : options.source;
  const internals = internalsOf(store);
  const { signal, onProgress } = options;
  const watched = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const height = options.height ?? options.manifest?.height ?? store.snapshots().at(-1)?.height;
  const target = { ...(height !== undefined && { height }), hasTip: true, hasLookups: true, ...watched };
  let manifest = options.manifest;
  let before = await verifyState(store, { ...target, ...(manifest && { manifest }) });
  if (before.isClean) {
    return { outcome: 'clean', height: before.height, ranges: [], corrected: 0, before, after: [before] };
  }
  if (manifest === undefined && before.bookkeeping.some(({ what }) => what === 'manifest')) {
    manifest = fittingManifest(internals, before.height, sources);
    if (manifest === undefined) throw failed('source', [], 'the stored manifest is damaged and no source has it');
    before = await verifyState(store, { ...target, manifest });
  }
  const trusted = manifest ?? (await store.manifest(before.height));
  const replaced = new Set<number>();
  let corrected = 0;
  let current = before;
  let mustRewind = false;
  for (let round = 0; round < maxRounds && !isSnapshotRight(current); round++) {
    requireReadable(current);
    if (current.bookkeeping.length > 0) {
      await internals.exclusive(
        'repairState',
        async () => {
          internals.requireReady();
          if (!(await writeBookkeeping(internals.context, trusted))) mustRewind = true;
        },
        { mayWait: true },
      );
    }
    const done = await replaceDamaged(internals, { report: current, manifest: trusted, sources, signal });
    for (const index of done.ranges) replaced.add(index);
    corrected += done.corrected;
    await rewriteFiles(internals, current, signal);
    current = await verifyState(store, { ...target, manifest: trusted });
    if (mustRewind && current.bookkeeping.every(({ what }) => what === 'tip' || what === 'summaries')) break;
  }
  let outcome: RepairReport['outcome'] = 'repaired';
  const isTipWrong = current.damagedPrefixes.length > 0 || mustRewind;
  if (isTipWrong && current.damagedRanges.length + current.damagedGaps.length === 0) {
    await rewind(store, before.height);
    outcome = 'rewound';
    current = await verifyState(store, { ...target, manifest: trusted });
  }
  const ranges = [...replaced].sort((a, b) => a - b);
  if (!current.isClean) {
    const left = current.damagedRanges.map(({ index }) => index);
    throw failed('still-damaged', left, 'the database is damaged in a way that new records do not mend');
  }
  const after = [current];
  for (const snapshot of store.snapshots()) {
    if (snapshot.height > before.height) after.push(await verifyState(store, { height: snapshot.height, ...watched }));
  }
  return { outcome, height: before.height, ranges, corrected, before, after };
}

/** True if nothing but the tip is left to look at. */
function isSnapshotRight(report: VerifyReport): boolean {
  return report.damagedRanges.length + report.damagedGaps.length + report.bookkeeping.length === 0;
}

/** What cannot be read cannot be overwritten either: the broken block stays, and fails every compaction. */
function requireReadable(report: VerifyReport): void {
  const all: readonly Damage[] = [...report.damagedRanges, ...report.damagedGaps, ...report.damagedPrefixes];
  const broken = all.find(({ reason }) => reason === 'unreadable' || reason === 'out-of-order');
  if (broken === undefined) return;
  const ranges = report.damagedRanges.map(({ index }) => index);
  throw failed('database', ranges, 'the database cannot be read', broken.cause);
}

/** The manifest of a source whose root is that of the stored snapshot. */
function fittingManifest(
  { context }: StoreInternals,
  height: number,
  sources: readonly RangeSource[],
): Manifest | undefined {
  const root = snapshotAt(context, height).manifest?.root;
  return sources
    .map(({ manifest }) => manifest)
    .find((manifest) => {
      return (
        manifest?.height === height &&
        root !== undefined &&
        equalBytes(manifest.root(context.parameters.identity), root)
      );
    });
}

async function replaceDamaged(
  internals: StoreInternals,
  work: {
    readonly report: VerifyReport;
    readonly manifest: Manifest;
    readonly sources: readonly RangeSource[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly ranges: readonly number[]; readonly corrected: number }> {
  const { report, manifest, signal } = work;
  const { height } = manifest;
  let corrected = 0;
  const write = async (interval: KeyInterval, records: Parameters<typeof writeRange>[1]['records']): Promise<void> => {
    await internals.exclusive(
      'repairState',
      async () => {
        internals.requireReady();
        corrected += await readable(writeRange(internals.context, { height, interval, records }), signal);
      },
      { mayWait: true },
    );
  };
  for (const { startKey, endKey } of report.damagedGaps) await write({ startKey, endKey }, []);
  const missing: number[] = [];
  const ranges: number[] = [];
  let cause: unknown;
  for (const { index, startKey, endKey } of report.damagedRanges) {
    const found = await provedFrom(internals, work, index);
    if ('records' in found) {
      await write({ startKey, endKey }, found.records);
      ranges.push(index);
    } else {
      missing.push(index);
      cause ??= found.error;
    }
  }
  signal?.throwIfAborted();
  if (missing.length > 0) throw failed('source', missing, 'no source could prove some ranges', cause);
  return { ranges, corrected };
}

/** The records of a range from the first source that has them right. */
async function provedFrom(
  { context }: StoreInternals,
  work: {
    readonly manifest: Manifest;
    readonly sources: readonly RangeSource[];
    readonly signal: AbortSignal | undefined;
  },
  index: number,
): Promise<{ readonly records: Parameters<typeof writeRange>[1]['records'] } | { readonly error: unknown }> {
  const { manifest, sources, signal } = work;
  const entry = manifest.entries[index] as RangeEntry;
  let error: unknown;
  for (const source of sources) {
    try {
      const records = await rangeFrom(source, manifest, index, signal === undefined ? {} : { signal });
      await proveRecords(context, { entry, index }, records, signal);
      return { records };
    } catch (reason) {
      signal?.throwIfAborted();
      error = reason;
    }
  }
  return { error };
}

/** Compacts what was damaged, so that the old bytes are gone, and proves by a write that the database still takes one. */
async function rewriteFiles(
  { context, exclusive }: StoreInternals,
  report: VerifyReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  const damaged: readonly KeyInterval[] = [...report.damagedRanges, ...report.damagedGaps];
  if (damaged.length > 0) {
    const startKey = damaged.map((each) => each.startKey).reduce(lower);
    const endKey = damaged.map((each) => each.endKey).reduce(higher);
    const intervals = [stateInterval(startKey, endKey)];
    for (const epoch of epochsSince(context, report.height)) intervals.push(epochInterval(epoch, startKey, endKey));
    for (const interval of intervals) {
      signal?.throwIfAborted();
      await context.disk.compact(interval).catch((cause: unknown) => {
        throw failed('database', [], 'the database cannot compact its files', cause);
      });
    }
  }
  await exclusive(
    'repairState',
    () => context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(context.standing.tip) }]),
    { mayWait: true },
  );
}

async function rewind(store: StateStore, height: number): Promise<void> {
  try {
    await store.rewind(height);
  } catch (cause) {
    throw failed('database', [], 'the store cannot be taken back to the snapshot', cause);
  }
}

async function readable<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (isNoDamage(cause, signal)) throw cause;
    throw failed('database', [], 'the database cannot be read', cause);
  }
}

function lower(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) <= 0 ? a : b;
}

function higher(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a === undefined || b === undefined ? undefined : compareBytes(a, b) >= 0 ? a : b;
}

/** The error for a state that could not be made right. */
export function failed(
  reason: 'source' | 'database' | 'still-damaged',
  ranges: readonly number[],
  why: string,
  cause?: unknown,
): AncestralRecordsError {
  const advice =
    reason === 'source'
      ? 'try again with another source'
      : 'rebuild the state into a fresh database with rebuildState, from what is left of this one and a replacement';
  return new AncestralRecordsError('ANCESTRAL_RECORDS_REPAIR_FAILED', `the state is not repaired: ${why}; ${advice}`, {
    details: { reason, ranges },
    cause,
  });
}
