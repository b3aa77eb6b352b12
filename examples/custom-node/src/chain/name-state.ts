/**
 * The state of a name registry, as records.
 *
 * | key | value |
 * |---|---|
 * | 10, name | owner (33 bytes), text |
 * | 11, owner, name | nothing: the index by owner |
 * | 12, owner | how many transactions the owner has made (u64) |
 */
export const statePrefixes = { name: 10, ownedName: 11, sequence: 12 } as const;

export interface NameEntry {
  readonly owner: Uint8Array;
  readonly text: Uint8Array;
}

const utf8 = new TextEncoder();

export function nameKey(name: string): Uint8Array {
  return Uint8Array.of(statePrefixes.name, ...utf8.encode(name));
}

export function ownedNameKey(owner: Uint8Array, name: string): Uint8Array {
  return Uint8Array.of(statePrefixes.ownedName, ...owner, ...utf8.encode(name));
}

export function sequenceKey(owner: Uint8Array): Uint8Array {
  return Uint8Array.of(statePrefixes.sequence, ...owner);
}

export function encodeNameEntry({ owner, text }: NameEntry): Uint8Array {
  return Uint8Array.of(...owner, ...text);
}

export function decodeNameEntry(value: Uint8Array): NameEntry {
  return { owner: value.subarray(0, 33), text: value.subarray(33) };
}

export function encodeSequence(sequence: bigint): Uint8Array {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, sequence);
  return value;
}

export function decodeSequence(value: Uint8Array | undefined): bigint {
  return value === undefined ? 0n : new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0);
}
