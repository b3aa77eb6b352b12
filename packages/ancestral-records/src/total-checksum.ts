import { copyBytes } from './copy-bytes.js';
import { encodedSumBytes, type HashOptions, type StateHasher } from './hasher.js';
import { combineGroups, joinSums } from './prefix-sums.js';

/**
 * The checksum of a whole state from the checksums of its prefixes: what the DeSo node has as its one checksum. 32 zero bytes
 * for no prefix.
 *
 * @throws what the hasher throws if one of them is no canonical encoding
 */
export async function totalChecksum(
  checksums: Iterable<Uint8Array>,
  hasher: StateHasher,
  options: HashOptions = {},
): Promise<Uint8Array> {
  const list = [...checksums];
  if (list.some(({ length }) => length !== encodedSumBytes)) throw new RangeError('a checksum must be 32 bytes');
  if (list.length === 0) return new Uint8Array(encodedSumBytes);
  const sums = await hasher.decode(joinSums(list), options);
  const groups = list.map(() => 0);
  const total = (await combineGroups(hasher, sums, groups, options)).get(0) as Uint8Array;
  return copyBytes(await hasher.encode(total, options));
}
