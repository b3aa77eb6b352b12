/** 8 bytes, big-endian. `value` is a safe integer or a bigint below 2^64. @throws RangeError otherwise */
export function u64be(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64be(bytes, 0, value);
  return bytes;
}

/** Writes 8 big-endian bytes of `value` at `offset`. @throws RangeError if `value` is no unsigned 64-bit integer */
export function writeU64be(target: Uint8Array, offset: number, value: number | bigint): void {
  const wide = typeof value === 'bigint' ? value : BigInt(requireSafeInteger(value));
  if (wide < 0n || wide > 0xffff_ffff_ffff_ffffn) throw new RangeError('expected an unsigned 64-bit integer');
  new DataView(target.buffer, target.byteOffset, target.byteLength).setBigUint64(offset, wide);
}

/** Reads 8 big-endian bytes at `offset`. @throws RangeError if fewer are left */
export function readU64be(source: Uint8Array, offset = 0): bigint {
  return new DataView(source.buffer, source.byteOffset, source.byteLength).getBigUint64(offset);
}

/** 4 bytes, big-endian. @throws RangeError if `value` is no unsigned 32-bit integer */
export function u32be(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError('expected an unsigned 32-bit integer');
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Reads 4 big-endian bytes at `offset`. @throws RangeError if fewer are left */
export function readU32be(source: Uint8Array, offset = 0): number {
  return new DataView(source.buffer, source.byteOffset, source.byteLength).getUint32(offset);
}

/** Big-endian bytes of `value` without leading zeros; zero is the empty string. @throws RangeError if negative */
export function bigintToMinimalBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('expected a non-negative integer');
  const length = value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The unsigned integer that the big-endian `bytes` spell; the empty string is zero. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function requireSafeInteger(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError('expected a safe integer');
  return value;
}
