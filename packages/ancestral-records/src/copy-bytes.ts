/**
 * A copy in a plain `Uint8Array`. Not `slice`: databases and callers hand over `Buffer`s, whose `slice` shares memory.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
