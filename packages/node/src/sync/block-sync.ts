import { equalBytes } from '@hs/bytes';
import { type Block, createBlockCodec } from '@hs/wire';
import type { BlockProcessor } from '../chain/block-processor.js';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';
import { firstAnswer } from './first-answer.js';
import { isPeerTrouble } from './peer-trouble.js';

/** How peers are asked for blocks. */
export interface BlockRequestOptions<Header> {
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  /** Peers to ask, in turn. A peer that fails is not asked again in this run. */
  readonly peers: () => readonly Peer<Header>[];
  readonly timeoutMs: number;
  /** How long a peer may send nothing before the next one is asked for the same blocks. */
  readonly patienceMs: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  /** The peer let the patience pass. */
  readonly onSlow: (peer: Peer<Header>) => void;
}

export interface BlockSyncOptions<Header> extends BlockRequestOptions<Header> {
  readonly processor: BlockProcessor<Header>;
  /** The state's height. */
  readonly height: () => number;
  readonly blocksPerRequest: number;
  /** Requests sent ahead of the block that is being connected. */
  readonly requestsAhead: number;
  /** True if the caller has something else to consider before more blocks are connected. */
  readonly shouldPause?: () => boolean;
}

/** Blocks that were asked for. They connect in order, whenever they come. */
interface Batch<Header> {
  readonly from: number;
  readonly to: number;
  /** Empty if no peer has the first of them. */
  readonly blocks: Promise<readonly Block<Header>[]>;
}

/**
 * Connects the blocks from the state's height to the header tip: those that are stored here, as after a rewind, and else
 * those of peers. Requests run ahead over all peers; blocks connect in order. Gives the number of blocks connected: fewer
 * than wanted if no peer has the next one, or if `shouldPause` says so.
 *
 * @throws NODE_STATE_ROOT_MISMATCH if a block that the headers name does not give the roots that they promise
 * @throws NODE_CHAIN_RULE if a block that the headers name breaks a rule: its producer is to blame, and nobody can help
 */
