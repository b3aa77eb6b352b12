import { type Peer, PeerNetwork } from '@hs/node';
import type { ExampleChain, ExampleHeader } from '@hs/node/example-chain';
import { type Block, type PackedRecords, serviceBits, type Transaction } from '@hs/wire';

const requestTimeoutMs = 30_000;
const noStop = new Uint8Array(32);
const noBytes = new Uint8Array(0);

/** A node has given up the snapshot that was being read. */
export class SnapshotGivenUp extends Error {}

/** A client of the network without a database: sends transactions, follows blocks, reads snapshots. */
export class LightPeer {
  readonly #network: PeerNetwork<ExampleHeader>;
  readonly #chain: ExampleChain;
  readonly #peers = new Map<string, Peer<ExampleHeader>>();

  private constructor(network: PeerNetwork<ExampleHeader>, chain: ExampleChain) {
    this.#network = network;
    this.#chain = chain;
  }

  static async open(chain: ExampleChain): Promise<LightPeer> {
    const network = await PeerNetwork.open({
      headerCodec: chain.headerCodec,
      network: chain.network,
      // It serves nothing, but it speaks the extended layout.
      services: serviceBits.hyperSyncExtended,
      userAgent: 'full-node example',
      height: () => 0,
    });
    return new LightPeer(network, chain);
  }

  async connect(address: string): Promise<void> {
    this.#peers.set(address, await this.#network.connect(address));
  }

  async send(address: string, transactions: readonly Transaction[]): Promise<void> {
    await this.#peer(address).send({ type: 'transaction-bundle-v2', transactions });
  }

  /** Headers after the one with `hash`, oldest first. */
  async headersAfter(address: string, hash: Uint8Array): Promise<readonly ExampleHeader[]> {
    const ask = { type: 'get-headers', stopHash: noStop, locator: [hash] } as const;
    return (await this.#peer(address).request(ask, { timeoutMs: requestTimeoutMs })).headers;
  }

  async blocks(address: string, headers: readonly ExampleHeader[]): Promise<readonly Block<ExampleHeader>[]> {
    const hashes = headers.map((header) => this.#chain.hashHeader(header));
    return (await this.#peer(address).request({ type: 'get-blocks', hashes }, { timeoutMs: requestTimeoutMs })).blocks;
  }

  /** All records of a snapshot under one prefix, in key order, chunk by chunk. */
  async *snapshotChunks(
    address: string,
    options: { readonly height: number; readonly prefix: number },
  ): AsyncGenerator<PackedRecords> {
    let startKey: Uint8Array = Uint8Array.of(options.prefix);
    for (;;) {
      const chunk = await this.#peer(address).request(
        {
          type: 'get-snapshot',
          requestId: 0,
          height: options.height,
          startKey,
          endKey: noBytes,
          maxBytes: 1 << 20,
        },
        { timeoutMs: requestTimeoutMs },
      );
      if (!('requestId' in chunk) || !chunk.isAvailable) {
        throw new SnapshotGivenUp(`${address} does not serve snapshot ${options.height} any more`);
      }
      yield chunk.records;
      if (chunk.nextKey.length === 0) return;
      startKey = chunk.nextKey;
    }
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  #peer(address: string): Peer<ExampleHeader> {
    const peer = this.#peers.get(address);
    if (peer === undefined) throw new Error(`not connected to ${address}`);
    return peer;
  }
}
