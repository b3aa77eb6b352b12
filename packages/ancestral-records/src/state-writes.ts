import type { WriteSink } from './batch-draft.js';
import { copyBytes } from './copy-bytes.js';
import type { PackedRecords } from './hasher.js';
import { stateKey } from './layout.js';
import { keyAt, valueAt } from './packed-records.js';

const stateTag = stateKey(new Uint8Array(0))[0] as number;

/**
 * Hands over the writes that put packed records into the state. Their bytes are copied, since a database may keep what it is given.
 *
 * Records from the wire lie one after the other, with their lengths before keys and values: they are copied as a whole, the
 * tag of the database key takes the place of the byte before each key, and keys and values are views of that copy.
 */
export function putState(sink: WriteSink, packed: PackedRecords): void {
  const { bytes, offsets } = packed;
  const from = offsets[0] ?? 0;
  const hasRoom = offsets.length > 4 && (offsets[4] as number) > (offsets[3] as number);
  const to = hasRoom ? Math.max(from, offsets[offsets.length - 1] as number) : from;
  const copy = new Uint8Array(1 + to - from);
  copy.set(bytes.subarray(from, to), 1);
  /* In the copy everything is one further than in `bytes.subarray(from)`: the first key has room before it, too. */
  const shift = 1 - from;
  let taken = -1;
  for (let at = 0; at < offsets.length; at += 4) {
    const keyStart = offsets[at] as number;
    const keyEnd = offsets[at + 1] as number;
    const valueStart = offsets[at + 2] as number;
    const valueEnd = offsets[at + 3] as number;
    const isInOrder = keyStart >= from && valueStart >= keyEnd && valueEnd <= to;
    if (isInOrder && keyStart + shift > taken + 1) {
      taken = valueEnd + shift - 1;
      const tagAt = keyStart + shift - 1;
      copy[tagAt] = stateTag;
      sink.put(copy.subarray(tagAt, keyEnd + shift), copy.subarray(valueStart + shift, taken + 1));
      continue;
    }
    if (isInOrder) taken = Math.max(taken, valueEnd + shift - 1);
    sink.put(stateKey(keyAt(packed, at / 4)), copyBytes(valueAt(packed, at / 4)));
  }
}
