import { equalBytes } from '@hs/bytes';
import { AncestralRecordsError } from '../errors.js';
import type { RangeEntry } from '../range.js';
import { internalsOf, type StateStore } from '../state-store.js';
import type { OtherWrites } from '../store-types.js';
import { defaultRangesInFlight, maxBytesInFlight, runTasks } from './range-tasks.js';
import { foreignSnapshotFile, unexpectedRoot } from './snapshot-file-error.js';
import { ProgressCount, type SnapshotInput, type SnapshotProgress } from './snapshot-input.js';

/** What a verified header vouches for, or the explicit word that nothing does. */
export type ImportTrust =
  | { readonly stateRoot: Uint8Array; readonly isUntrusted?: false }
  | { readonly stateRoot?: undefined; readonly isUntrusted: true };

/** How to import a snapshot file. */
export type ImportOptions = ImportTrust &
  OtherWrites & {
    /** Snapshot root of a verified header, if there is one. */
    readonly snapshotRoot?: Uint8Array;
    /** Ranges that are read, proved and committed at a time; default 4, together at most 32 MiB. */
    readonly maxRangesInFlight?: number;
    /** Called at the beginning with what is committed already, and after each range. */
    readonly onProgress?: (progress: SnapshotProgress) => void;
    readonly signal?: AbortSignal;
  };

/**
 * Fills an empty or half-downloaded store from a snapshot file: roots are compared first, every range is proved before it
 * is written, and in the end the store is ready. Given up or killed, it goes on with the first range that is not committed.
 * `otherWrites` are in the batch that makes the store ready. The file stays open.
 *
 * @throws ANCESTRAL_RECORDS_IDENTITY_MISMATCH, ANCESTRAL_RECORDS_SNAPSHOT_ROOT_MISMATCH,
 *   ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH, ANCESTRAL_RECORDS_RANGE_REFUTED with `details.index`,
 *   ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE, ANCESTRAL_RECORDS_SOURCE_FAILED, ANCESTRAL_RECORDS_WRONG_PHASE, and what
 *   `beginDownload`, `commitRange` and `finishDownload` throw
 */
export async function importSnapshot(store: StateStore, file: SnapshotInput, options: ImportOptions): Promise<void> {
  const { maxRangesInFlight = defaultRangesInFlight, onProgress, otherWrites = [], signal } = options;
  if (options.stateRoot === undefined && options.isUntrusted !== true) {
    throw new TypeError('stateRoot of a verified header is needed, or isUntrusted: true');
  }
  if (!Number.isSafeInteger(maxRangesInFlight) || maxRangesInFlight < 1 || maxRangesInFlight > 64) {
    throw new RangeError(`maxRangesInFlight must be an integer from 1 to 64, not ${maxRangesInFlight}`);
  }
  signal?.throwIfAborted();
  const { phase } = store;
  if (phase !== 'empty' && phase !== 'downloading') {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRONG_PHASE',
      `the store is ${phase}; a snapshot file is imported into an empty or half-downloaded one: reset the store first`,
      { details: { phase } },
    );
  }
  const stateRoot = options.stateRoot ?? file.stateRoot;
  await checkRoots(store, file, { ...options, stateRoot });
  await store.beginDownload(file.manifest);

  const { entries } = file.manifest;
  const progress = new ProgressCount(file.manifest);
  const proved = store.download()?.proved ?? new Set<number>();
  for (const index of proved) progress.add(index);
  onProgress?.(progress.now);
  const isWanted = (index: number): boolean => !proved.has(index);
  const limits = { maxTasks: maxRangesInFlight, maxWeight: maxBytesInFlight, signal };
  await runTasks((running) => file.ranges({ isWanted, signal: running }), limits, {
    weightOf: ({ index }) => (entries[index] as RangeEntry).bytes,
    async run({ index, load }, running) {
      const range = await store.proveRange(index, await load(), { signal: running });
      await store.commitRange(range);
      onProgress?.(progress.add(index));
    },
  });
  await store.finishDownload({ stateRoot, otherWrites });
}

/** Everything that can be known before the first range is read. */
async function checkRoots(
  store: StateStore,
  file: SnapshotInput,
  options: {
    readonly stateRoot: Uint8Array;
    readonly snapshotRoot?: Uint8Array | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { stateRoot, snapshotRoot, signal } = options;
  const { identity } = store.parameters;
  if (!equalBytes(file.identity, identity)) throw foreignSnapshotFile(file.identity, identity);
  if (snapshotRoot !== undefined && !equalBytes(file.snapshotRoot, snapshotRoot)) {
    throw unexpectedRoot('snapshot root', snapshotRoot, file.snapshotRoot);
  }
  if (!equalBytes(file.stateRoot, stateRoot)) throw unexpectedRoot('state root', stateRoot, file.stateRoot);
  const { context } = internalsOf(store);
  const checksums = await file.manifest.prefixChecksums(context.hasher, signal === undefined ? {} : { signal });
  const actual = context.computeRoot(checksums);
  if (!equalBytes(actual, stateRoot)) throw unexpectedRoot('state root', stateRoot, actual);
}
