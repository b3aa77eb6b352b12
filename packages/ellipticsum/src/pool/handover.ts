/** How the arrays of a call reach a worker: shared, given away, or copied into the buffer of a slice. */
type Handed = Uint8Array | Int8Array | Uint32Array;

/** True if the array lies in memory that all threads see. */
export function isShared(array: Handed): boolean {
  return Object.prototype.toString.call(array.buffer) === '[object SharedArrayBuffer]';
}

/** The buffer of the array, if the caller gives it away and no other array can lie in it. */
export function givenBuffer(array: Handed, transfer: boolean): ArrayBuffer | undefined {
  if (!transfer || isShared(array) || array.byteLength === 0) return undefined;
  return array.byteLength === array.buffer.byteLength ? (array.buffer as ArrayBuffer) : undefined;
}
