import { type DomainOptions, defaultDomain, encodeDomain } from './domain.js';
import { EllipticSum } from './elliptic-sum.js';
import { EllipticSumError } from './errors.js';
import { requireBytes } from './internal/arguments.js';
import { requirePrefix, stateRoot } from './state-root.js';

/**
 * The checksum of a state: one sum for each prefix (first key byte), kept up to date as records come and go.
 *
 * It holds sums, not records, and cannot tell whether a record that is removed was ever added.
 */
export class StateChecksum {
  /** Domain separation tag of the records' elements. */
  readonly domain: string;
  readonly #sums = new Map<number, EllipticSum>();

  constructor({ domain = defaultDomain }: DomainOptions = {}) {
    encodeDomain(domain);
    this.domain = domain;
  }

  /** Adds one record to the sum of its prefix. @throws ELLIPTICSUM_EMPTY_KEY */
  addRecord(key: Uint8Array, value: Uint8Array): void {
    this.addSum(prefixOf(key), EllipticSum.ofRecord(key, value, this));
  }

  /** Takes one record out of the sum of its prefix. @throws ELLIPTICSUM_EMPTY_KEY */
  removeRecord(key: Uint8Array, value: Uint8Array): void {
    this.subtractSum(prefixOf(key), EllipticSum.ofRecord(key, value, this));
  }

  /** Adds a sum computed elsewhere, of records of one prefix. @throws ELLIPTICSUM_INVALID_PREFIX */
  addSum(prefix: number, sum: EllipticSum): void {
    this.#sums.set(prefix, this.checksum(prefix).add(sum));
  }

  /** Takes out a sum computed elsewhere, of records of one prefix. @throws ELLIPTICSUM_INVALID_PREFIX */
  subtractSum(prefix: number, sum: EllipticSum): void {
    this.#sums.set(prefix, this.checksum(prefix).subtract(sum));
  }

  /** The sum of one prefix; zero if it has no records. @throws ELLIPTICSUM_INVALID_PREFIX */
  checksum(prefix: number): EllipticSum {
    requirePrefix(prefix);
    return this.#sums.get(prefix) ?? EllipticSum.zero;
  }

  /** Prefixes and sums in ascending order, without those that are zero. */
  entries(): (readonly [prefix: number, sum: EllipticSum])[] {
    return [...this.#sums].filter(([, sum]) => !sum.isZero()).sort(([a], [b]) => a - b);
  }

  /** The sum over all prefixes: the single checksum of the whole state. */
  total(): EllipticSum {
    let total = EllipticSum.zero;
    for (const sum of this.#sums.values()) total = total.add(sum);
    return total;
  }

  /** The state root, 32 bytes (see {@link stateRoot}). */
  root(): Uint8Array {
    return stateRoot(this.entries().map(([prefix, sum]) => [prefix, sum.encode()]));
  }
}

function prefixOf(key: Uint8Array): number {
  requireBytes(key, 'key');
  const prefix = key[0];
  if (prefix === undefined) throw new EllipticSumError('ELLIPTICSUM_EMPTY_KEY', 'a key without bytes has no prefix');
  return prefix;
}
