import {
  type Chunk,
  type ChunkRequest,
  type Manifest,
  type PackedRecords,
  type StateHasher,
  type StateStore,
  totalChecksum,
} from '@hs/ancestral-records';
import { concatBytes, equalBytes } from '@hs/bytes';
import {
  type Block,
  createBlockCodec,
  type ExtendedGetSnapshotMessage,
  type GetHeadersMessage,
  type GetPageListMessage,
  type GetPageMessage,
  type Message,
  type SnapshotLeaseMessage,
  type StateChecksums,
  type Transaction,
} from '@hs/wire';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { hasCode } from '../node-error.js';
import { AnswerWindows } from './answer-windows.js';
import { type ReadOwner, ReadScheduler } from './read-scheduler.js';
import { SnapshotLeases, type SnapshotPromise } from './snapshot-leases.js';

/** How much one answer may hold. */
export interface ServingLimits {
  /** Headers in one bundle; default 2000. */
  readonly maxHeadersPerBundle: number;
  /** Bytes of blocks in one bundle, though at least one block; default 2 MiB. */
  readonly maxBlockBundleBytes: number;
  /** Bytes of records in one chunk, though at least one record; default 2 MiB. */
  readonly maxChunkBytes: number;
  /** Time for reading one chunk, which may be empty then; default 1000. */
  readonly maxChunkMs: number;
  /** Database reads for peers at once; default 2. */
  readonly maxReads: number;
  /** Bytes of records that are read in one go, before it is another peer's turn and blocks are let pass; default 256 KiB. */
  readonly readBytes: number;
  /** Bytes that a new peer may be sent ahead of what it has read; twice as many with each answer that it reads. Default 64 KiB. */
  readonly firstAnswerBytes: number;
  /** Most bytes that a peer may be sent ahead of what it has read; default 16 MiB. */
  readonly maxUnreadBytes: number;
  /** Bytes of unsent answers to all peers, above which answers are as small as the first; default 64 MiB. */
  readonly maxUnsentBytes: number;
  /** How long a read waits for blocks that are being connected; default 1000. */
  readonly maxWaitForBlocksMs: number;
  /** How long a request keeps its snapshot from being retired; default 10 min, 0 for not at all. */
  readonly leaseMs: number;
  /** How much longer a snapshot can be kept by requests in all; default 2 h. */
  readonly maxHoldMs: number;
}

export const defaultServingLimits: ServingLimits = {
  maxHeadersPerBundle: 2000,
  maxBlockBundleBytes: 2 * 1024 * 1024,
  maxChunkBytes: 2 * 1024 * 1024,
  maxChunkMs: 1000,
  maxReads: 2,
  readBytes: 256 * 1024,
  firstAnswerBytes: 64 * 1024,
  maxUnreadBytes: 16 * 1024 * 1024,
  maxUnsentBytes: 64 * 1024 * 1024,
  maxWaitForBlocksMs: 1000,
  leaseMs: 10 * 60_000,
  maxHoldMs: 2 * 60 * 60_000,
};

/** Headers that are read in one go. */
const headersPerRead = 100;

/** The newest snapshots that a peer is told of when it asks for checksums. */
const maxListedSnapshots = 16;

/** How many manifests stay decoded. */
const keptManifests = 2;

export interface PeerServerOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly limits?: Partial<ServingLimits>;
  /** For the checksum of the whole state, of which peers in Go's layout are told; without it they are told none. */
  readonly hasher?: StateHasher;
  /** Resolves when no block is being connected: until then nothing is read for peers. */
  readonly untilNoBlock?: () => Promise<unknown>;
  /** False until the node has been at the tip once: till then it serves no state. */
  readonly isServingState: () => boolean;
  /** Loose transactions arrived. */
  readonly onTransactions: (transactions: readonly Transaction[], peer: Peer<Header>) => Promise<void>;
  /** A peer has blocks or headers that this node may not know. */
  readonly onAnnouncement: (peer: Peer<Header>, blockHashes: readonly Uint8Array[]) => void;
  /** A peer promises to serve a snapshot for at least so long. */
  readonly onLease?: (peer: Peer<Header>, lease: SnapshotLeaseMessage) => void;
}

