import type { DatabaseWrite } from './database.js';

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** The chained batch of `abstract-level`: the same as an array of writes, at a fraction of the cost for each of them. */
export interface ChainedBatch {
  put(key: Uint8Array, value: Uint8Array, options: typeof encodings): unknown;
  del(key: Uint8Array, options: typeof encodings): unknown;
  write(options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Takes the writes of a batch one by one. */
export interface WriteSink {
  put(key: Uint8Array, value: Uint8Array): void;
  del(key: Uint8Array): void;
}

/** Collects the writes of a batch in a list. */
export class WriteList implements WriteSink {
  readonly writes: DatabaseWrite[] = [];

  put(key: Uint8Array, value: Uint8Array): void {
    this.writes.push({ type: 'put', key, value });
  }

  del(key: Uint8Array): void {
    this.writes.push({ type: 'del', key });
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
 * gives up by itself when its writes turn out to be large, and whoever needs them collects them in a list instead.
 */
export class BatchDraft implements WriteSink {
  #batch: ChainedBatch | undefined;
  #writes = 0;
  #bytes = 0;

  constructor(batch: ChainedBatch) {
    this.#batch = batch;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch?.put(key, value, encodings);
    this.#count(key.length + value.length);
  }

  del(key: Uint8Array): void {
    this.#batch?.del(key, encodings);
    this.#count(key.length);
  }

  /** The batch, of which the caller takes care from now on; undefined if there is none any more. */
  take(): ChainedBatch | undefined {
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

  #count(bytes: number): void {
    this.#writes++;
    this.#bytes += bytes;
    if (this.#writes >= leastWrites && !areSmall({ writes: this.#writes, bytes: this.#bytes })) this.discard();
  }
}

/** Adds writes to a chained batch and writes it. It is closed in any case. */
export async function writeChained(
  batch: ChainedBatch,
  writes: readonly DatabaseWrite[],
  sync: boolean,
): Promise<void> {
  try {
    for (const write of writes) {
      if (write.type === 'put') batch.put(write.key, write.value, encodings);
      else batch.del(write.key, encodings);
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
