import { fromHex, toHex } from '@hs/bytes';
import { encodeDomain } from '../domain.js';
import { EllipticSum } from '../elliptic-sum.js';
import { EllipticSumError } from '../errors.js';
import { StateChecksum } from '../state-checksum.js';

/** The sum of some records of one prefix. */
export interface PrefixSum {
  /** First byte of their keys. */
  readonly prefix: number;
  /** How many there are, at least 1. */
  readonly records: number;
  /** Bytes of their keys and values together. */
  readonly bytes: number;
  /** The 32 bytes of the sum. */
  readonly sum: Uint8Array;
}

/** The sums of any part of a state; partial sums of disjoint parts add up to that of the whole. */
export interface PartialSum {
  /** Domain separation tag of the records' elements. */
  readonly domain: string;
  /** Ascending by prefix, without prefixes that have no records. */
  readonly prefixes: readonly PrefixSum[];
  /** Over all prefixes. */
  readonly records: number;
  /** Over all prefixes. */
  readonly bytes: number;
  /** The 32 bytes of the sum over all prefixes. */
  readonly total: Uint8Array;
  /** See `stateRoot`. */
  readonly stateRoot: Uint8Array;
}

const format = 'ellipticsum-partial-sum';
const version = 1;
const maxTextLength = 1_048_576;

/** Adds counts, total and root to the sums of prefixes. @throws ELLIPTICSUM_INVALID_PARTIAL_SUM */
export function completePartialSum(domain: string, prefixes: Iterable<PrefixSum>): PartialSum {
  const checksum = new StateChecksum({ domain });
  const sorted = [...prefixes].sort((a, b) => a.prefix - b.prefix);
  let records = 0;
  let bytes = 0;
  for (const { prefix, sum, ...counts } of sorted) {
    const decoded = EllipticSum.decode(sum);
    if (decoded.isZero()) throw invalid(`the sum of prefix ${prefix} is zero, which no records have`);
    checksum.addSum(prefix, decoded);
    records += counts.records;
    bytes += counts.bytes;
  }
  if (!Number.isSafeInteger(records) || !Number.isSafeInteger(bytes)) throw invalid('the counts are too large');
  return { domain, prefixes: sorted, records, bytes, total: checksum.total().encode(), stateRoot: checksum.root() };
}

/**
 * The partial sum of all records of several parts. Parts must not overlap: a record that two of them hold counts twice.
 *
 * @throws ELLIPTICSUM_DOMAIN_MISMATCH if their domains differ
 * @throws ELLIPTICSUM_INVALID_PARTIAL_SUM if counts grow over 2^53
 * @throws RangeError if there are no parts, so no domain
 */
export function mergePartialSums(parts: Iterable<PartialSum>): PartialSum {
  let domain: string | undefined;
  const merged = new Map<number, { records: number; bytes: number; sum: EllipticSum }>();
  for (const part of parts) {
    domain ??= part.domain;
    if (part.domain !== domain) {
      throw new EllipticSumError(
        'ELLIPTICSUM_DOMAIN_MISMATCH',
        `sums of domain ${part.domain} and of domain ${domain} do not add up to anything`,
        { details: { expected: domain, actual: part.domain } },
      );
    }
    for (const { prefix, records, bytes, sum } of part.prefixes) {
      const before = merged.get(prefix) ?? { records: 0, bytes: 0, sum: EllipticSum.zero };
      merged.set(prefix, {
        records: before.records + records,
        bytes: before.bytes + bytes,
        sum: before.sum.add(EllipticSum.decode(sum)),
      });
    }
  }
  if (domain === undefined) throw new RangeError('there are no partial sums to merge');
  return completePartialSum(
    domain,
    [...merged].map(([prefix, { sum, ...counts }]) => ({ prefix, ...counts, sum: sum.encode() })),
  );
}

