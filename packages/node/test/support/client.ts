import { serviceBits } from '@hs/wire';
import type { ExampleChain } from '../../src/example-chain/example-chain.js';
import type { ExampleHeader } from '../../src/example-chain/header.js';
import type { Peer } from '../../src/network/peer.js';
import { PeerNetwork } from '../../src/network/peer-network.js';
import { cleanUp } from './cleanups.js';

const noBytes = new Uint8Array(0);

/** A client without a database, connected to one node for this test. */
export class Client {
  readonly peer: Peer<ExampleHeader>;

  private constructor(peer: Peer<ExampleHeader>) {
    this.peer = peer;
  }

  static async connect(
    chain: ExampleChain,
    address: string,
    services: bigint = serviceBits.hyperSyncExtended,
  ): Promise<Client> {
    const { headerCodec, network } = chain;
    const client = await PeerNetwork.open({ headerCodec, network, services, userAgent: 'client', height: () => 0 });
    cleanUp(() => client.close());
    return new Client(await client.connect(address));
  }

  async pageHashes(height: number): Promise<number> {
    return (await this.peer.request({ type: 'get-page-list', height })).hashes.length;
  }

  async page(height: number, index: number): Promise<number> {
    return (await this.peer.request({ type: 'get-page', height, index })).page.length;
  }

  /** All records of a prefix, in as many chunks as it gets. */
  async records(height: number, prefix: number): Promise<{ readonly isAvailable: boolean; readonly records: number }> {
    let count = 0;
    for (let startKey: Uint8Array = Uint8Array.of(prefix); startKey.length > 0; ) {
      const ask = { type: 'get-snapshot', height, startKey, endKey: noBytes, maxBytes: 1 << 20 } as const;
      const { isAvailable, records, nextKey } = await this.peer.request(ask);
      if (!isAvailable) return { isAvailable, records: count };
      count += records.offsets.length / 4;
      startKey = nextKey;
    }
    return { isAvailable: true, records: count };
  }

  /** Heights of the headers after genesis. */
  async headers(chain: ExampleChain): Promise<number> {
    const ask = { type: 'get-headers', stopHash: new Uint8Array(32), locator: [chain.genesisHash] } as const;
    return (await this.peer.request(ask)).headers.length;
  }
}
