import { equalBytes, toHex } from '@hs/bytes';
import { AncestralRecordsError } from '../errors.js';
import type { StateHasher, StateRootFunction } from '../hasher.js';
import type { RangeEntry } from '../range.js';
import { type RangeProblem, rangeProblem } from './range-check.js';
import { defaultRangesInFlight, maxBytesInFlight, runTasks } from './range-tasks.js';
import { unexpectedRoot } from './snapshot-file-error.js';
import { ProgressCount, type SnapshotInput, type SnapshotProgress } from './snapshot-input.js';

/** A range of a snapshot file that is not what its manifest says. */
export interface SnapshotFileDamage {
  readonly index: number;
  /** First bits of its keys, in lower-case hex, and how many. */
  readonly start: string;
  readonly depth: number;
  /** `block`: its table makes no sense; `unreadable`: the source fails there; else what its records are. */
  readonly reason: RangeProblem | 'block' | 'unreadable';
}

/** What a check of a snapshot file found. */
export interface SnapshotFileReport {
  /** Ascending by index; none if the file is intact. */
  readonly damaged: readonly SnapshotFileDamage[];
  readonly progress: SnapshotProgress;
}

/** How to check a snapshot file. */
export interface VerifySnapshotFileOptions {
  readonly hasher: StateHasher;
  /** The state root over prefix checksums. */
  readonly computeRoot: StateRootFunction;
  /** Roots of a verified header. Without either, the file is only proved to be what it says of itself. */
  readonly stateRoot?: Uint8Array;
  readonly snapshotRoot?: Uint8Array;
  /** Ranges that are read and hashed at a time; default 4, together at most 32 MiB. */
  readonly maxRangesInFlight?: number;
  readonly onProgress?: (progress: SnapshotProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Checks a whole snapshot file: its roots, and every range against its manifest. Goes on after damage, so that the report
 * names all of it.
 *
 * @throws ANCESTRAL_RECORDS_SNAPSHOT_ROOT_MISMATCH, ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH,
 *   ANCESTRAL_RECORDS_INVALID_MANIFEST, ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE if a stream ends early,
 *   ANCESTRAL_RECORDS_SOURCE_FAILED
 */
export async function verifySnapshotFile(
  file: SnapshotInput,
  options: VerifySnapshotFileOptions,
): Promise<SnapshotFileReport> {
  const { hasher, maxRangesInFlight = defaultRangesInFlight, onProgress, signal } = options;
  const abortable = signal === undefined ? {} : { signal };
  signal?.throwIfAborted();
  const { snapshotRoot = file.snapshotRoot, stateRoot = file.stateRoot } = options;
  if (!equalBytes(file.snapshotRoot, snapshotRoot))
    throw unexpectedRoot('snapshot root', snapshotRoot, file.snapshotRoot);
  const actual = options.computeRoot(await file.manifest.prefixChecksums(hasher, abortable));
  for (const claimed of [file.stateRoot, actual]) {
    if (!equalBytes(claimed, stateRoot)) throw unexpectedRoot('state root', stateRoot, claimed);
  }

  const { entries } = file.manifest;
  const progress = new ProgressCount(file.manifest);
  const damaged: SnapshotFileDamage[] = [];
  const limits = { maxTasks: maxRangesInFlight, maxWeight: maxBytesInFlight, signal };
  await runTasks((running) => file.ranges({ signal: running }), limits, {
    weightOf: ({ index }) => (entries[index] as RangeEntry).bytes,
    async run({ index, load }, running) {
      const entry = entries[index] as RangeEntry;
      let reason: SnapshotFileDamage['reason'] | undefined;
      try {
        reason = await rangeProblem(hasher, entry, await load(), { signal: running });
      } catch (error) {
        reason = damageOf(error);
        if (reason === undefined) throw error;
      }
      if (reason !== undefined) damaged.push({ index, start: toHex(entry.start), depth: entry.depth, reason });
      onProgress?.(progress.add(index));
    },
  });
  damaged.sort((a, b) => a.index - b.index);
  return { damaged, progress: progress.now };
}

/** The damage that an error stands for; undefined if it is something else. */
function damageOf(error: unknown): 'block' | 'unreadable' | undefined {
  if (!(error instanceof AncestralRecordsError)) return undefined;
  const { reason } = error.details;
  if (error.code === 'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE' && reason === 'block') return 'block';
  return error.code === 'ANCESTRAL_RECORDS_SOURCE_FAILED' && reason === 'unreadable' ? 'unreadable' : undefined;
}
