import { type ByteReader, ByteWriter, compareBytes, equalBytes } from '@hs/bytes';
import type {
  DaoCoinOperationLimit,
  OtherLimit,
  OtherLimitName,
  SpendingLimit,
  SpendingLimitVersion,
} from '../entries/spending-limit.js';
import type { DaoCoinError } from '../error.js';
import { publicKeyBytes, requirePublicKeyBytes } from '../public-key.js';

/** A part of the key of a limit. */
type KeyPart = 'uvarint' | 'bytes' | 'pkid' | 'byte';

/** Parts of the keys of the limits that are only kept; what stands for what does not matter here. */
const otherKeys: Readonly<Record<OtherLimitName, readonly KeyPart[]>> = {
  creatorCoinOperations: ['bytes', 'uvarint'],
  nftOperations: ['bytes', 'uvarint', 'uvarint'],
  daoCoinLimitOrders: ['pkid', 'pkid'],
  associations: ['uvarint', 'bytes', 'pkid', 'uvarint', 'uvarint'],
  accessGroups: ['bytes', 'uvarint', 'bytes', 'uvarint'],
  accessGroupMembers: ['bytes', 'uvarint', 'bytes', 'uvarint'],
  lockups: ['pkid', 'byte', 'byte'],
};

/** The version in which each of these limits came. */
const since: Readonly<Record<OtherLimitName, SpendingLimitVersion>> = {
  creatorCoinOperations: 0,
  nftOperations: 0,
  daoCoinLimitOrders: 0,
  associations: 3,
  accessGroups: 3,
  accessGroupMembers: 3,
  lockups: 4,
};

/** Stake, unstake and unlock stake: their keys are not in our sources, so only empty ones are read. */
const stakeLimits = 3;

/** @throws RangeError if the version has no room for something */
export function writeSpendingLimit(writer: ByteWriter, limit: SpendingLimit, version: SpendingLimitVersion): void {
  for (const name of Object.keys(since) as OtherLimitName[]) {
    if (version < since[name] && (limit.otherLimits[name] ?? []).length > 0) {
      throw new RangeError(`${name} need spending limit version ${since[name]}`);
    }
  }
  const other = (name: OtherLimitName): void => writeLimits(writer, limit.otherLimits[name] ?? []);
  writer.uvarint(limit.globalDesoLimitNanos).uvarint(limit.transactionCounts.size);
  for (const [type, count] of [...limit.transactionCounts].sort(([left], [right]) => left - right)) {
    writer.uvarint(type).uvarint(count);
  }
  other('creatorCoinOperations');
  writeLimits(writer, limit.daoCoinOperations.map(encodeOperation));
  other('nftOperations');
  other('daoCoinLimitOrders');
  if (version >= 1) writer.bool(limit.isUnlimited);
  else if (limit.isUnlimited) throw new RangeError('isUnlimited needs spending limit version 1');
  if (version >= 3) {
    other('associations');
    other('accessGroups');
    other('accessGroupMembers');
  }
  if (version >= 4) {
    other('lockups');
    for (let index = 0; index < stakeLimits; index++) writer.uvarint(0);
  }
}

/** Makes the error for what is wrong with a limit. */
export type FailSpendingLimit = (problem: string) => DaoCoinError;

