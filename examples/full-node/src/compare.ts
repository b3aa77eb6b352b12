import { StateStore, withDefaults } from '@hs/ancestral-records';
import { type HashBackend, stateRoot } from '@hs/ellipticsum';
import type { PackedRecords } from '@hs/node';
import type { ExampleChain } from '@hs/node/example-chain';
import { ClassicLevel } from 'classic-level';
import { type LightPeer, SnapshotGivenUp } from './light-peer.js';

/** How two sets of records compare, record by record. */
export interface Comparison {
  /** Records that are the same in both, up to the first difference. */
  readonly records: number;
  /** The first difference, in words; undefined if there is none. */
  readonly difference: string | undefined;
}

/** Compares one snapshot as two running nodes serve it; `given up` if one of them stops serving it meanwhile. */
export async function compareSnapshots(
  peer: LightPeer,
  options: {
    readonly left: string;
    readonly right: string;
    readonly height: number;
    readonly prefixes: readonly number[];
  },
): Promise<Comparison | 'given up'> {
  const packs = async function* (address: string): PackStream {
    for (const prefix of options.prefixes) yield* peer.snapshotChunks(address, { height: options.height, prefix });
  };
  try {
    const [comparison] = await comparePacks(packs(options.left), [packs(options.right)]);
    return comparison as Comparison;
  } catch (error) {
    if (error instanceof SnapshotGivenUp) return 'given up';
    throw error;
  }
}

/** The state of a database that no process has open, with what it says of itself. */
export class DiskState {
  readonly #database: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #store: StateStore;

  private constructor(database: ClassicLevel<Uint8Array, Uint8Array>, store: StateStore) {
    this.#database = database;
    this.#store = store;
  }

  static async open(folder: string, options: { chain: ExampleChain; hasher: HashBackend }): Promise<DiskState> {
    const { chain, hasher } = options;
    const encoding = { keyEncoding: 'view', valueEncoding: 'view' } as const;
    const database = new ClassicLevel<Uint8Array, Uint8Array>(folder, { ...encoding, createIfMissing: false });
    await database.open();
    const { snapshotLag: _lag, maxBlockBytes: _bytes, ...parameters } = chain.parameters;
    const store = await StateStore.open({
      database,
      hasher,
      stateRoot,
      parameters: withDefaults({ ...parameters, identity: chain.genesisHash }),
    });
    return new DiskState(database, store);
  }

  get height(): number | undefined {
    return this.#store.height;
  }

  get stateRoot(): Uint8Array {
    return this.#store.stateRoot();
  }

  /** All state records at the tip, ascending. */
  async *records(prefixes: readonly number[]): PackStream {
    for (const prefix of prefixes) {
      let startKey: Uint8Array | undefined = Uint8Array.of(prefix);
      while (startKey !== undefined) {
        const request = { height: this.#store.height ?? 0, startKey, endKey: Uint8Array.of(prefix + 1) };
        const chunk = await this.#store.readChunk({ ...request, maxBytes: 1 << 20 });
        yield chunk.records;
        startKey = chunk.nextKey;
      }
    }
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#database.close();
  }
}

/** Compares the tip states of closed databases with that of one of them, which is read once. */
export function compareDisks(
  left: DiskState,
  others: readonly DiskState[],
  prefixes: readonly number[],
): Promise<Comparison[]> {
  return comparePacks(
    left.records(prefixes),
    others.map((other) => other.records(prefixes)),
  );
}

type PackStream = AsyncGenerator<PackedRecords>;

/** Walks through packed records, whatever packs they come in. The next pack is on its way while one is walked through. */
class Records {
  readonly #packs: PackStream;
  #ahead: Promise<IteratorResult<PackedRecords>>;
  #pack: PackedRecords = { bytes: new Uint8Array(0), offsets: new Uint32Array(0) };
  #at = 0;
  #isAtEnd = false;

  constructor(packs: PackStream) {
    this.#packs = packs;
    this.#ahead = this.#request();
  }

  /** Whether there is another record without waiting for it. */
  get isHere(): boolean {
    return this.#at < this.#pack.offsets.length;
  }

  /** Waits for another record; false if there is none. */
  async fetch(): Promise<boolean> {
    while (!this.isHere && !this.#isAtEnd) {
      const next = await this.#ahead;
      this.#isAtEnd = next.done === true;
      if (next.done === true) break;
      this.#pack = next.value;
      this.#at = 0;
      this.#ahead = this.#request();
    }
    return this.isHere;
  }

  #request(): Promise<IteratorResult<PackedRecords>> {
    const next = this.#packs.next();
    // It counts when it is waited for.
    next.catch(() => undefined);
    return next;
  }

  /** Key and value of the record that is here. */
  get record(): readonly [Uint8Array, Uint8Array] {
    const { bytes, offsets } = this.#pack;
    const at = this.#at;
    return [bytes.subarray(offsets[at], offsets[at + 1]), bytes.subarray(offsets[at + 2], offsets[at + 3])];
  }

  next(): void {
    this.#at += 4;
  }
}

/** Compares each of several streams with the first, record by record. One that differs is not read any further. */
export async function comparePacks(left: PackStream, others: readonly PackStream[]): Promise<Comparison[]> {
  const reference = new Records(left);
  const sides = others.map((packs) => ({
    right: new Records(packs),
    difference: undefined as string | undefined,
    records: 0,
  }));
  for (let records = 0; ; records++) {
    const hasLeft = reference.isHere || (await reference.fetch());
    for (const side of sides) {
      if (side.difference !== undefined) continue;
      side.records = records;
      const hasRight = side.right.isHere || (await side.right.fetch());
      if (hasLeft && hasRight) side.difference = differenceOf(reference.record, side.right.record, records);
      else if (hasLeft !== hasRight) side.difference = `one side ends after ${records} records`;
      if (hasRight) side.right.next();
    }
    if (!hasLeft || sides.every(({ difference }) => difference !== undefined)) {
      return sides.map(({ records, difference }) => ({ records, difference }));
    }
    reference.next();
  }
}

function differenceOf(
  [keyA, valueA]: readonly [Uint8Array, Uint8Array],
  [keyB, valueB]: readonly [Uint8Array, Uint8Array],
  records: number,
): string | undefined {
  if (Buffer.compare(keyA, keyB) === 0 && Buffer.compare(valueA, valueB) === 0) return undefined;
  const shown = [keyA, valueA, keyB, valueB].map((part) => Buffer.from(part).toString('hex'));
  return `record ${records}: ${shown[0]}=${shown[1]} against ${shown[2]}=${shown[3]}`;
}
