import { ByteReader, type ByteReaderProblem } from '@hs/bytes';
import { WireError, type WireErrorCode } from '../wire-error.js';

const codes: Readonly<Record<ByteReaderProblem, WireErrorCode>> = {
  truncated: 'WIRE_TRUNCATED',
  'varint-overflow': 'WIRE_VARINT_OVERFLOW',
  'over-limit': 'WIRE_LIMIT_EXCEEDED',
  'trailing-bytes': 'WIRE_TRAILING_BYTES',
};

/** What is read, for error details, and how many list items it may hold in all. */
export interface ReadContext {
  readonly reading: string;
  itemsLeft: number;
}

/** A cursor over the bytes of one message or of a length-prefixed part of it; parts share the context of the whole. */
export class PayloadReader extends ByteReader {
  readonly payload: Uint8Array;
  readonly #context: ReadContext;

  private constructor(
    payload: Uint8Array,
    context: ReadContext,
    fail: (problem: ByteReaderProblem, detail: string) => Error,
  ) {
    super(payload, fail);
    this.payload = payload;
    this.#context = context;
  }

  static over(payload: Uint8Array, context: ReadContext): PayloadReader {
    const reader: PayloadReader = new PayloadReader(payload, context, (problem, detail) =>
      reader.error(codes[problem], detail),
    );
    return reader;
  }

  /** A reader of exactly the next `length` bytes, which this one skips. */
  part(length: number): PayloadReader {
    return PayloadReader.over(this.bytes(length), this.#context);
  }

  /** Takes `count` list items of at least `itemBytes` each out of what is left, before anything is made of `count`. */
  takeItems(count: number, itemBytes: number): void {
    if (count * itemBytes > this.remaining) {
      throw this.error('WIRE_TRUNCATED', `${count} items of at least ${itemBytes} bytes do not fit ${this.remaining}`);
    }
    if (count > this.#context.itemsLeft) {
      throw this.error('WIRE_LIMIT_EXCEEDED', 'more list items than a message may hold');
    }
    this.#context.itemsLeft -= count;
  }

  error(code: WireErrorCode, message: string, cause?: unknown): WireError {
    const { reading } = this.#context;
    return new WireError(code, `${reading}: ${message}`, { details: { reading, offset: this.offset }, cause });
  }
}
