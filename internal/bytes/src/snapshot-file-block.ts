import type { ManifestEntry } from './manifest-page.js';

/** Four offsets into `bytes` for each record: key start, key end, value start, value end. */
export interface PackedBlock {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What makes records no range, apart from their number, length and sum. */
export type BlockProblem = 'duplicate' | 'out-of-order' | 'out-of-range';

/**
 * The block of a range: `u32be` key length and `u32be` value length of each record, then key and value bytes of each.
 * Number and bytes of the records must be those of the entry.
 */
export function encodeBlock(
  records: readonly PackedBlock[],
  entry: Pick<ManifestEntry, 'count' | 'bytes'>,
): Uint8Array {
  const block = new Uint8Array(8 * entry.count + entry.bytes);
  const table = new DataView(block.buffer);
  let row = 0;
  let at = 8 * entry.count;
  for (const { bytes, offsets } of records) {
    if (offsets.length === 0) continue;
    let runStart = offsets[0] as number;
    let runEnd = runStart;
    // Runs of adjacent bytes are copied at once: mostly there is only one.
    const copyRun = (): void => {
      block.set(bytes.subarray(runStart, runEnd), at);
      at += runEnd - runStart;
    };
    for (let i = 0; i < offsets.length; i += 2) {
      const start = offsets[i] as number;
      const end = offsets[i + 1] as number;
      table.setUint32(row, end - start);
      row += 4;
      if (start !== runEnd) {
        copyRun();
        runStart = start;
      }
      runEnd = end;
    }
    copyRun();
  }
  return block;
}

/** The records of a block of the right length, as views of it. */
export function decodeBlock(
  block: Uint8Array,
  entry: Pick<ManifestEntry, 'count' | 'bytes'>,
  fail: (detail: string) => Error,
): PackedBlock {
  const { count, bytes } = entry;
  const table = new DataView(block.buffer, block.byteOffset, 8 * count);
  const offsets = new Uint32Array(4 * count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const keyEnd = at + table.getUint32(8 * i);
    const valueEnd = keyEnd + table.getUint32(8 * i + 4);
    if (keyEnd === at) throw fail('a key without bytes');
    if (valueEnd > bytes) throw fail('its lengths do not add up');
    offsets[4 * i] = at;
    offsets[4 * i + 1] = keyEnd;
    offsets[4 * i + 2] = keyEnd;
    offsets[4 * i + 3] = valueEnd;
    at = valueEnd;
  }
  if (at !== bytes) throw fail('its lengths do not add up');
  return { bytes: block.subarray(8 * count), offsets };
}

/** Checks that the keys of a block ascend and lie in its range; undefined if they do. */
export function blockProblem(
  packed: PackedBlock,
  entry: Pick<ManifestEntry, 'start' | 'depth'>,
): BlockProblem | undefined {
  const { bytes, offsets } = packed;
  for (let at = 4; at < offsets.length; at += 4) {
    const order = compareSpans(
      bytes,
      offsets[at - 4] as number,
      offsets[at - 3] as number,
      offsets[at] as number,
      offsets[at + 1] as number,
    );
    if (order === 0) return 'duplicate';
    if (order > 0) return 'out-of-order';
  }
  // Where keys ascend, all lie in the interval if the first and the last do.
  for (const at of [0, offsets.length - 4]) {
    if (!hasBits(bytes.subarray(offsets[at], offsets[at + 1]), entry)) return 'out-of-range';
  }
  return undefined;
}

function compareSpans(bytes: Uint8Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[aStart + i] as number) - (bytes[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** True if a key, padded with zeros, begins with the bits. */
function hasBits(key: Uint8Array, { start, depth }: Pick<ManifestEntry, 'start' | 'depth'>): boolean {
  const whole = depth >> 3;
  for (let i = 0; i < whole; i++) if ((key[i] ?? 0) !== start[i]) return false;
  const rest = depth & 7;
  return rest === 0 || (key[whole] ?? 0) >> (8 - rest) === (start[whole] as number) >> (8 - rest);
}
