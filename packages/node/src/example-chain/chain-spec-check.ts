import { fromHex } from '@hs/bytes';
import type { ChainParameters } from '../chain/chain.js';
import { NodeError } from '../node-error.js';
import type { ChainSpec, ChainSpecDraft, GenesisSpec } from './chain-spec.js';
import { isCompressedPoint } from './secp256k1-noble.js';
import { exampleStatePrefixes, longestStateKeyBytes } from './state-keys.js';

/** No amount, and no sum of all balances, is above this (30 million coins of 1e9 nanos). */
export const maxNanos = 30_000_000_000_000_000n;

/** A value of this size holds the largest profile. */
const minMaxValueBytes = 41_984;
/** A block of this size holds the largest transaction. */
const minMaxBlockBytes = 65_536;
const maxCount = 0xffff_ffff;

const draftFields = [
  'name',
  'network',
  'genesisTimeMs',
  'producers',
  'parameters',
  'nonceWindowBlocks',
  'minFeeNanosPerKb',
  'daoCoinForkHeight',
  'maxFutureTimeMs',
  'genesis',
] as const satisfies readonly (keyof ChainSpecDraft)[];

const optionalFields = ['hasRootsInHeaders'] as const satisfies readonly (keyof ChainSpecDraft)[];

const parameterFields = [
  'statePrefixes',
  'snapshotPeriod',
  'snapshotLag',
  'retainedEpochs',
  'maxRangeRecords',
  'maxRangeBytes',
  'maxKeyBytes',
  'maxValueBytes',
  'maxBlockBytes',
] as const satisfies readonly (keyof ChainParameters)[];

const genesisFields = [
  'seed',
  'accounts',
  'accountNanos',
  'profiles',
  'followPairs',
] as const satisfies readonly (keyof GenesisSpec)[];

/** Reads a draft into a frozen copy. @throws NODE_CONFIGURATION */
export function checkDraft(value: unknown): ChainSpecDraft {
  return Object.freeze(readDraft(fieldsOf(value, '', draftFields, optionalFields)));
}

/** Reads a spec into a frozen copy. @throws NODE_CONFIGURATION */
export function checkSpec(value: unknown): ChainSpec {
  const fields = fieldsOf(value, '', [...draftFields, 'genesisStateRoot'], optionalFields);
  return Object.freeze({
    ...readDraft(fields),
    genesisStateRoot: hex(fields['genesisStateRoot'], 'genesisStateRoot', 32),
  });
}

function readDraft(fields: Readonly<Record<string, unknown>>): ChainSpecDraft {
  return {
    name: text(fields['name'], 'name', 1, 64),
    network: integer(fields['network'], 'network', 1, maxCount),
    genesisTimeMs: integer(fields['genesisTimeMs'], 'genesisTimeMs', 0),
    producers: readProducers(fields['producers']),
    parameters: readParameters(fields['parameters']),
    nonceWindowBlocks: integer(fields['nonceWindowBlocks'], 'nonceWindowBlocks', 1, maxCount),
    minFeeNanosPerKb: integer(fields['minFeeNanosPerKb'], 'minFeeNanosPerKb', 0),
    daoCoinForkHeight: integer(fields['daoCoinForkHeight'], 'daoCoinForkHeight', 0),
    maxFutureTimeMs: integer(fields['maxFutureTimeMs'], 'maxFutureTimeMs', 0, maxCount),
    genesis: readGenesis(fields['genesis']),
    ...(fields['hasRootsInHeaders'] === undefined
      ? {}
      : { hasRootsInHeaders: flag(fields['hasRootsInHeaders'], 'hasRootsInHeaders') }),
  };
}

function readProducers(value: unknown): readonly string[] {
  const producers = list(value, 'producers', 1, 1024).map((entry, index) => {
    const path = `producers[${index}]`;
    const key = hex(entry, path, 33);
    if (!isCompressedPoint(fromHex(key))) throw wrong(path, 'must be a compressed secp256k1 public key');
    return key;
  });
  if (new Set(producers).size !== producers.length) throw wrong('producers', 'must not name a key twice');
  return Object.freeze(producers);
}

