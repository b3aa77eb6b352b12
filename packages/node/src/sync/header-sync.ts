import { equalBytes, toHex } from '@hs/bytes';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';

export interface HeaderSyncOptions<Header> {
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

const noStopHash: Uint8Array = new Uint8Array(32);

/**
 * Takes all headers that one peer has beyond ours, each verified against its parent before it is stored.
 *
 * Gives the number of new headers.
 *
 * @throws NODE_PEER_MISBEHAVED if the peer sends a header that breaks a rule of the chain
 * @throws NODE_EQUIVOCATION if the peer shows another valid header of the same producer at a height that we have
 */
export async function syncHeadersFrom<Header>(
  peer: Peer<Header>,
  options: HeaderSyncOptions<Header>,
  signal: AbortSignal,
): Promise<number> {
  const { chain, chainStore } = options;
  let added = 0;
  for (;;) {
    const locator = await chainStore.locator();
    const answer = await peer.request(
      { type: 'get-headers', stopHash: noStopHash, locator },
      { timeoutMs: options.timeoutMs, signal },
    );
    const fresh: Header[] = [];
    let parent = chainStore.tipHeader;
    let parentHash = chainStore.tipHash;
    for (const header of answer.headers) {
      const facts = chain.describeHeader(header);
      if (facts.height <= chainStore.tipHeight) {
        await requireSameHeader(header, options);
        continue;
      }
      if (!equalBytes(facts.previousHash, parentHash)) {
        await throwIfEquivocation(header, options);
      }
      try {
        chain.verifyHeader(header, parent, { nowMs: options.nowMs() });
      } catch (error) {
        throw misbehaved(peer, `header ${facts.height} breaks a rule of the chain`, error);
      }
      fresh.push(header);
      parent = header;
      parentHash = chain.hashHeader(header);
    }
    await chainStore.append(fresh);
    added += fresh.length;
    if (fresh.length === 0) return added;
  }
}

/** A header at a height that we have must be the one we have. */
async function requireSameHeader<Header>(header: Header, options: HeaderSyncOptions<Header>): Promise<void> {
  const { chain, chainStore } = options;
  const { height } = chain.describeHeader(header);
  if (equalBytes(chain.hashHeader(header), await chainStore.hashAt(height))) return;
  await throwIfEquivocation(header, options);
}

/**
 * Two valid headers at one height mean that a producer signed both, or that the peer is on another chain whose headers
 * pass for ours: either way nobody can tell which is right, and a person must decide.
 */
async function throwIfEquivocation<Header>(header: Header, options: HeaderSyncOptions<Header>): Promise<void> {
  const { chain, chainStore } = options;
  const { height, previousHash } = chain.describeHeader(header);
  const parentHeight = height - 1;
  if (parentHeight < 0 || parentHeight > chainStore.tipHeight || height > chainStore.tipHeight) return;
  if (!equalBytes(await chainStore.hashAt(parentHeight), previousHash)) return;
  try {
    chain.verifyHeader(header, await chainStore.headerAt(parentHeight), { nowMs: options.nowMs() });
  } catch (error) {
    if (hasCode(error, 'NODE_CHAIN_RULE')) return;
    throw error;
  }
  throw new NodeError('NODE_EQUIVOCATION', `two valid headers at height ${height}: the chain has split`, {
    details: {
      height,
      ours: toHex(chain.headerCodec.encode(await chainStore.headerAt(height))),
      theirs: toHex(chain.headerCodec.encode(header)),
    },
  });
}

function misbehaved<Header>(peer: Peer<Header>, message: string, cause: unknown): NodeError {
  const details = { peer: peer.id, reason: cause instanceof Error ? cause.message : String(cause) };
  return new NodeError('NODE_PEER_MISBEHAVED', `${peer.id}: ${message}`, { cause, details });
}
