import { StateStore, withDefaults } from '@hs/ancestral-records';
import { type HashBackend, stateRoot } from '@hs/ellipticsum';
import type { PackedRecords } from '@hs/node';
import type { ExampleChain } from '@hs/node/example-chain';
import { ClassicLevel } from 'classic-level';
import { type LightPeer, SnapshotGivenUp } from './light-peer.js';

/** How two sets of records compare, record by record. */
export interface Comparison {
  readonly records: number;
  readonly bytes: number;
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
  const records = async function* (address: string) {
    for (const prefix of options.prefixes) {
      for await (const pack of peer.snapshotChunks(address, { height: options.height, prefix })) yield* unpack(pack);
    }
  };
  try {
    return await compare(records(options.left), records(options.right));
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
  async *records(prefixes: readonly number[]): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    for (const prefix of prefixes) {
      let startKey: Uint8Array | undefined = Uint8Array.of(prefix);
      while (startKey !== undefined) {
        const request = { height: this.#store.height ?? 0, startKey, endKey: Uint8Array.of(prefix + 1) };
        const chunk = await this.#store.readChunk({ ...request, maxBytes: 1 << 20 });
        yield* unpack(chunk.records);
        startKey = chunk.nextKey;
      }
    }
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#database.close();
  }
}

/** Compares the tip states of two closed databases. */
export function compareDisks(left: DiskState, right: DiskState, prefixes: readonly number[]): Promise<Comparison> {
  return compare(left.records(prefixes), right.records(prefixes));
}

type RecordStream = AsyncGenerator<readonly [Uint8Array, Uint8Array]>;

async function compare(left: RecordStream, right: RecordStream): Promise<Comparison> {
  let records = 0;
  let bytes = 0;
  for (;;) {
    const [a, b] = await Promise.all([left.next(), right.next()]);
    if (a.done === true || b.done === true) {
      const isSame = a.done === b.done;
      return { records, bytes, difference: isSame ? undefined : `one side ends after ${records} records` };
    }
    const [keyA, valueA] = a.value;
    const [keyB, valueB] = b.value;
    if (Buffer.compare(keyA, keyB) !== 0 || Buffer.compare(valueA, valueB) !== 0) {
      const shown = [keyA, valueA, keyB, valueB].map((part) => Buffer.from(part).toString('hex'));
      return {
        records,
        bytes,
        difference: `record ${records}: ${shown[0]}=${shown[1]} against ${shown[2]}=${shown[3]}`,
      };
    }
    records++;
    bytes += keyA.length + valueA.length;
  }
}

function* unpack({ bytes, offsets }: PackedRecords): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let i = 0; i < offsets.length; i += 4) {
    yield [bytes.subarray(offsets[i], offsets[i + 1]), bytes.subarray(offsets[i + 2], offsets[i + 3])];
  }
}