/** @throws the reader's error, or that of `fail` */
export function readSpendingLimit(
  reader: ByteReader,
  { version, fail }: { readonly version: SpendingLimitVersion; readonly fail: FailSpendingLimit },
): SpendingLimit {
  const limits = (name: string, keyParts: readonly KeyPart[]): readonly OtherLimit[] => {
    const read = readLimits(reader, keyParts);
    if (hasEqualKeys(read)) throw fail(`${name} has two equal keys`);
    return read;
  };
  const other = (name: OtherLimitName): readonly OtherLimit[] => limits(name, otherKeys[name]);
  const globalDesoLimitNanos = reader.uvarint();
  const transactionCounts = new Map<number, bigint>();
  for (let left = reader.uvarint(); left > 0n; left--) {
    const type = reader.uvarintNumber();
    if (transactionCounts.has(type)) throw fail(`transaction type ${type} comes twice`);
    transactionCounts.set(type, reader.uvarint());
  }
  const creatorCoinOperations = other('creatorCoinOperations');
  const daoCoinOperations = limits('daoCoinOperations', ['bytes', 'uvarint']).map((limit) =>
    decodeOperation(limit, fail),
  );
  const early = { creatorCoinOperations, nftOperations: other('nftOperations') };
  const orders = { ...early, daoCoinLimitOrders: other('daoCoinLimitOrders') };
  const isUnlimited = version >= 1 && reader.bool();
  const groups =
    version < 3
      ? {}
      : {
          associations: other('associations'),
          accessGroups: other('accessGroups'),
          accessGroupMembers: other('accessGroupMembers'),
        };
  const lockups = version < 4 ? {} : { lockups: other('lockups') };
  for (let index = 0; version >= 4 && index < stakeLimits; index++) {
    if (reader.uvarint() !== 0n) throw fail('stake limits are not supported');
  }
  const otherLimits = withoutEmpty({ ...orders, ...groups, ...lockups });
  return { globalDesoLimitNanos, transactionCounts, daoCoinOperations, isUnlimited, otherLimits };
}

function writeLimits(writer: ByteWriter, limits: readonly OtherLimit[]): void {
  const sorted = limits.toSorted(([left], [right]) => compareBytes(left, right));
  if (hasEqualKeys(sorted)) throw new RangeError('a spending limit has two equal keys');
  writer.uvarint(sorted.length);
  for (const [key, count] of sorted) writer.bytes(key).uvarint(count);
}

/** Gives them in the order of their keys, as the Go node writes them; reading takes any order. */
function readLimits(reader: ByteReader, keyParts: readonly KeyPart[]): readonly OtherLimit[] {
  const limits: OtherLimit[] = [];
  for (let left = reader.uvarint(); left > 0n; left--) limits.push([readKey(reader, keyParts), reader.uvarint()]);
  return limits.sort(([left], [right]) => compareBytes(left, right));
}

function hasEqualKeys(sorted: readonly OtherLimit[]): boolean {
  return sorted.some(([key], index) => index > 0 && equalBytes(key, (sorted[index - 1] as OtherLimit)[0]));
}

/** The key with its varints in their shortest form. */
function readKey(reader: ByteReader, parts: readonly KeyPart[]): Uint8Array {
  const writer = new ByteWriter(80);
  for (const part of parts) {
    if (part === 'uvarint') writer.uvarint(reader.uvarint());
    else if (part === 'bytes') writer.byteArray(reader.byteArray());
    else writer.bytes(reader.bytes(part === 'pkid' ? publicKeyBytes : 1));
  }
  return writer.finish();
}

function encodeOperation({ creatorPkid, operation, count }: DaoCoinOperationLimit): OtherLimit {
  requirePublicKeyBytes(creatorPkid, 'creatorPkid');
  return [new ByteWriter(40).byteArray(creatorPkid).uvarint(operation).finish(), count];
}

function decodeOperation([key, count]: OtherLimit, fail: FailSpendingLimit): DaoCoinOperationLimit {
  // A length of one byte, the PKID, and an operation of one byte.
  if (key[0] !== publicKeyBytes || key.length !== publicKeyBytes + 2) {
    throw fail('a DAO coin operation limit has an unknown form');
  }
  return { creatorPkid: key.subarray(1, 1 + publicKeyBytes), operation: key[1 + publicKeyBytes] as number, count };
}

function withoutEmpty(limits: SpendingLimit['otherLimits']): SpendingLimit['otherLimits'] {
  return Object.fromEntries(Object.entries(limits).filter(([, entries]) => entries.length > 0));
}
