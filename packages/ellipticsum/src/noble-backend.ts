import { type DomainOptions, defaultDomain, encodeDomain } from './domain.js';
import { EllipticSumError } from './errors.js';
import { type HashBackend, type HashBatch, type HashOptions, validateHashBatch } from './hash-backend.js';
import { validateLists } from './internal/add-up.js';
import {
  countOf,
  defaultYieldEveryMs,
  invalidEncoding,
  invalidPoint,
  requireInterval,
  requireSameLength,
} from './internal/backend-arguments.js';
import {
  decodeElement,
  type Element,
  elementOf,
  encodedSumBytes,
  hashRecord,
  readPoint,
  uncompressedSumBytes,
  writeElement,
  writePoint,
  zeroElement,
  zeroSums,
} from './internal/curve.js';
import { negateSums } from './internal/negate-sums.js';
import { Pacer } from './internal/pacer.js';
import { keyAt, valueAt } from './packed-records.js';

/** Options of {@link createNobleBackend}. */
export interface NobleBackendOptions extends DomainOptions {
  /** Longest time in milliseconds that it keeps the thread before it lets the event loop run; default 8. */
  readonly yieldEveryMs?: number;
}

/**
 * The reference backend: @noble/curves on the calling thread, in every JavaScript engine.
 *
 * Other tasks run between its slices of work. A single record is never interrupted.
 *
 * @throws TypeError, RangeError if an option is out of range
 */
export function createNobleBackend(options: NobleBackendOptions = {}): HashBackend {
  const { domain = defaultDomain, yieldEveryMs = defaultYieldEveryMs } = options;
  requireInterval(yieldEveryMs);
  return new NobleBackend(domain, yieldEveryMs);
}

class NobleBackend implements HashBackend {
  readonly name = 'noble';
  readonly domain: string;
  readonly #domainBytes: Uint8Array;
  readonly #pacer: Pacer;
  #isClosed = false;

  constructor(domain: string, yieldEveryMs: number) {
    this.domain = domain;
    this.#domainBytes = encodeDomain(domain);
    this.#pacer = new Pacer(yieldEveryMs);
  }

  async sum(batch: HashBatch, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const { count, groupCount } = validateHashBatch(batch);
    const { signs, groups } = batch;
    const sums: (Element | undefined)[] = new Array(groupCount).fill(undefined);
    await this.#each(count, options, (index) => {
      const element = hashRecord(keyAt(batch, index), valueAt(batch, index), this.#domainBytes);
      const group = groups?.[index] ?? 0;
      const before = sums[group];
      if (signs?.[index] === -1) sums[group] = before === undefined ? element.negate() : before.subtract(element);
      else sums[group] = before === undefined ? element : before.add(element);
    });
    const result = new Uint8Array(groupCount * uncompressedSumBytes);
    await this.#each(groupCount, options, (group) => {
      writeElement(result, group * uncompressedSumBytes, sums[group] ?? zeroElement);
    });
    return result;
  }

  async combine(left: Uint8Array, right: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(left, uncompressedSumBytes, 'left');
    countOf(right, uncompressedSumBytes, 'right');
    requireSameLength(left, right);
    const result = new Uint8Array(left.length);
    await this.#each(count, options, (index) => {
      const sum = requirePoint(left, index).add(requirePoint(right, index));
      writePoint(result, index * uncompressedSumBytes, sum);
    });
    return result;
  }

  async addUp(sums: Uint8Array, sizes: Uint32Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    validateLists(sums, sizes);
    const result = zeroSums(sizes.length);
    let index = 0;
    for (const [list, size] of sizes.entries()) {
      if (size === 0) continue;
      const first = index;
      let total = requirePoint(sums, first);
      await this.#each(size - 1, options, (at) => {
        total = total.add(requirePoint(sums, first + 1 + at));
      });
      writePoint(result, list * uncompressedSumBytes, total);
      index += size;
    }
    return result;
  }

  async negate(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    return negateSums(sums);
  }

  async encode(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(sums, uncompressedSumBytes, 'sums');
    const result = new Uint8Array(count * encodedSumBytes);
    await this.#each(count, options, (index) => {
      result.set(elementOf(requirePoint(sums, index)).toBytes(), index * encodedSumBytes);
    });
    return result;
  }

  async decode(encoded: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(encoded, encodedSumBytes, 'encoded');
    const result = new Uint8Array(count * uncompressedSumBytes);
    await this.#each(count, options, (index) => {
      const element = decodeElement(encoded.subarray(index * encodedSumBytes, (index + 1) * encodedSumBytes));
      if (element === undefined) throw invalidEncoding(index);
      writeElement(result, index * uncompressedSumBytes, element);
    });
    return result;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs all steps in order, pausing when due, until done, aborted or closed. */
  async #each(count: number, options: HashOptions | undefined, step: (index: number) => void): Promise<void> {
    for (let index = 0; index < count; index++) {
      if (this.#pacer.isDue) {
        await this.#pacer.pause();
        this.#check(options);
      }
      step(index);
    }
  }

  #check(options: HashOptions | undefined): void {
    if (this.#isClosed) throw new EllipticSumError('ELLIPTICSUM_BACKEND_CLOSED', 'the noble backend is closed');
    options?.signal?.throwIfAborted();
  }
}

function requirePoint(sums: Uint8Array, index: number): NonNullable<ReturnType<typeof readPoint>> {
  const point = readPoint(sums, index * uncompressedSumBytes);
  if (point !== undefined) return point;
  throw invalidPoint(index);
}
