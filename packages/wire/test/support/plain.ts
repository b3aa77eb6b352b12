/** A value with bytes as hex, maps as sorted entries and packed records as pairs, so that `toEqual` compares what they say. */
export function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)]).sort();
  if (typeof value !== 'object' || value === null) return value;
  if ('offsets' in value && 'bytes' in value) return pairs(value as { bytes: Uint8Array; offsets: Uint32Array });
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

export function pairs({ bytes, offsets }: { readonly bytes: Uint8Array; readonly offsets: Uint32Array }): string[][] {
  const found: string[][] = [];
  for (let index = 0; index < offsets.length; index += 4) {
    const [keyStart, keyEnd, valueStart, valueEnd] = offsets.subarray(index, index + 4);
    found.push([
      Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('hex'),
      Buffer.from(bytes.subarray(valueStart, valueEnd)).toString('hex'),
    ]);
  }
  return found;
}
