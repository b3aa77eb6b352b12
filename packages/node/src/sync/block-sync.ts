import { equalBytes } from '@hs/bytes';
import type { Block } from '@hs/wire';
import type { BlockProcessor } from '../chain/block-processor.js';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';

export interface BlockSyncOptions<Header> {
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly processor: BlockProcessor<Header>;
  /** The state's height. */
  readonly height: () => number;
  /** Peers to ask, best first. A peer that fails is not asked again in this run. */
  readonly peers: () => readonly Peer<Header>[];
  readonly blocksPerRequest: number;
  /** Requests sent ahead of the block that is being connected. */
  readonly requestsAhead: number;
  readonly timeoutMs: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
}

interface Batch<Header> {
  readonly from: number;
  readonly to: number;
  readonly peer: Peer<Header>;
  readonly blocks: Promise<readonly Block<Header>[]>;
}

/**
 * Downloads and connects the blocks from the state's height to the header tip. Requests run ahead over all peers;
 * blocks connect in order. Gives the number of blocks connected: fewer than wanted if no peer has the next one.
 *
 * @throws NODE_STATE_ROOT_MISMATCH if a block that the headers name does not give the roots that they promise
 */
export async function syncBlocks<Header>(options: BlockSyncOptions<Header>, signal: AbortSignal): Promise<number> {
  const { chainStore, processor } = options;
  const failed = new Set<string>();
  const ahead: Batch<Header>[] = [];
  let connected = 0;
  let turn = 0;

  const usablePeers = () => options.peers().filter((peer) => !failed.has(peer.id));
  const ask = (from: number): Batch<Header> | undefined => {
    const peers = usablePeers();
    const peer = peers[turn++ % Math.max(1, peers.length)];
    if (peer === undefined) return undefined;
    const to = Math.min(chainStore.tipHeight, from + options.blocksPerRequest - 1);
    const blocks = requestBlocks(peer, { from, to }, options, signal);
    // Awaited in order below; a failure before its turn must not count as unhandled.
    blocks.catch(() => undefined);
    return { from, to, peer, blocks };
  };

  for (;;) {
    signal.throwIfAborted();
    const next = options.height() + 1;
    if (next > chainStore.tipHeight) return connected;
    if (ahead[0]?.from !== next) ahead.length = 0;
    while (ahead.length < options.requestsAhead) {
      const from = (ahead.at(-1)?.to ?? next - 1) + 1;
      const batch = from > chainStore.tipHeight ? undefined : ask(from);
      if (batch === undefined) break;
      ahead.push(batch);
    }
    const batch = ahead.shift();
    if (batch === undefined) return connected;
    try {
      const blocks = await batch.blocks;
      if (blocks.length === 0) failed.add(batch.peer.id);
      for (const block of blocks) {
        await processor.connect(block, { signal });
        connected++;
      }
    } catch (error) {
      signal.throwIfAborted();
      const isPeersFault = ['NODE_CHAIN_RULE', 'NODE_PEER_MISBEHAVED'].some((code) => hasCode(error, code));
      const isGone = ['NODE_PEER_CLOSED', 'NODE_PEER_TIMEOUT'].some((code) => hasCode(error, code));
      if (!isPeersFault && !isGone) throw error;
      failed.add(batch.peer.id);
      if (isPeersFault) options.onMisbehaved(batch.peer, error as NodeError);
    }
  }
}

async function requestBlocks<Header>(
  peer: Peer<Header>,
  span: { readonly from: number; readonly to: number },
  options: BlockSyncOptions<Header>,
  signal: AbortSignal,
): Promise<readonly Block<Header>[]> {
  const { chain, chainStore } = options;
  const hashes: Uint8Array[] = [];
  for (let height = span.from; height <= span.to; height++) hashes.push(await chainStore.hashAt(height));
  const { blocks } = await peer.request({ type: 'get-blocks', hashes }, { timeoutMs: options.timeoutMs, signal });
  if (blocks.length > hashes.length) throw wrongBlocks(peer, 'more blocks than were asked for');
  for (const [index, block] of blocks.entries()) {
    const wanted = hashes[index];
    if (wanted === undefined || !equalBytes(chain.hashHeader(block.header), wanted)) {
      throw wrongBlocks(peer, `block ${span.from + index} is not the one that was asked for`);
    }
    try {
      chain.verifyBlock(block);
    } catch (error) {
      throw wrongBlocks(peer, `block ${span.from + index} does not match its header`, error);
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
