import { equalBytes } from '@hs/bytes';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Peer } from '../network/peer.js';
import { NodeError } from '../node-error.js';
import type { SerialQueue } from '../state/serial-queue.js';
import type { BranchGuard } from './branch-guard.js';

export interface HeaderSyncOptions<Header> {
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  /** Answers of several peers may come at once; they are taken in one after the other. */
  readonly queue: SerialQueue;
  readonly guard: BranchGuard<Header>;
}

const noStopHash: Uint8Array = new Uint8Array(32);

/**
 * Takes all headers that one peer has beyond ours, each verified against its parent before it is stored.
 *
 * Gives the number of new headers.
 *
 * @throws NODE_PEER_MISBEHAVED if the peer sends a header that breaks a rule of the chain
 * @throws NODE_HEADER_IN_FUTURE if the peer sends a header that is not valid yet; those before it are stored
 * @throws NODE_EQUIVOCATION if the peer shows another valid header of the same producer at a height that we have;
 *   both are stored by then
 * @throws NODE_BRANCH_REFUSED if the peer follows a branch that a trusted root has ruled out
 * @throws NODE_TRUSTED_ROOT_MISMATCH if a header is not the one that a trusted root names
 */
export async function syncHeadersFrom<Header>(
  peer: Peer<Header>,
  options: HeaderSyncOptions<Header>,
  signal: AbortSignal,
): Promise<number> {
  const { chainStore } = options;
  let added = 0;
  let reached = -1;
  for (;;) {
    const locator = await chainStore.locator();
    const answer = await peer.request(
      { type: 'get-headers', stopHash: noStopHash, locator },
      { timeoutMs: options.timeoutMs, signal },
    );
    const taken = await options.queue.run(() => takeHeaders(peer, answer.headers, options));
    added += taken.added;
    if (taken.reached <= reached) return added;
    reached = taken.reached;
  }
}

/** Verifies headers that follow each other and stores the new ones. */
async function takeHeaders<Header>(
  peer: Peer<Header>,
  headers: readonly Header[],
  options: HeaderSyncOptions<Header>,
): Promise<{ readonly added: number; readonly reached: number }> {
  const { chain, chainStore } = options;
  const fresh: Header[] = [];
  let parent = chainStore.tipHeader;
  let reached = -1;
  let refusal: NodeError | undefined;
  for (const header of headers) {
    const { height } = chain.describeHeader(header);
    reached = height;
    if (height <= chainStore.tipHeight) {
      await requireSameHeader(peer, header, options);
      continue;
    }
    try {
      chain.verifyHeader(header, parent, { nowMs: options.nowMs() });
    } catch (error) {
      refusal = refused(peer, { height, message: `header ${height} breaks a rule of the chain`, cause: error });
      break;
    }
    options.guard.check(header);
    fresh.push(header);
    parent = header;
  }
  await chainStore.append(fresh);
  if (refusal !== undefined) throw refusal;
  return { added: fresh.length, reached };
}

/**
 * A header at a height that we have must be the one we have. Another one that is valid means that a producer signed two
 * blocks of one height: nobody can tell which is right, and a person must decide.
 */
async function requireSameHeader<Header>(
  peer: Peer<Header>,
  header: Header,
  options: HeaderSyncOptions<Header>,
): Promise<void> {
  const { chain, chainStore, guard } = options;
  const { height } = chain.describeHeader(header);
  const hash = chain.hashHeader(header);
  if (equalBytes(hash, await chainStore.hashAt(height))) return;
  if (guard.isRefused(hash)) throw guard.refusal(height);
  try {
    if (height === 0) throw new NodeError('NODE_CHAIN_RULE', 'another genesis block');
    chain.verifyHeader(header, await chainStore.headerAt(height - 1), { nowMs: options.nowMs() });
  } catch (error) {
    const message = `header ${height} is not ours and breaks a rule of the chain`;
    throw refused(peer, { height, message, cause: error });
  }
  throw await guard.split(height, { ours: await chainStore.headerAt(height), theirs: header, peer: peer.id });
}

/** What a header costs its sender: nothing but the connection if it may become valid, since then a clock is wrong. */
function refused<Header>(
  peer: Peer<Header>,
  refusal: { readonly height: number; readonly message: string; readonly cause: unknown },
): NodeError {
  const { height, message, cause } = refusal;
  const { details } = cause as { readonly details?: Readonly<Record<string, unknown>> };
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (details?.['isTemporary'] === true) {
    return new NodeError('NODE_HEADER_IN_FUTURE', `${peer.id}: header ${height} is not valid yet: ${reason}`, {
      cause,
      details: { peer: peer.id, height, reason },
    });
  }
  const text = `${peer.id}: ${message}`;
  return new NodeError('NODE_PEER_MISBEHAVED', text, {
    cause,
    details: { peer: peer.id, height, reason, rule: details?.['rule'] },
  });
}
