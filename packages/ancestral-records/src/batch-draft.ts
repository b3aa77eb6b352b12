import { copyBytes } from './copy-bytes.js';
import type { ByteEncodings, DatabaseWrite } from './database.js';

/** The chained batch of `abstract-level`: the same as an array of writes, at a fraction of the cost for each of them. */
export interface ChainedBatch {
  put(key: Uint8Array, value: Uint8Array, options?: ByteEncodings): unknown;
  del(key: Uint8Array, options?: ByteEncodings): unknown;
  write(options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** What starts chained batches: the part of an `AbstractLevel` that goes beyond {@link StateDatabase}. */
export interface ChainedBatchSource {
  batch(): ChainedBatch;
  /** The encoding of this name, or that of keys that come with none. */
  keyEncoding(name?: 'view'): unknown;
  valueEncoding(name?: 'view'): unknown;
}

/** Takes the writes of a batch one by one. */
export interface WriteSink {
  put(key: Uint8Array, value: Uint8Array): void;
  del(key: Uint8Array): void;
}

/**
 * A chained batch of bytes. Where bytes are what the database takes by default, writes come without options: on Node 20
 * `abstract-level` spends many times as long on the options of a write as on the write.
 */
export class ByteBatch implements WriteSink {
  readonly #batch: ChainedBatch;
  readonly #options: ByteEncodings | undefined;

  constructor(source: ChainedBatchSource) {
    const hasBytes =
      source.keyEncoding() === source.keyEncoding('view') && source.valueEncoding() === source.valueEncoding('view');
    this.#options = hasBytes ? undefined : { keyEncoding: 'view', valueEncoding: 'view' };
    this.#batch = source.batch();
  }

  put(key: Uint8Array, value: Uint8Array): void {
    if (this.#options === undefined) this.#batch.put(key, value);
    else this.#batch.put(key, value, this.#options);
  }

  del(key: Uint8Array): void {
    if (this.#options === undefined) this.#batch.del(key);
    else this.#batch.del(key, this.#options);
  }

  write(options: { readonly sync: boolean }): Promise<void> {
    return this.#batch.write(options);
  }

  close(): Promise<void> {
    return this.#batch.close();
  }
}

/** Collects the writes of a batch in a list. */
export class WriteList implements WriteSink {
  readonly writes: DatabaseWrite[] = [];
  readonly #isCopying: boolean;

  /** `isCopying`: each key and value gets memory of its own, for whoever keeps some of them longer than others. */
  constructor(options: { readonly isCopying?: boolean } = {}) {
    this.#isCopying = options.isCopying === true;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.writes.push({ type: 'put', key: this.#own(key), value: this.#own(value) });
  }

  del(key: Uint8Array): void {
    this.writes.push({ type: 'del', key: this.#own(key) });
  }

  #own(bytes: Uint8Array): Uint8Array {
    return this.#isCopying ? copyBytes(bytes) : bytes;
  }
}

/**
 * Whether the memory of a chained batch is worth its speed: `classic-level` keeps the bytes of a chained batch until garbage
 * is collected, and it is the number of writes, not their bytes, that makes garbage.
 */
export function areSmall({ writes, bytes }: { readonly writes: number; readonly bytes: number }): boolean {
  return bytes <= 512 * writes;
}

/** Writes before it is clear whether they are small. */
const leastWrites = 64;

/**
 * A batch that is handed to the database piece by piece before it is written, so that writing it has little left to do. It
 * gives up by itself when its writes turn out to be large, or the database takes no more of them; whoever needs them collects
 * them in a list instead.
 */
export class BatchDraft implements WriteSink {
  #batch: ByteBatch | undefined;
  #writes = 0;
  #bytes = 0;

  constructor(batch: ByteBatch) {
    this.#batch = batch;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#add((batch) => batch.put(key, value), key.length + value.length);
  }

  del(key: Uint8Array): void {
    this.#add((batch) => batch.del(key), key.length);
  }

  /** The batch, of which the caller takes care from now on; undefined if there is none any more. */
  take(): ByteBatch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    return batch;
  }

  /** Gives the batch up, unless it was taken. What is added later goes nowhere. */
  discard(): void {
    // Nothing of it was written: whether closing it worked is of no consequence.
    this.take()
      ?.close()
      .catch(() => undefined);
  }

  #add(add: (batch: ByteBatch) => void, bytes: number): void {
    if (this.#batch === undefined) return;
    try {
      add(this.#batch);
    } catch {
      // Such as a database that was closed: reading and writing tell it.
      this.discard();
      return;
    }
    this.#writes++;
    this.#bytes += bytes;
    if (this.#writes >= leastWrites && !areSmall({ writes: this.#writes, bytes: this.#bytes })) this.discard();
  }
}

/** Adds writes to a chained batch and writes it. It is closed in any case. */
export async function writeChained(batch: ByteBatch, writes: readonly DatabaseWrite[], sync: boolean): Promise<void> {
  try {
    for (const write of writes) {
      if (write.type === 'put') batch.put(write.key, write.value);
      else batch.del(write.key);
    }
    await batch.write({ sync });
  } finally {
    await batch.close();
  }
}

/** Whether a chained batch pays for a list of writes. */
export function areManyAndSmall(writes: readonly DatabaseWrite[]): boolean {
  if (writes.length < leastWrites) return false;
  let bytes = 0;
  for (const write of writes) bytes += write.key.length + (write.type === 'put' ? write.value.length : 0);
  return areSmall({ writes: writes.length, bytes });
}
