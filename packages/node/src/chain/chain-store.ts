import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { concatBytes, equalBytes, readU64be, u64be } from '@hs/bytes';
import { type Block, createBlockCodec, transactionHash } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Chain, HeaderReader } from './chain.js';

/**
 * First key bytes of what a node keeps beside the state, in the same database. No chain may use them for its state.
 */
export const nodePrefixes = {
  block: 0,
  header: 1,
  ban: 2,
  equivocation: 3,
  transaction: 4,
  origin: 97,
  hashToHeight: 98,
} as const;

const hashBytes = 32;

/** Headers that are taken back in one batch. */
const dropStep = 1000;

function heightKey(prefix: number, height: number): Uint8Array {
  return concatBytes(Uint8Array.of(prefix), u64be(height));
}

function transactionKey(id: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(nodePrefixes.transaction), id);
}

/** The block that a transaction is in, and its place there. */
export interface TransactionPlace {
  readonly height: number;
  readonly index: number;
}

/**
 * Verified headers and stored blocks of one chain, by height and by hash.
 *
 * Owns the header tip. Nothing here verifies: who appends a header has checked it against its parent. A header is stored
 * as its hash and its bytes, so that neither locators nor look-ups hash again.
 */
export class ChainStore<Header> implements HeaderReader<Header> {
  readonly #store: StateStore;
  readonly #chain: Chain<Header>;
  readonly #blockCodec: ReturnType<typeof createBlockCodec<Header>>;
  #tip: { readonly height: number; readonly hash: Uint8Array; readonly header: Header };

  private constructor(
    store: StateStore,
    chain: Chain<Header>,
    tip: { readonly height: number; readonly hash: Uint8Array; readonly header: Header },
  ) {
    this.#store = store;
    this.#chain = chain;
    this.#blockCodec = createBlockCodec(chain.headerCodec);
    this.#tip = tip;
  }

  /** Reads the header tip, or writes the genesis header into an empty database. */
  static async open<Header>(store: StateStore, chain: Chain<Header>): Promise<ChainStore<Header>> {
    for (const prefix of Object.values(nodePrefixes)) {
      if (chain.parameters.statePrefixes.includes(prefix)) {
        throw new NodeError('NODE_CONFIGURATION', `state prefix ${prefix} is taken by the node itself`);
      }
    }
    const genesis = { height: 0, hash: chain.genesisHash, header: chain.genesisHeader };
    const chainStore = new ChainStore(store, chain, genesis);
    const range = { gte: Uint8Array.of(nodePrefixes.header), lt: Uint8Array.of(nodePrefixes.header + 1) };
    for await (const [key] of store.others({ ...range, reverse: true, limit: 1 })) {
      const height = Number(readU64be(key, 1));
      const { header, hash } = await chainStore.#read(height);
      chainStore.#tip = { height, hash, header };
      return chainStore;
    }
    await store.write(chainStore.headerWrites([genesis.header]));
    return chainStore;
  }

  get tipHeight(): number {
    return this.#tip.height;
  }

  get tipHash(): Uint8Array {
    return this.#tip.hash;
  }

  get tipHeader(): Header {
    return this.#tip.header;
  }

  async headerAt(height: number): Promise<Header> {
    return height === this.#tip.height ? this.#tip.header : (await this.#read(height)).header;
  }

  async hashAt(height: number): Promise<Uint8Array> {
    return height === this.#tip.height ? this.#tip.hash : (await this.#read(height)).hash;
  }

  async heightOf(hash: Uint8Array): Promise<number | undefined> {
    const value = await this.#store.get(concatBytes(Uint8Array.of(nodePrefixes.hashToHeight), hash));
    return value === undefined ? undefined : Number(readU64be(value));
  }

  /** The writes that store verified headers; {@link advance} must follow once they are on disk. */
  headerWrites(headers: readonly Header[]): RecordChange[] {
    const writes: RecordChange[] = [];
    for (const header of headers) {
      const hash = this.#chain.hashHeader(header);
      const { height } = this.#chain.describeHeader(header);
      const bytes = this.#chain.headerCodec.encode(header);
      writes.push({ key: heightKey(nodePrefixes.header, height), value: concatBytes(hash, bytes) });
      writes.push({ key: concatBytes(Uint8Array.of(nodePrefixes.hashToHeight), hash), value: u64be(height) });
    }
    return writes;
  }

