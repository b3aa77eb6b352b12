/**
 * How one kind of value is laid out in bytes.
 *
 * `decode` consumes exactly its input or throws a `WireError`; byte strings in its result are views of the input.
 * `encode` returns new bytes and throws `TypeError` or `RangeError` for a value that has no encoding.
 */
export interface Codec<T> {
  /** Most bytes that `decode` accepts and `encode` returns. */
  readonly maxBytes: number;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}
