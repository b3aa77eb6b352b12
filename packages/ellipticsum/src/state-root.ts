import { ByteWriter } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { EllipticSumError } from './errors.js';
import { requireBytes } from './internal/arguments.js';
import { encodedSumBytes } from './internal/curve.js';

const tag: Uint8Array = /* @__PURE__ */ Uint8Array.from('HS:state-root:v1', (character) => character.charCodeAt(0));

/**
 * One hash over the checksums of all state prefixes:
 * `SHA-256("HS:state-root:v1" || for each prefix, ascending, whose checksum is not zero: prefix byte || 32-byte checksum)`.
 *
 * Takes encoded checksums in any order and skips zeros, so an empty prefix may be listed or left out. The checksums are
 * hashed as they are, without decoding.
 *
 * @throws ELLIPTICSUM_INVALID_PREFIX if a prefix is no integer from 0 to 255
 * @throws ELLIPTICSUM_DUPLICATE_PREFIX if a prefix is listed twice
 * @throws ELLIPTICSUM_INVALID_LENGTH if a checksum has not 32 bytes
 */
export function stateRoot(checksums: Iterable<readonly [prefix: number, checksum: Uint8Array]>): Uint8Array {
  const byPrefix = new Map<number, Uint8Array>();
  for (const [prefix, checksum] of checksums) {
    requirePrefix(prefix);
    requireBytes(checksum, 'checksum');
    if (checksum.length !== encodedSumBytes) {
      throw new EllipticSumError('ELLIPTICSUM_INVALID_LENGTH', `checksum of prefix ${prefix} has not 32 bytes`, {
        details: { prefix, expected: encodedSumBytes, actual: checksum.length },
      });
    }
    if (byPrefix.has(prefix)) {
      throw new EllipticSumError('ELLIPTICSUM_DUPLICATE_PREFIX', `prefix ${prefix} is listed twice`, {
        details: { prefix },
      });
    }
    byPrefix.set(prefix, checksum);
  }
  const message = new ByteWriter().bytes(tag);
  for (const [prefix, checksum] of [...byPrefix].sort(([a], [b]) => a - b)) {
    if (checksum.some((byte) => byte !== 0)) message.byte(prefix).bytes(checksum);
  }
  return sha256(message.finish());
}

/** Checks that a prefix is one byte. @throws ELLIPTICSUM_INVALID_PREFIX */
export function requirePrefix(prefix: number): void {
  if (Number.isInteger(prefix) && prefix >= 0 && prefix <= 255) return;
  throw new EllipticSumError('ELLIPTICSUM_INVALID_PREFIX', `a prefix is an integer from 0 to 255, not ${prefix}`, {
    details: { prefix: String(prefix) },
  });
}
