import {
  EllipticSum,
  type HashBackend,
  type PackedRecords,
  StateChecksum,
  uncompressedSumBytes,
} from '@hs/ellipticsum';

/** How much of something there is. Bytes are those of keys and values. */
export interface Tally {
  readonly records: number;
  readonly bytes: number;
}

/** A set of records in a few numbers. Checksums are 32 bytes. */
export interface StateSummary extends Tally {
  /** By prefix, the first byte of the key, ascending. */
  readonly prefixes: readonly (Tally & { readonly prefix: number; readonly checksum: Uint8Array })[];
  /** The one checksum over all records. */
  readonly total: Uint8Array;
  /** The hash over the prefixes' checksums that block headers carry. */
  readonly stateRoot: Uint8Array;
  /** True if every key is above the one before it; then no key comes twice. */
  readonly isAscending: boolean;
}

/**
 * Sums records as they come, batch by batch, and keeps none of them.
 *
 * The backend hashes a batch and gives back one sum for each prefix in it; sums of batches add up to the sum of all.
 */
export async function summarise(
  batches: AsyncIterable<PackedRecords>,
  options: {
    readonly backend: HashBackend;
    readonly onProgress?: (soFar: Tally) => void;
    readonly signal?: AbortSignal;
  },
): Promise<StateSummary> {
  const { backend, onProgress, signal } = options;
  const checksum = new StateChecksum({ domain: backend.domain });
  const tallies = new Map<number, { records: number; bytes: number }>();
  const soFar = { records: 0, bytes: 0 };
  let previousKey: Uint8Array = new Uint8Array(0);
  let isAscending = true;

  for await (const { bytes, offsets } of batches) {
    // Groups are numbered in the order in which their prefixes come up in this batch.
    const prefixes: number[] = [];
    const groups = new Uint32Array(offsets.length / 4);
    for (let record = 0; record < groups.length; record++) {
      const [keyStart = 0, keyEnd = 0, valueStart = 0, valueEnd = 0] = offsets.subarray(4 * record, 4 * record + 4);
      const prefix = bytes[keyStart] ?? 0;
      const group = prefixes.indexOf(prefix);
      groups[record] = group === -1 ? prefixes.push(prefix) - 1 : group;
      const tally = tallies.get(prefix) ?? { records: 0, bytes: 0 };
      tallies.set(prefix, tally);
      for (const count of [tally, soFar]) {
        count.records++;
        count.bytes += keyEnd - keyStart + valueEnd - valueStart;
      }
      const key = bytes.subarray(keyStart, keyEnd);
      isAscending &&= isBefore(previousKey, key);
      previousKey = key;
    }
    // The last key must not keep its batch alive.
    previousKey = previousKey.slice();

    const batch = { bytes, offsets, groups, groupCount: prefixes.length };
    const sums = await backend.sum(batch, signal === undefined ? {} : { signal });
    for (const [group, prefix] of prefixes.entries()) {
      const sum = sums.subarray(group * uncompressedSumBytes, (group + 1) * uncompressedSumBytes);
      checksum.addSum(prefix, EllipticSum.fromUncompressed(sum));
    }
    onProgress?.(soFar);
  }

  const ascending = [...tallies].sort(([a], [b]) => a - b);
  return {
    ...soFar,
    prefixes: ascending.map(([prefix, tally]) => ({ prefix, ...tally, checksum: checksum.checksum(prefix).encode() })),
    total: checksum.total().encode(),
    stateRoot: checksum.root(),
    isAscending,
  };
}

function isBefore(left: Uint8Array, right: Uint8Array): boolean {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return left.length < right.length;
}
