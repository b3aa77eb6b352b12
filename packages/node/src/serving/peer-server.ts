import type { Manifest, PackedRecords, StateStore } from '@hs/ancestral-records';
import { concatBytes, equalBytes } from '@hs/bytes';
import {
  type Block,
  createBlockCodec,
  type ExtendedGetSnapshotMessage,
  type GetHeadersMessage,
  type GetPageListMessage,
  type GetPageMessage,
  type Message,
  type Transaction,
} from '@hs/wire';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { hasCode } from '../node-error.js';

/** How much one answer may hold. */
export interface ServingLimits {
  /** Headers in one bundle; default 2000. */
  readonly maxHeadersPerBundle: number;
  /** Bytes of blocks in one bundle, though at least one block; default 8 MiB. */
  readonly maxBlockBundleBytes: number;
  /** Bytes of records in one chunk, though at least one record; default 16 MiB. */
  readonly maxChunkBytes: number;
}

export const defaultServingLimits: ServingLimits = {
  maxHeadersPerBundle: 2000,
  maxBlockBundleBytes: 8 * 1024 * 1024,
  maxChunkBytes: 16 * 1024 * 1024,
};

/** How many manifests stay decoded. */
const keptManifests = 2;

export interface PeerServerOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly limits?: Partial<ServingLimits>;
  /** False until the node has been at the tip once: till then it serves no state. */
  readonly isServingState: () => boolean;
  /** Loose transactions arrived. */
  readonly onTransactions: (transactions: readonly Transaction[], peer: Peer<Header>) => Promise<void>;
  /** A peer has blocks or headers that this node may not know. */
  readonly onAnnouncement: (peer: Peer<Header>, blockHashes: readonly Uint8Array[]) => void;
}

const noBytes: Uint8Array = new Uint8Array(0);
const noRecords = { bytes: noBytes, offsets: new Uint32Array(0) };
/** What stands for 'no record' in Go's layout, whose encoder refuses to send none: key `00`, empty value. */
const goSentinel = { bytes: new Uint8Array(1), offsets: Uint32Array.of(0, 1, 1, 1) };

/**
 * Answers what peers ask. One message of a peer at a time: the network hands out the next one when the promise of the
 * last has settled, so that a peer's unread answers hold back its own requests and nobody else's.
 */
export class PeerServer<Header> {
  readonly #options: PeerServerOptions<Header>;
  readonly #limits: ServingLimits;
  readonly #blockCodec: ReturnType<typeof createBlockCodec<Header>>;
  #manifests: readonly { readonly height: number; readonly root: Uint8Array; readonly manifest: Manifest }[] = [];

  constructor(options: PeerServerOptions<Header>) {
    this.#options = options;
    this.#limits = { ...defaultServingLimits, ...options.limits };
    this.#blockCodec = createBlockCodec(options.chain.headerCodec);
  }

  async handle(peer: Peer<Header>, message: Message<Header>): Promise<void> {
    switch (message.type) {
      case 'get-headers':
        return this.#sendHeaders(peer, message);
      case 'get-blocks':
        return this.#sendBlocks(peer, message.hashes);
      case 'get-snapshot':
        return 'requestId' in message ? this.#sendChunk(peer, message) : this.#sendGoChunk(peer, message.startKey);
      case 'get-page-list':
        return this.#sendPageList(peer, message);
      case 'get-page':
        return this.#sendPage(peer, message);
      case 'transaction':
        return this.#options.onTransactions([message.transaction], peer);
      case 'transaction-bundle-v2':
        return this.#options.onTransactions(message.transactions, peer);
      case 'inv': {
        const blockHashes = message.items.filter((item) => item.kind === 'block').map((item) => item.hash);
        if (blockHashes.length > 0) this.#options.onAnnouncement(peer, blockHashes);
        return;
      }
      default:
        // The other messages of the protocol ask for nothing that this node has.
        return;
    }
  }

