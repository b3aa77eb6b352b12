/**
 * How a chain lays out its block header, given by the builder of the chain.
 *
 * Headers stand back to back in a header bundle, so `decode` must find the end by itself. Whatever `decode` throws reaches the
 * caller as a `WireError` with that as its `cause`.
 */
export interface HeaderCodec<H> {
  /** Most bytes one header takes. */
  readonly maxBytes: number;
  encode(header: H): Uint8Array;
  /** Reads one header at `offset`; `end` is the offset after it. */
  decode(bytes: Uint8Array, offset: number): { readonly header: H; readonly end: number };
  /** True if a block with this header ends with a block producer field, be it empty. */
  hasBlockProducerInfo(header: H): boolean;
}
