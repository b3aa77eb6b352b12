import { type DomainOptions, defaultDomain, encodeDomain } from './domain.js';
import { EllipticSumError } from './errors.js';
import { requireBytes } from './internal/arguments.js';
import {
  decodeElement,
  type Element,
  elementOf,
  encodedSumBytes,
  hashRecord,
  readPoint,
  standsForElement,
  uncompressedSumBytes,
  writeElement,
  zeroElement,
} from './internal/curve.js';

/**
 * The sum of the elements of a multiset of records: a ristretto255 group element (RFC 9496).
 *
 * An immutable value. Adding is associative and commutative and every sum has a negative, so records can be added and
 * removed in any order, and the sums of parts add up to the sum of the whole.
 */
export class EllipticSum {
  /** The sum of no records. */
  static readonly zero: EllipticSum = new EllipticSum(zeroElement);

  readonly #element: Element;

  private constructor(element: Element) {
    this.#element = element;
  }

  /**
   * The sum of one record.
   *
   * @throws TypeError if `key` or `value` is no Uint8Array
   */
  static ofRecord(key: Uint8Array, value: Uint8Array, { domain = defaultDomain }: DomainOptions = {}): EllipticSum {
    return new EllipticSum(hashRecord(key, value, encodeDomain(domain)));
  }

  /**
   * The sum with this canonical encoding (RFC 9496, section 4.3.1).
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH unless there are 32 bytes
   * @throws ELLIPTICSUM_INVALID_ENCODING unless they are the one encoding of a group element
   */
  static decode(encoded: Uint8Array): EllipticSum {
    requireLength(encoded, encodedSumBytes, 'an encoded sum');
    const element = decodeElement(encoded);
    if (element === undefined) {
      throw new EllipticSumError('ELLIPTICSUM_INVALID_ENCODING', 'these 32 bytes are not the encoding of a sum');
    }
    return new EllipticSum(element);
  }

  /**
   * The sum with these extended coordinates (see {@link EllipticSum.toUncompressed}).
   *
   * @throws ELLIPTICSUM_INVALID_LENGTH unless there are 128 bytes
   * @throws ELLIPTICSUM_INVALID_POINT unless the coordinates are canonical and those of a point on the curve that stands
   *   for a group element
   */
  static fromUncompressed(bytes: Uint8Array): EllipticSum {
    requireLength(bytes, uncompressedSumBytes, 'an uncompressed sum');
    const point = readPoint(bytes, 0);
    if (point === undefined || !standsForElement(point)) {
      throw new EllipticSumError('ELLIPTICSUM_INVALID_POINT', 'these 128 bytes are not the coordinates of a sum');
    }
    return new EllipticSum(elementOf(point));
  }

  /** The sum of both. */
  add(other: EllipticSum): EllipticSum {
    return new EllipticSum(this.#element.add(EllipticSum.#elementIn(other)));
  }

  /** This sum without the other's records. */
  subtract(other: EllipticSum): EllipticSum {
    return new EllipticSum(this.#element.subtract(EllipticSum.#elementIn(other)));
  }

  /** The sum that this one and the result add up to zero with. */
  negate(): EllipticSum {
    return new EllipticSum(this.#element.negate());
  }

  /** True if both are the same group element; needs no encoding. */
  equals(other: EllipticSum): boolean {
    return this.#element.equals(EllipticSum.#elementIn(other));
  }

  /** True for the sum of no records. */
  isZero(): boolean {
    return this.#element.is0();
  }

  /** The canonical 32 bytes, a new array; zero encodes to 32 zero bytes. */
  encode(): Uint8Array {
    return this.#element.toBytes();
  }

  /**
   * Extended coordinates X, Y, Z, T of an Edwards point that stands for this sum, each 32 bytes little-endian, in a new
   * array: the form of a `HashBackend`. It is not unique: never compare, hash or send these bytes.
   */
  toUncompressed(): Uint8Array {
    const bytes = new Uint8Array(uncompressedSumBytes);
    writeElement(bytes, 0, this.#element);
    return bytes;
  }

  static #elementIn(sum: EllipticSum): Element {
    if (typeof sum !== 'object' || sum === null || !(#element in sum)) throw new TypeError('expected an EllipticSum');
    return sum.#element;
  }
}

function requireLength(bytes: Uint8Array, expected: number, what: string): void {
  requireBytes(bytes, what);
  if (bytes.length === expected) return;
  throw new EllipticSumError('ELLIPTICSUM_INVALID_LENGTH', `${what} has ${expected} bytes, not ${bytes.length}`, {
    details: { expected, actual: bytes.length },
  });
}
