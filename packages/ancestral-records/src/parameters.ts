import { ByteReader, ByteWriter, equalBytes, toHex } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import { AncestralRecordsError } from './errors.js';

/**
 * What all nodes of a chain agree on about its state; `retainedEpochs` alone is a local choice and may change between
 * openings.
 */
export interface StateParameters {
  /** 32 bytes that name the chain: its genesis hash. */
  readonly identity: Uint8Array;
  /** First key bytes of the records that are consensus state, ascending. */
  readonly statePrefixes: readonly number[];
  /** Blocks between snapshots. */
  readonly snapshotPeriod: number;
  /** How many of the newest snapshots stay servable. */
  readonly retainedEpochs: number;
  /** A range with more records than this is split. */
  readonly maxRangeRecords: number;
  /** A range with more key and value bytes than this is split. */
  readonly maxRangeBytes: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
}

/** Defaults of the parameters that have one. */
export const defaultParameters: Omit<StateParameters, 'identity' | 'statePrefixes'> = {
  snapshotPeriod: 1000,
  retainedEpochs: 2,
  maxRangeRecords: 4096,
  maxRangeBytes: 4 * 1024 * 1024,
  maxKeyBytes: 1024,
  maxValueBytes: 4 * 1024 * 1024,
};

/**
 * Complete, validated, frozen parameters: `chosen` over {@link defaultParameters}.
 *
 * @throws TypeError or RangeError for a value that makes no sense
 */
export function withDefaults(
  chosen: Pick<StateParameters, 'identity' | 'statePrefixes'> & Partial<StateParameters>,
): StateParameters {
  const { identity, statePrefixes, ...numbers } = { ...defaultParameters, ...chosen };
  if (!ArrayBuffer.isView(identity) || identity.length !== 32) throw new TypeError('identity must be 32 bytes');
  if (statePrefixes.length === 0) throw new RangeError('at least one state prefix is needed');
  for (const prefix of statePrefixes) integer('statePrefixes', prefix, 0, 255);
  const sorted = [...new Set(statePrefixes)].sort((a, b) => a - b);
  if (sorted.length !== statePrefixes.length) throw new RangeError('a state prefix is listed twice');
  return Object.freeze({
    identity: copyBytes(identity),
    statePrefixes: Object.freeze(sorted),
    snapshotPeriod: integer('snapshotPeriod', numbers.snapshotPeriod, 1, 2 ** 40),
    retainedEpochs: integer('retainedEpochs', numbers.retainedEpochs, 1, 1000),
    maxRangeRecords: integer('maxRangeRecords', numbers.maxRangeRecords, 1, 2 ** 31),
    maxRangeBytes: integer('maxRangeBytes', numbers.maxRangeBytes, 1, 2 ** 31),
    maxKeyBytes: integer('maxKeyBytes', numbers.maxKeyBytes, 1, 65_535),
    maxValueBytes: integer('maxValueBytes', numbers.maxValueBytes, 0, 2 ** 30),
  });
}

function integer(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  }
  return value;
}

/** Version of the database layout; the first byte of the format record. */
export const formatVersion = 3;

/** Bytes of the format record: version, identity and the parameters that shape what is stored. */
export function encodeFormat(parameters: StateParameters): Uint8Array {
  const { identity, statePrefixes, snapshotPeriod, maxRangeRecords, maxRangeBytes, maxKeyBytes, maxValueBytes } =
    parameters;
  return new ByteWriter()
    .byte(formatVersion)
    .bytes(identity)
    .u32be(statePrefixes.length)
    .bytes(Uint8Array.from(statePrefixes))
    .u64be(snapshotPeriod)
    .u64be(maxRangeRecords)
    .u64be(maxRangeBytes)
    .u64be(maxKeyBytes)
    .u64be(maxValueBytes)
    .finish();
}

/**
 * Checks that the format record of a database fits `parameters`.
 *
 * @throws ANCESTRAL_RECORDS_FORMAT_VERSION, ANCESTRAL_RECORDS_IDENTITY_MISMATCH,
 *   ANCESTRAL_RECORDS_PARAMETERS_MISMATCH, ANCESTRAL_RECORDS_CORRUPT
 */
export function checkFormat(stored: Uint8Array, parameters: StateParameters): void {
  const reader = new ByteReader(stored, (problem, detail) => {
    return new AncestralRecordsError(
      'ANCESTRAL_RECORDS_CORRUPT',
      `the format record is damaged (${detail}): restore the database from a copy, or sync again into an empty folder`,
      { details: { problem } },
    );
  });
  const version = reader.byte();
  if (version !== formatVersion) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_FORMAT_VERSION',
      `the database has format version ${version}, this package reads version ${formatVersion}: ` +
        'use the package version that wrote it, or sync again into an empty folder',
      { details: { found: version, supported: formatVersion } },
    );
  }
  const identity = reader.bytes(32);
  if (!equalBytes(identity, parameters.identity)) {
    const found = toHex(identity);
    const expected = toHex(parameters.identity);
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_IDENTITY_MISMATCH',
      `the database belongs to chain ${found}, not to ${expected}: open the folder of the right chain, or use an empty one`,
      { details: { found, expected } },
    );
  }
  const found: Record<string, string> = { statePrefixes: [...reader.bytes(reader.u32be())].join(',') };
  for (const name of checkedNumbers) found[name] = String(reader.u64be());
  reader.end();
  const expected: Record<string, string> = { statePrefixes: parameters.statePrefixes.join(',') };
  for (const name of checkedNumbers) expected[name] = String(parameters[name]);
  const differing = Object.keys(expected).filter((name) => found[name] !== expected[name]);
  if (differing.length === 0) return;
  const list = differing.map((name) => `${name} is ${found[name]} on disk and ${expected[name]} here`).join('; ');
  throw new AncestralRecordsError(
    'ANCESTRAL_RECORDS_PARAMETERS_MISMATCH',
    `the database was made with other chain parameters (${list}): use those parameters, or sync again into an empty folder`,
    { details: { differing } },
  );
}

const checkedNumbers = [
  'snapshotPeriod',
  'maxRangeRecords',
  'maxRangeBytes',
  'maxKeyBytes',
  'maxValueBytes',
] as const satisfies readonly (keyof StateParameters)[];