  /** Moves the tip to a header that was just written. */
  advance(header: Header): void {
    const { height } = this.#chain.describeHeader(header);
    if (height > this.#tip.height) this.#tip = { height, hash: this.#chain.hashHeader(header), header };
  }

  /** Stores verified headers that continue the tip, in one batch. */
  async append(headers: readonly Header[]): Promise<void> {
    const last = headers.at(-1);
    if (last === undefined) return;
    await this.#store.write(this.headerWrites(headers));
    this.advance(last);
  }

  /** Takes back headers and blocks from `height` on, from the tip down, so that an interruption leaves a whole chain. */
  async dropFrom(height: number): Promise<void> {
    if (height < 1) throw new RangeError('the genesis header cannot be taken back');
    while (this.#tip.height >= height) {
      const newTip = Math.max(height - 1, this.#tip.height - dropStep);
      const { header, hash } = await this.#read(newTip);
      const writes: RecordChange[] = [];
      for (let next = newTip + 1; next <= this.#tip.height; next++) {
        const key = concatBytes(Uint8Array.of(nodePrefixes.hashToHeight), await this.hashAt(next));
        writes.push({ key, value: undefined });
        writes.push({ key: heightKey(nodePrefixes.header, next), value: undefined });
        writes.push({ key: heightKey(nodePrefixes.block, next), value: undefined });
        const block = await this.blockAt(next);
        for (const transaction of block === undefined ? [] : this.#blockCodec.decode(block).transactions) {
          writes.push({ key: transactionKey(transactionHash(transaction)), value: undefined });
        }
      }
      await this.#store.write(writes);
      this.#tip = { height: newTip, hash, header };
    }
  }

  /** Hashes from the tip down, one by one at first, then in doubling steps, ending with genesis. */
  async locator(): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    let step = 1;
    for (let height = this.#tip.height; height > 0; height -= step) {
      hashes.push(await this.hashAt(height));
      if (hashes.length > 11) step *= 2;
    }
    hashes.push(this.#chain.genesisHash);
    return hashes;
  }

  /**
   * Headers after the first locator hash that this chain has, oldest first, up to `limit` or to `stopHash` (all zero:
   * none). Empty if no hash is known.
   */
  async headersAfter(
    locator: readonly Uint8Array[],
    stopHash: Uint8Array,
    options: { readonly limit: number },
  ): Promise<Header[]> {
    for (const hash of locator) {
      const height = await this.heightOf(hash);
      if (height === undefined) continue;
      const headers: Header[] = [];
      const end = Math.min(this.#tip.height, height + options.limit);
      for (let next = height + 1; next <= end; next++) {
        const { header, hash: headerHash } = await this.#read(next);
        headers.push(header);
        if (equalBytes(headerHash, stopHash)) break;
      }
      return headers;
    }
    return [];
  }

  /** The encoded block at `height`, if this node has it: not below the snapshot it was synced from, but for those of an older state. */
  async blockAt(height: number): Promise<Uint8Array | undefined> {
    return this.#store.get(heightKey(nodePrefixes.block, height));
  }

  /** Where a transaction is, if it is in a block that this node has. */
  async transactionPlace(id: Uint8Array): Promise<TransactionPlace | undefined> {
    const value = await this.#store.get(transactionKey(id));
    if (value === undefined) return undefined;
    return { height: Number(readU64be(value)), index: Number(readU64be(value, 8)) };
  }

  /** The writes that store a block, and where each of its transactions is. */
  blockWrites(height: number, block: Block<Header>): RecordChange[] {
    const places = block.transactions.map((transaction, index) => ({
      key: transactionKey(transactionHash(transaction)),
      value: concatBytes(u64be(height), u64be(index)),
    }));
    return [{ key: heightKey(nodePrefixes.block, height), value: this.#blockCodec.encode(block) }, ...places];
  }

  async #read(height: number): Promise<{ readonly header: Header; readonly hash: Uint8Array }> {
    const value = await this.#store.get(heightKey(nodePrefixes.header, height));
    if (value === undefined) {
      throw new NodeError('NODE_HEADER_UNKNOWN', `no header at height ${height}; the tip is ${this.#tip.height}`, {
        details: { height, tipHeight: this.#tip.height },
      });
    }
    const hash = value.subarray(0, hashBytes);
    try {
      const { header, end } = this.#chain.headerCodec.decode(value, hashBytes);
      if (end === value.length) return { header, hash };
    } catch (cause) {
      throw undecodable(height, cause);
    }
    throw undecodable(height, new RangeError('bytes are left over'));
  }
}

function undecodable(height: number, cause: unknown): NodeError {
  return new NodeError('NODE_DATABASE', `the stored header at height ${height} does not decode`, {
    cause,
    details: { height },
  });
}