/** The JSON text of a partial sum: the same text for the same sums. */
export function encodePartialSum(partial: PartialSum): string {
  return `${JSON.stringify(partialSumToJson(partial), undefined, 2)}\n`;
}

/** What {@link encodePartialSum} writes, as plain data. */
export function partialSumToJson({ domain, prefixes, records, bytes, total, stateRoot }: PartialSum): object {
  return {
    format,
    version,
    domain,
    prefixes: prefixes.map((entry) => ({ ...entry, sum: toHex(entry.sum) })),
    records,
    bytes,
    total: toHex(total),
    stateRoot: toHex(stateRoot),
  };
}

/**
 * The partial sum that a JSON text spells, strictly: exactly the members there are, ascending prefixes, sums that are
 * encodings and not zero, and counts, total and root that follow from them.
 *
 * @throws ELLIPTICSUM_INVALID_PARTIAL_SUM
 */
export function decodePartialSum(text: string): PartialSum {
  if (text.length > maxTextLength) throw invalid(`it is longer than ${maxTextLength} characters`);
  const { prefixes, records, bytes, total, stateRoot, ...head } = members(parse(text), 'the text', [
    'format',
    'version',
    'domain',
    'prefixes',
    'records',
    'bytes',
    'total',
    'stateRoot',
  ]);
  if (head['format'] !== format) throw invalid(`"format" is not ${format}`);
  if (head['version'] !== version) throw invalid(`"version" is not ${version}: another release wrote it`);
  const domain = requireDomain(head['domain']);
  if (!Array.isArray(prefixes)) throw invalid('"prefixes" is no array');
  const entries = prefixes.map((entry, index) => decodePrefixSum(entry, `"prefixes" entry ${index}`));
  if (entries.some(({ prefix }, index) => prefix <= (entries[index - 1]?.prefix ?? -1))) {
    throw invalid('"prefixes" does not ascend');
  }
  const partial = completed(domain, entries);
  if (records !== partial.records || bytes !== partial.bytes) throw invalid('"records" or "bytes" is not the sum');
  if (total !== toHex(partial.total)) throw invalid('"total" is not the sum of the prefixes');
  if (stateRoot !== toHex(partial.stateRoot)) throw invalid('"stateRoot" is not the root of the prefixes');
  return partial;
}

function completed(domain: string, entries: readonly PrefixSum[]): PartialSum {
  try {
    return completePartialSum(domain, entries);
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ELLIPTICSUM_INVALID_PARTIAL_SUM') throw cause;
    throw invalid('the sum of a prefix is no encoding of a sum', cause);
  }
}

function decodePrefixSum(entry: unknown, where: string): PrefixSum {
  const { prefix, records, bytes, sum } = members(entry, where, ['prefix', 'records', 'bytes', 'sum']);
  if (!isCount(prefix) || prefix > 255) throw invalid(`${where}: "prefix" is no integer from 0 to 255`);
  if (!isCount(records) || records < 1) throw invalid(`${where}: "records" is no positive integer`);
  if (!isCount(bytes) || bytes < records) throw invalid(`${where}: "bytes" is no integer that records can have`);
  if (typeof sum !== 'string' || !/^[0-9a-f]{64}$/.test(sum)) throw invalid(`${where}: "sum" is not 64 hex digits`);
  return { prefix, records, bytes, sum: fromHex(sum) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function requireDomain(domain: unknown): string {
  try {
    encodeDomain(domain as string);
    return domain as string;
  } catch (cause) {
    throw invalid('"domain" is no domain separation tag', cause);
  }
}

/** The members of an object that has exactly these. */
function members<Name extends string>(value: unknown, where: string, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${where} is no object`);
  const missing = names.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw invalid(`${where} has no "${missing}"`);
  const unknown = Object.keys(value).find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) throw invalid(`${where} has "${unknown}", which does not belong there`);
  return value as Record<Name, unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
}

function invalid(what: string, cause?: unknown): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_INVALID_PARTIAL_SUM', `no partial sum: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
  });
}