const noBytes: Uint8Array = new Uint8Array(0);
const noRecords = { bytes: noBytes, offsets: new Uint32Array(0) };
/** What stands for 'no record' in Go's layout, whose encoder refuses to send none: key `00`, empty value. */
const goSentinel = { bytes: new Uint8Array(1), offsets: Uint32Array.of(0, 1, 1, 1) };

/**
 * Answers what peers ask. One message of a peer at a time: the network hands out the next one when the promise of the
 * last has settled, so that a peer's unread answers hold back its own requests and nobody else's.
 *
 * What has to be read for an answer is read in small parts, a few at once, hosts that ask for little first and peers that
 * are known to read before strangers, and not while a block is connected: serving makes use of the time that blocks leave.
 */
export class PeerServer<Header> {
  readonly #options: PeerServerOptions<Header>;
  readonly #limits: ServingLimits;
  readonly #blockCodec: ReturnType<typeof createBlockCodec<Header>>;
  readonly #reads: ReadScheduler;
  readonly #windows: AnswerWindows;
  readonly #leases: SnapshotLeases;
  #total: { readonly height: number; readonly checksum: Uint8Array } | undefined;
  #manifests: readonly { readonly height: number; readonly root: Uint8Array; readonly manifest: Manifest }[] = [];

  constructor(options: PeerServerOptions<Header>) {
    this.#options = options;
    this.#limits = { ...defaultServingLimits, ...options.limits };
    this.#blockCodec = createBlockCodec(options.chain.headerCodec);
    this.#reads = new ReadScheduler({
      maxReads: this.#limits.maxReads,
      untilNoBlock: options.untilNoBlock ?? (async () => undefined),
      maxWaitMs: this.#limits.maxWaitForBlocksMs,
    });
    this.#windows = new AnswerWindows({
      firstBytes: this.#limits.firstAnswerBytes,
      maxBytes: this.#limits.maxUnreadBytes,
      maxUnsentBytes: this.#limits.maxUnsentBytes,
    });
    const { store, chain } = options;
    this.#leases = new SnapshotLeases({
      leaseMs: this.#limits.leaseMs,
      maxHoldMs: this.#limits.maxHoldMs,
      retained: chain.parameters.retainedEpochs,
      heights: () => store.snapshots().map(({ height }) => height),
      hold: (height, forMs) => store.hold(height, forMs),
      monotonicMs: () => performance.now(),
    });
  }

  /** What a peer was promised to be served, and for how much longer. */
  promisedTo(peer: Peer<Header>): SnapshotPromise | undefined {
    return this.#leases.promisedTo(peer);
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
      case 'get-state-checksums':
        return this.#sendStateChecksums(peer, message.requestId);
      case 'transaction':
        return this.#options.onTransactions([message.transaction], peer);
      case 'transaction-bundle-v2':
        return this.#options.onTransactions(message.transactions, peer);
      case 'inv': {
        const blockHashes = message.items.filter((item) => item.kind === 'block').map((item) => item.hash);
        if (blockHashes.length > 0) this.#options.onAnnouncement(peer, blockHashes);
        return;
      }
      case 'snapshot-lease':
        this.#options.onLease?.(peer, message);
        return;
      default:
        // The other messages of the protocol ask for nothing that this node has.
        return;
    }
  }

  async #sendHeaders(peer: Peer<Header>, ask: GetHeadersMessage): Promise<void> {
    const { chainStore } = this.#options;
    const { maxHeadersPerBundle } = this.#limits;
    const headers: Header[] = [];
    let locator = ask.locator;
    for (;;) {
      const limit = Math.min(headersPerRead, maxHeadersPerBundle - headers.length);
      const after = locator;
      const part = await this.#reads.run(this.#ownerOf(peer), () =>
        chainStore.headersAfter(after, ask.stopHash, { limit }),
      );
      headers.push(...part);
      const last = part.at(-1);
      if (last === undefined || part.length < limit || headers.length >= maxHeadersPerBundle || peer.isClosed) break;
      const hash = this.#options.chain.hashHeader(last);
      if (equalBytes(hash, ask.stopHash)) break;
      locator = [hash];
    }
    const { tipHash, tipHeight } = chainStore;
    await this.#answer(peer, { type: 'header-bundle', headers, tipHash, tipHeight });
  }

  async #sendBlocks(peer: Peer<Header>, hashes: readonly Uint8Array[]): Promise<void> {
    const { chainStore } = this.#options;
    const blocks: Block<Header>[] = [];
    const maxBytes = Math.min(this.#limits.maxBlockBundleBytes, await this.#windows.room(peer));
    let bytes = 0;
    for (const hash of hashes) {
      const encoded = await this.#reads.run(this.#ownerOf(peer), async () => {
        const height = await chainStore.heightOf(hash);
        return height === undefined ? undefined : chainStore.blockAt(height);
      });
      // A bundle is a run from the start of what was asked: the asker sees where it ends and asks again.
      if (encoded === undefined) break;
      bytes += encoded.length;
      if (blocks.length > 0 && bytes > maxBytes) break;
      blocks.push(this.#blockCodec.decode(encoded));
    }
    const { tipHash, tipHeight } = chainStore;
    await this.#answer(peer, { type: 'block-bundle', blocks, tipHash, tipHeight }, bytes);
  }

  async #sendChunk(peer: Peer<Header>, ask: ExtendedGetSnapshotMessage): Promise<void> {
    const { requestId, height, startKey } = ask;
    const endKey = ask.endKey.length > 0 ? ask.endKey : undefined;
    const maxBytes = Math.min(ask.maxBytes, this.#limits.maxChunkBytes, await this.#windows.room(peer));
    const chunk = await this.#whileServable(height, () =>
      this.#readChunk(peer, { height, startKey, endKey, maxBytes }),
    );
    if (chunk !== undefined) this.#renewLease(peer, height);
    await this.#answer(
      peer,
      {
        type: 'snapshot-data',
        requestId,
        height,
        isAvailable: chunk !== undefined,
        nextKey: chunk?.nextKey ?? noBytes,
        records: chunk?.records ?? noRecords,
      },
      chunk?.records.bytes.length,
    );
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
    const maxBytes = Math.min(this.#limits.maxChunkBytes, await this.#windows.room(peer));
    const packs: PackedRecords[] = [];
    let records = 0;
    let nextKey: Uint8Array | undefined = isState ? startKey : undefined;
    while (nextKey !== undefined && records < 2 && !peer.isClosed) {
      const request = { height: snapshot.height, startKey: nextKey, maxBytes };
      const chunk = await this.#whileServable(snapshot.height, () => this.#readChunk(peer, request));
      if (chunk === undefined) return peer.close('the snapshot was given up while it was read');
      records += chunk.records.offsets.length / 4;
      packs.push(chunk.records);
      nextKey = chunk.nextKey;
    }
    const joined = records === 0 ? goSentinel : joinPacked(packs);
    const answer: Message<Header> = {
      type: 'snapshot-data',
      epoch: {
        snapshotBlockHeight: snapshot.height,
        firstSnapshotBlockHeight: store.snapshots()[0]?.height ?? 0,
        currentEpochChecksum: await this.#totalAt(snapshot.height),
        currentEpochBlockHash: await chainStore.hashAt(snapshot.height),
      },
      records: joined,
      isFull: nextKey !== undefined,
      prefix,
    };
    await this.#answer(peer, answer, joined.bytes.length);
  }

  async #sendPageList(peer: Peer<Header>, ask: GetPageListMessage): Promise<void> {
    const { requestId, height } = ask;
    const manifest = await this.#whileServable(height, () => this.#manifest(peer, height));
    if (manifest !== undefined) this.#renewLease(peer, height);
    await this.#answer(peer, { type: 'page-list', requestId, height, hashes: manifest?.pageHashes ?? [] });
  }

  async #sendPage(peer: Peer<Header>, ask: GetPageMessage): Promise<void> {
    const { requestId, height, index } = ask;
    const manifest = await this.#whileServable(height, () => this.#manifest(peer, height));
    if (manifest !== undefined) this.#renewLease(peer, height);
    const page = manifest?.pages[index] ?? noBytes;
    await this.#answer(peer, { type: 'page', requestId, height, index, page }, page.length);
  }

  /** What the state is at each snapshot: all that a chain without roots in its headers has to go by. */
  async #sendStateChecksums(peer: Peer<Header>, requestId: number): Promise<void> {
    const { store, chainStore, isServingState } = this.#options;
    const served = isServingState() ? store.snapshots().slice(-maxListedSnapshots) : [];
    const snapshots: StateChecksums[] = [];
    for (const { height } of served) {
      const listed = await this.#whileServable(height, async () => {
        const blockHash = await this.#reads.run(this.#ownerOf(peer), () => chainStore.hashAt(height));
        const prefixes = [...store.snapshotSummaries(height)].map(([prefix, { count, bytes, checksum }]) => {
          return { prefix, records: count, bytes, checksum };
        });
        return { height, blockHash, prefixes };
      });
      if (listed !== undefined) snapshots.push(listed);
    }
    await this.#answer(peer, { type: 'state-checksums', requestId, snapshots });
  }

  /** Checksum of the whole state at a snapshot, as the Go node knows it. */
  async #totalAt(height: number): Promise<Uint8Array> {
    const { store, hasher } = this.#options;
    if (hasher === undefined) return noBytes;
    if (this.#total?.height !== height) {
      const checksums = [...store.snapshotSummaries(height).values()].map(({ checksum }) => checksum);
      this.#total = { height, checksum: await totalChecksum(checksums, hasher) };
    }
    return this.#total.checksum;
  }

  /** Reads a chunk of one state, whatever blocks are connected between its parts; each part waits for its turn. */
  async #readChunk(peer: Peer<Header>, request: ChunkRequest): Promise<Chunk> {
    const { readBytes, maxChunkMs } = this.#limits;
    let endTurn = await this.#reads.turn(this.#ownerOf(peer));
    const pace = async (): Promise<boolean> => {
      endTurn();
      endTurn = await this.#reads.turn(this.#ownerOf(peer));
      return !peer.isClosed;
    };
    try {
      return await this.#options.store.readChunk({ ...request, maxScanMs: maxChunkMs, pace, paceBytes: readBytes });
    } finally {
      endTurn();
    }
  }

  /** Pages are asked for one by one: the manifests asked for last stay decoded. */
  async #manifest(peer: Peer<Header>, height: number): Promise<Manifest> {
    const { store } = this.#options;
    const root = store.snapshots().find((snapshot) => snapshot.height === height)?.root;
    const find = () =>
      this.#manifests.find(
        (manifest) => manifest.height === height && root !== undefined && equalBytes(manifest.root, root),
      )?.manifest;
    // Looked for again when it is its turn: another peer may have brought it here meanwhile.
    const manifest =
      find() ?? (await this.#reads.run(this.#ownerOf(peer), async () => find() ?? (await store.manifest(height))));
    if (root !== undefined && find() === undefined) {
      this.#manifests = [{ height, root, manifest }, ...this.#manifests].slice(0, keptManifests);
    }
    return manifest;
  }

  /** Encoding and hashing a large answer takes its time too, so it waits for its turn; taking it in is the peer's affair. */
  async #answer(peer: Peer<Header>, answer: Message<Header>, bytes = 0): Promise<void> {
    const { sent } = await this.#reads.run(this.#ownerOf(peer), async () => ({ sent: peer.send(answer) }));
    const proof = () => peer.request({ type: 'ping', nonce: randomNonce() }, { timeoutMs: proofTimeoutMs });
    await this.#windows.track(peer, bytes, { sent, proof });
  }

  #ownerOf(peer: Peer<Header>): ReadOwner {
    return { host: peer.host, id: peer.id, isStranger: !this.#windows.isReader(peer) };
  }

  /** A peer that cannot take the message now will be told with its next request. */
  #renewLease(peer: Peer<Header>, height: number): void {
    const durationMs = this.#leases.renew(peer, height);
    if (durationMs === undefined) return;
    peer.send({ type: 'snapshot-lease', height, durationMs }).catch(() => undefined);
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

/** A peer that has read nothing for so long may be sent one more answer. */
const proofTimeoutMs = 5 * 60_000;

function randomNonce(): bigint {
  return new BigUint64Array(crypto.getRandomValues(new Uint8Array(8)).buffer)[0] ?? 0n;
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
