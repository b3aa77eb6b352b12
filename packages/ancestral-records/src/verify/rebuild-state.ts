import type { PackedRecords } from '../hasher.js';
import type { Manifest } from '../manifest.js';
import type { RangeEntry } from '../range.js';
import { defaultRangesInFlight, maxBytesInFlight, runTasks } from '../snapshot-file/range-tasks.js';
import type { StateStore } from '../state-store.js';
import type { Abortable, OtherWrites, ProvedRange } from '../store-types.js';
import { type RangeSource, rangeFrom } from './range-source.js';
import { failed } from './repair-state.js';

/** What to rebuild, where, and from what. */
export interface RebuildOptions extends OtherWrites {
  /** An empty or half-rebuilt store, over another database than the damaged one. */
  readonly target: StateStore;
  /** A manifest that the caller checked against a header. */
  readonly manifest: Manifest;
  /** State root of the same header. */
  readonly stateRoot: Uint8Array;
  /** Asked in this order for each range: first what can be salvaged, then the replacement. */
  readonly sources: readonly RangeSource[];
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far a rebuild came. */
export interface RebuildProgress {
  readonly ranges: number;
  readonly totalRanges: number;
  /** Ranges that each source gave and that were proved, in the order of the sources. */
  readonly bySource: readonly number[];
}

/**
 * Builds a snapshot in a fresh database. Each range comes from the first source whose records are proved to be it, and is
 * committed with its mark; given up or killed, it goes on where it was. In the end the store is ready at the snapshot.
 *
 * @throws ANCESTRAL_RECORDS_REPAIR_FAILED with `details.reason` `source` if no source could prove `details.ranges`: call it
 *   again with more sources. ANCESTRAL_RECORDS_WRONG_PHASE, ANCESTRAL_RECORDS_INVALID_MANIFEST,
 *   ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH, ANCESTRAL_RECORDS_WRITE_FAILED
 */
export async function rebuildState(options: RebuildOptions): Promise<RebuildProgress> {
  const { target, manifest, stateRoot, sources, onProgress, signal, otherWrites = [] } = options;
  signal?.throwIfAborted();
  await target.beginDownload(manifest);
  const proved = target.download()?.proved ?? new Set<number>();
  const bySource = sources.map(() => 0);
  let ranges = proved.size;
  const missing: number[] = [];
  let lastError: unknown;
  const progress = (): RebuildProgress => {
    return { ranges, totalRanges: manifest.entries.length, bySource: [...bySource] };
  };
  onProgress?.(progress());
  async function* unproved(): AsyncGenerator<number> {
    for (const index of manifest.entries.keys()) if (!proved.has(index)) yield index;
  }
  const limits = { maxTasks: defaultRangesInFlight, maxWeight: maxBytesInFlight, signal };
  await runTasks(unproved, limits, {
    weightOf: (index) => (manifest.entries[index] as RangeEntry).bytes,
    async run(index, running) {
      for (const [at, source] of sources.entries()) {
        const found = await provedRange(target, manifest, { source, index, signal: running });
        if (found.proved === undefined) {
          lastError = found.error;
          continue;
        }
        await target.commitRange(found.proved);
        bySource[at] = (bySource[at] as number) + 1;
        ranges++;
        onProgress?.(progress());
        return;
      }
      missing.push(index);
    },
  });
  if (missing.length > 0) {
    const sorted = missing.sort((a, b) => a - b);
    throw failed('source', sorted, 'no source could prove some ranges; the others are kept', lastError);
  }
  await target.finishDownload({ stateRoot, otherWrites });
  return progress();
}

async function provedRange(
  target: StateStore,
  manifest: Manifest,
  wanted: { readonly source: RangeSource; readonly index: number; readonly signal: AbortSignal },
): Promise<{ readonly proved?: ProvedRange; readonly error?: unknown }> {
  const { source, index, signal } = wanted;
  const options: Abortable = { signal };
  let records: readonly PackedRecords[];
  try {
    records = await rangeFrom(source, manifest, index, options);
  } catch (error) {
    signal.throwIfAborted();
    return { error };
  }
  try {
    return { proved: await target.proveRange(index, records, options) };
  } catch (error) {
    signal.throwIfAborted();
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    const isSourceWrong = code === 'ANCESTRAL_RECORDS_RANGE_REFUTED' || error instanceof TypeError;
    if (!isSourceWrong) throw error;
    return { error };
  }
}
