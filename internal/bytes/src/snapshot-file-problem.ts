/** What is wrong with a snapshot file. */
export type SnapshotFileProblem =
  | 'magic'
  | 'version'
  | 'header'
  | 'table'
  | 'page'
  | 'limit'
  | 'truncated'
  | 'trailing-bytes'
  | 'block';

/** What is wrong with a snapshot file, and where. */
export interface SnapshotFileFailure {
  readonly problem: SnapshotFileProblem;
  /** In words, after "the snapshot file cannot be used: ". */
  readonly detail: string;
  readonly page?: number;
  /** The range, or the first of several. */
  readonly range?: number;
  /** The unknown version. */
  readonly version?: number;
  /** The option that sets the limit. */
  readonly option?: keyof SnapshotFileLimits;
}

/** Makes the error of the package that reads. */
export type FailSnapshotFile = (failure: SnapshotFileFailure) => Error;

/** Bounds on what is held in memory of a file that nobody vouches for yet. */
export interface SnapshotFileLimits {
  /** Table of pages and pages. */
  readonly maxManifestBytes: number;
  /** Block of one range. */
  readonly maxBlockBytes: number;
}

/** Limits where none are given: manifests of several thousand million records, blocks of sixteen times the usual size. */
export const defaultSnapshotFileLimits: SnapshotFileLimits = {
  maxManifestBytes: 64 * 1024 * 1024,
  maxBlockBytes: 64 * 1024 * 1024,
};

/** Limits with defaults, checked; a block must stay within the reach of 32-bit offsets. @throws RangeError */
export function snapshotFileLimits(chosen: {
  readonly maxManifestBytes?: number | undefined;
  readonly maxBlockBytes?: number | undefined;
}): SnapshotFileLimits {
  const limits = {
    maxManifestBytes: chosen.maxManifestBytes ?? defaultSnapshotFileLimits.maxManifestBytes,
    maxBlockBytes: chosen.maxBlockBytes ?? defaultSnapshotFileLimits.maxBlockBytes,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new RangeError(`${name} must be an integer from 1 to 2^32 - 1, not ${value}`);
    }
  }
  return limits;
}