function readParameters(value: unknown): ChainParameters {
  const fields = fieldsOf(value, 'parameters', parameterFields);
  const number = (name: (typeof parameterFields)[number], least: number, most?: number): number =>
    integer(fields[name], `parameters.${name}`, least, most);
  const path = 'parameters.statePrefixes';
  const statePrefixes = list(fields['statePrefixes'], path, 1, 255).map((entry, index) =>
    integer(entry, `${path}[${index}]`, 1, 255),
  );
  if (statePrefixes.some((prefix, index) => index > 0 && prefix <= (statePrefixes[index - 1] as number))) {
    throw wrong(path, 'must be ascending');
  }
  const missing = exampleStatePrefixes.filter((prefix) => !statePrefixes.includes(prefix));
  if (missing.length > 0) throw wrong(path, `must contain ${missing.join(', ')}`);
  const snapshotPeriod = number('snapshotPeriod', 2, maxCount);
  return Object.freeze({
    statePrefixes: Object.freeze(statePrefixes),
    snapshotPeriod,
    snapshotLag: number('snapshotLag', 1, snapshotPeriod - 1),
    retainedEpochs: number('retainedEpochs', 1, 1000),
    maxRangeRecords: number('maxRangeRecords', 1, maxCount),
    maxRangeBytes: number('maxRangeBytes', 1, maxCount),
    maxKeyBytes: number('maxKeyBytes', longestStateKeyBytes, maxCount),
    maxValueBytes: number('maxValueBytes', minMaxValueBytes, maxCount),
    maxBlockBytes: number('maxBlockBytes', minMaxBlockBytes, maxCount),
  });
}

function readGenesis(value: unknown): GenesisSpec {
  const fields = fieldsOf(value, 'genesis', genesisFields);
  const accounts = integer(fields['accounts'], 'genesis.accounts', 0, maxCount);
  const accountNanos = integer(fields['accountNanos'], 'genesis.accountNanos', 0);
  if (BigInt(accounts) * BigInt(accountNanos) > maxNanos) {
    throw wrong('genesis.accountNanos', `times genesis.accounts must be at most ${maxNanos}`);
  }
  return Object.freeze({
    seed: text(fields['seed'], 'genesis.seed', 0, 256),
    accounts,
    accountNanos,
    profiles: integer(fields['profiles'], 'genesis.profiles', 0, accounts),
    followPairs: integer(fields['followPairs'], 'genesis.followPairs', 0, maxCount),
  });
}

function fieldsOf(
  value: unknown,
  path: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path || 'spec', 'must be an object');
  const prefix = path === '' ? '' : `${path}.`;
  for (const name of names) if (!Object.hasOwn(value, name)) throw wrong(`${prefix}${name}`, 'is missing');
  for (const name of Object.keys(value))
    if (![...names, ...optional].includes(name)) throw wrong(`${prefix}${name}`, 'is not known');
  return value as Readonly<Record<string, unknown>>;
}

function integer(value: unknown, path: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    throw wrong(path, `must be an integer from ${least} to ${most}`);
  }
  return value as number;
}

function text(value: unknown, path: string, least: number, most: number): string {
  if (typeof value !== 'string' || /\p{Surrogate}/u.test(value) || value.length < least || value.length > most) {
    throw wrong(path, `must be a text of ${least} to ${most} characters`);
  }
  return value;
}

function flag(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw wrong(path, 'must be true or false');
  return value;
}

function hex(value: unknown, path: string, bytes: number): string {
  if (typeof value !== 'string' || value.length !== 2 * bytes || !/^[0-9a-f]*$/.test(value)) {
    throw wrong(path, `must be ${bytes} bytes in lower-case hex`);
  }
  return value;
}

function list(value: unknown, path: string, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw wrong(path, `must be a list of ${least} to ${most} entries`);
  }
  return value;
}

function wrong(path: string, expectation: string): NodeError {
  return new NodeError('NODE_CONFIGURATION', `chain spec: ${path} ${expectation}`, { details: { path } });
}
