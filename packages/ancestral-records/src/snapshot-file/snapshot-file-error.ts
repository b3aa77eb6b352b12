import { type SnapshotFileFailure, snapshotFileVersion, toHex } from '@hs/bytes';
import { AncestralRecordsError } from '../errors.js';

/** The error for a snapshot file that cannot be used; says where it is damaged and what to do. */
export function snapshotFileError(failure: SnapshotFileFailure): AncestralRecordsError {
  const { problem, detail, page, range, version, option } = failure;
  if (version !== undefined) {
    return new AncestralRecordsError(
      'ANCESTRAL_RECORDS_FORMAT_VERSION',
      `the snapshot file has format version ${version}, this package reads version ${snapshotFileVersion}: ` +
        'use the package version that wrote it, or export the snapshot again',
      { details: { found: version, supported: snapshotFileVersion } },
    );
  }
  const details = {
    reason: problem,
    ...(page === undefined ? {} : { page }),
    ...(range === undefined ? {} : { index: range }),
  };
  const remedy =
    option === undefined ? remedies[problem] : `raise ${option} if you know that the chain has ranges of this kind`;
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE',
    `the snapshot file cannot be used: ${detail}; ${remedy ?? 'copy it again, or export the snapshot again'}`,
    { details },
  );
}

const remedies: Partial<Record<SnapshotFileFailure['problem'], string>> = {
  magic: 'name a file that exportSnapshot wrote, without compression or changes on the way',
  truncated: 'finish copying it, or copy it again',
};

/** The error for a file of another chain. */
export function foreignSnapshotFile(found: Uint8Array, expected: Uint8Array): AncestralRecordsError {
  const details = { found: toHex(found), expected: toHex(expected) };
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_IDENTITY_MISMATCH',
    `the snapshot file belongs to chain ${details.found}, not to ${details.expected}: use a file of the right chain`,
    { details },
  );
}

/** The error for a file whose root is not the one that was asked for. */
export function unexpectedRoot(
  kind: 'state root' | 'snapshot root',
  expected: Uint8Array,
  actual: Uint8Array,
): AncestralRecordsError {
  const details = { expected: toHex(expected), actual: toHex(actual) };
  return new AncestralRecordsError(
    kind === 'state root' ? 'ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH' : 'ANCESTRAL_RECORDS_SNAPSHOT_ROOT_MISMATCH',
    `the snapshot file has ${kind} ${details.actual}, expected is ${details.expected}: use a file of another ` +
      'height or source, and take the expected root from a verified header',
    { details },
  );
}

/** The error for a source that does not give the bytes of a file. */
export function sourceFailed(
  reason: 'status' | 'no-ranges' | 'changed' | 'wrong-range' | 'network' | 'unreadable',
  detail: string,
  options: { readonly status?: number; readonly cause?: unknown } = {},
): AncestralRecordsError {
  const { status, cause } = options;
  return new AncestralRecordsError('ANCESTRAL_RECORDS_SOURCE_FAILED', `the snapshot file cannot be read: ${detail}`, {
    details: { reason, ...(status === undefined ? {} : { status }) },
    cause,
  });
}