  async #sendHeaders(peer: Peer<Header>, ask: GetHeadersMessage): Promise<void> {
    const { chainStore } = this.#options;
    const limit = this.#limits.maxHeadersPerBundle;
    const headers = await chainStore.headersAfter(ask.locator, ask.stopHash, { limit });
    const { tipHash, tipHeight } = chainStore;
    await peer.send({ type: 'header-bundle', headers, tipHash, tipHeight });
  }

  async #sendBlocks(peer: Peer<Header>, hashes: readonly Uint8Array[]): Promise<void> {
    const { chainStore } = this.#options;
    const blocks: Block<Header>[] = [];
    let bytes = 0;
    for (const hash of hashes) {
      const height = await chainStore.heightOf(hash);
      const encoded = height === undefined ? undefined : await chainStore.blockAt(height);
      // A bundle is a run from the start of what was asked: the asker sees where it ends and asks again.
      if (encoded === undefined) break;
      bytes += encoded.length;
      if (blocks.length > 0 && bytes > this.#limits.maxBlockBundleBytes) break;
      blocks.push(this.#blockCodec.decode(encoded));
    }
    const { tipHash, tipHeight } = chainStore;
    await peer.send({ type: 'block-bundle', blocks, tipHash, tipHeight });
  }

  async #sendChunk(peer: Peer<Header>, ask: ExtendedGetSnapshotMessage): Promise<void> {
    const { requestId, height, startKey } = ask;
    const chunk = await this.#whileServable(height, () =>
      this.#options.store.readChunk({
        height,
        startKey,
        endKey: ask.endKey.length > 0 ? ask.endKey : undefined,
        maxBytes: Math.min(ask.maxBytes, this.#limits.maxChunkBytes),
      }),
    );
    await peer.send({
      type: 'snapshot-data',
      requestId,
      height,
      isAvailable: chunk !== undefined,
      nextKey: chunk?.nextKey ?? noBytes,
      records: chunk?.records ?? noRecords,
    });
  }

  /**
   * Go's protocol has no cursor: its client takes the last key it got as the next start key, expects that key again as
   * the first record, and takes an empty answer for the end. So this goes on scanning until there is a record besides
   * the repeated one, or nothing is left.
   */
  async #sendGoChunk(peer: Peer<Header>, startKey: Uint8Array): Promise<void> {
    const { chain, chainStore, store } = this.#options;
    const snapshot = store.snapshots().at(-1);
    const prefix = startKey.subarray(0, 1);
    const isState = chain.parameters.statePrefixes.includes(startKey[0] ?? -1);
    if (snapshot === undefined || !this.#options.isServingState()) {
      return peer.close('asked for a snapshot while this node has none');
    }
    const packs: PackedRecords[] = [];
    let records = 0;
    let nextKey: Uint8Array | undefined = isState ? startKey : undefined;
    while (nextKey !== undefined && records < 2 && !peer.isClosed) {
      const request = { height: snapshot.height, startKey: nextKey, maxBytes: this.#limits.maxChunkBytes };
      const chunk = await this.#whileServable(snapshot.height, () => store.readChunk(request));
      if (chunk === undefined) return peer.close('the snapshot was given up while it was read');
      records += chunk.records.offsets.length / 4;
      packs.push(chunk.records);
      nextKey = chunk.nextKey;
    }
    await peer.send({
      type: 'snapshot-data',
      epoch: {
        snapshotBlockHeight: snapshot.height,
        firstSnapshotBlockHeight: store.snapshots()[0]?.height ?? 0,
        currentEpochChecksum: noBytes,
        currentEpochBlockHash: await chainStore.hashAt(snapshot.height),
      },
      records: records === 0 ? goSentinel : joinPacked(packs),
      isFull: nextKey !== undefined,
      prefix,
    });
  }

  async #sendPageList(peer: Peer<Header>, ask: GetPageListMessage): Promise<void> {
    const { requestId, height } = ask;
    const manifest = await this.#whileServable(height, () => this.#manifest(height));
    await peer.send({ type: 'page-list', requestId, height, hashes: manifest?.pageHashes ?? [] });
  }

  async #sendPage(peer: Peer<Header>, ask: GetPageMessage): Promise<void> {
    const { requestId, height, index } = ask;
    const manifest = await this.#whileServable(height, () => this.#manifest(height));
    await peer.send({ type: 'page', requestId, height, index, page: manifest?.pages[index] ?? noBytes });
  }

  /** Pages are asked for one by one: the manifests asked for last stay decoded. */
  async #manifest(height: number): Promise<Manifest> {
    const { store } = this.#options;
    const root = store.snapshots().find((snapshot) => snapshot.height === height)?.root;
    const kept = this.#manifests.find(
      (manifest) => manifest.height === height && root !== undefined && equalBytes(manifest.root, root),
    );
    if (kept !== undefined) return kept.manifest;
    const manifest = await store.manifest(height);
    if (root !== undefined) this.#manifests = [{ height, root, manifest }, ...this.#manifests].slice(0, keptManifests);
    return manifest;
  }

  /** What `read` gives, or `undefined` if this node does not serve that snapshot, or not any more. */
  async #whileServable<Result>(height: number, read: () => Promise<Result>): Promise<Result | undefined> {
    const { store, isServingState } = this.#options;
    if (!isServingState() || !store.snapshots().some((snapshot) => snapshot.height === height)) return undefined;
    try {
      return await read();
    } catch (error) {
      const isGivenUp = ['ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE', 'ANCESTRAL_RECORDS_NOT_READY'];
      if (isGivenUp.some((code) => hasCode(error, code))) return undefined;
      throw error;
    }
  }
}

function joinPacked(packs: readonly PackedRecords[]): PackedRecords {
  if (packs.length === 1 && packs[0] !== undefined) return packs[0];
  const bytes = concatBytes(...packs.map((pack) => pack.bytes));
  const offsets = new Uint32Array(packs.reduce((count, pack) => count + pack.offsets.length, 0));
  let at = 0;
  let base = 0;
  for (const pack of packs) {
    for (const offset of pack.offsets) offsets[at++] = base + offset;
    base += pack.bytes.length;
  }
  return { bytes, offsets };
}
