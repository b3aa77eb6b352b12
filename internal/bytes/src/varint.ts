const maxUint64 = 0xffff_ffff_ffff_ffffn;

/** Bytes that {@link writeUvarint} takes for `value`: 1 to 10. */
export function uvarintLength(value: number | bigint): number {
  let length = 1;
  if (typeof value === 'number' && value < 0x8000_0000) {
    for (let rest = value; rest >= 0x80; rest >>>= 7) length++;
    return length;
  }
  for (let rest = BigInt(value); rest >= 0x80n; rest >>= 7n) length++;
  return length;
}

/**
 * Writes `value` as an unsigned LEB128 integer at `offset` and returns the offset after it.
 *
 * @throws RangeError if `value` is not an integer in 0..2^64-1 or does not fit `target`
 */
export function writeUvarint(target: Uint8Array, offset: number, value: number | bigint): number {
  if (typeof value === 'number' ? !Number.isSafeInteger(value) || value < 0 : value < 0n || value > maxUint64) {
    throw new RangeError('expected an unsigned 64-bit integer');
  }
  if (offset + uvarintLength(value) > target.length) throw new RangeError('varint does not fit');
  let at = offset;
  if (typeof value === 'number' && value < 0x8000_0000) {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
    target[at++] = rest;
    return at;
  }
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80;
  target[at++] = Number(rest);
  return at;
}

/** The unsigned LEB128 bytes of `value`. @throws RangeError if `value` is not an integer in 0..2^64-1 */
export function encodeUvarint(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(uvarintLength(value));
  writeUvarint(bytes, 0, value);
  return bytes;
}