export async function syncBlocks<Header>(options: BlockSyncOptions<Header>, signal: AbortSignal): Promise<number> {
  const { chainStore, processor } = options;
  signal.throwIfAborted();
  const end = new AbortController();
  // Not AbortSignal.any: each would leave a little behind in a signal that lives as long as the node.
  const onAbort = () => end.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const failed = new Set<string>();
  const ahead: Batch<Header>[] = [];
  let connected = 0;
  let turn = 0;

  const ask = (from: number, to: number): Batch<Header> => {
    const first = turn++;
    const sources = () => {
      const peers = options.peers().filter((peer) => !failed.has(peer.id));
      const start = first % Math.max(1, peers.length);
      return [...peers.slice(start), ...peers.slice(0, start)];
    };
    const asking = { ...options, failed, signal: end.signal };
    const heights = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const blocks = storedBlocks(heights, options).then((stored) =>
      stored.length > 0 ? stored : askForBlocks(sources, heights, asking),
    );
    // Awaited in order below; a failure before its turn must not count as unhandled.
    blocks.catch(() => undefined);
    return { from, to, blocks };
  };

  try {
    for (;;) {
      signal.throwIfAborted();
      const next = options.height() + 1;
      if (next > chainStore.tipHeight || (connected > 0 && options.shouldPause?.() === true)) return connected;
      while (ahead.length < options.requestsAhead) {
        const from = (ahead.at(-1)?.to ?? next - 1) + 1;
        if (from > chainStore.tipHeight) break;
        ahead.push(ask(from, Math.min(chainStore.tipHeight, from + options.blocksPerRequest - 1)));
      }
      const batch = ahead.shift();
      const blocks = (await batch?.blocks) ?? [];
      if (batch === undefined || blocks.length === 0) return connected;
      const reached = batch.from + blocks.length - 1;
      // A bundle may end early; what is left of it is asked for while its blocks connect.
      if (reached < batch.to) ahead.unshift(ask(reached + 1, batch.to));
      for (const block of blocks) {
        await processor.connect(block, { isVerified: true, signal });
        connected++;
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    end.abort();
  }
}

/** The first of some blocks, as far as they are stored here and good. */
async function storedBlocks<Header>(
  heights: readonly number[],
  { chain, chainStore }: Pick<BlockRequestOptions<Header>, 'chain' | 'chainStore'>,
): Promise<readonly Block<Header>[]> {
  const blocks: Block<Header>[] = [];
  const codec = createBlockCodec(chain.headerCodec);
  for (const height of heights) {
    const bytes = await chainStore.blockAt(height);
    if (bytes === undefined) break;
    try {
      const block = codec.decode(bytes);
      if (!equalBytes(chain.hashHeader(block.header), await chainStore.hashAt(height))) break;
      chain.verifyBlock(block);
      blocks.push(block);
    } catch {
      // Damaged on the disk: peers have it.
      break;
    }
  }
  return blocks;
}

interface Asking<Header> extends BlockRequestOptions<Header> {
  /** Ids of peers that are not to be asked; who fails is added. */
  readonly failed: Set<string>;
  readonly signal: AbortSignal;
}

/** The first of some blocks, in the order of `heights`, from the first peer that has them, checked; none if no peer has. */
export async function askForBlocks<Header>(
  sources: () => readonly Peer<Header>[],
  heights: readonly number[],
  { failed, signal, ...options }: Asking<Header>,
): Promise<readonly Block<Header>[]> {
  const blocks = await firstAnswer({
    sources,
    bytesFrom: (peer) => peer.bytesIn,
    patienceMs: options.patienceMs,
    signal,
    onSlow: options.onSlow,
    ask: async (peer, askSignal) => {
      try {
        const got = await requestBlocks(peer, heights, options, askSignal);
        if (got.length > 0) return got;
      } catch (error) {
        if (askSignal.aborted) return undefined;
        const isLie = hasCode(error, 'NODE_PEER_MISBEHAVED');
        if (!isLie && !isPeerTrouble(error)) throw error;
        if (isLie) options.onMisbehaved(peer, error as NodeError);
        // Its answers come in the order of the requests: one that it left out would put all later ones out of step.
        if (hasCode(error, 'NODE_PEER_TIMEOUT')) peer.close(error as NodeError);
      }
      failed.add(peer.id);
      return undefined;
    },
  });
  return blocks ?? [];
}

async function requestBlocks<Header>(
  peer: Peer<Header>,
  heights: readonly number[],
  options: Pick<BlockRequestOptions<Header>, 'chain' | 'chainStore' | 'timeoutMs'>,
  signal: AbortSignal,
): Promise<readonly Block<Header>[]> {
  const { chain, chainStore } = options;
  const hashes: Uint8Array[] = [];
  for (const height of heights) hashes.push(await chainStore.hashAt(height));
  const { blocks } = await peer.request({ type: 'get-blocks', hashes }, { timeoutMs: options.timeoutMs, signal });
  if (blocks.length > hashes.length) throw wrongBlocks(peer, 'more blocks than were asked for');
  for (const [index, block] of blocks.entries()) {
    const wanted = hashes[index];
    if (wanted === undefined || !equalBytes(chain.hashHeader(block.header), wanted)) {
      throw wrongBlocks(peer, `block ${heights[index]} is not the one that was asked for`);
    }
    try {
      chain.verifyBlock(block);
    } catch (error) {
      throw wrongBlocks(peer, `block ${heights[index]} does not match its header`, error);
    }
  }
  return blocks;
}

function wrongBlocks<Header>(peer: Peer<Header>, message: string, cause?: unknown): NodeError {
  return new NodeError('NODE_PEER_MISBEHAVED', `${peer.id}: ${message}`, {
    cause,
    details: { peer: peer.id, reason: message },
  });
}
