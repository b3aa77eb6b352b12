import { Manifest, pageHash, type StateHasher, type StateRootFunction, snapshotRoot } from '@hs/ancestral-records';
import { equalBytes, toHex } from '@hs/bytes';
import type { Chain, SnapshotChoice } from '../chain/chain.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';
import { firstAnswer } from './first-answer.js';
import { isPeerTrouble } from './peer-trouble.js';

export interface ManifestFetchOptions<Header> {
  readonly chain: Chain<Header>;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly timeoutMs: number;
}

/** How any of some peers is asked for a manifest. */
export interface AnyManifestOptions<Header> extends ManifestFetchOptions<Header> {
  /** Peers that serve snapshots in the extended layout. */
  readonly peers: () => readonly Peer<Header>[];
  /** How long a peer may send nothing before the next one is asked too. */
  readonly patienceMs: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Gets the manifest of a snapshot from the first peer that has it, proved as by {@link fetchManifest}. `undefined` if none has it.
 *
 * @throws NODE_STATE_ROOT_MISMATCH if the headers themselves contradict each other
 */
export function fetchManifestFromAny<Header>(
  choice: SnapshotChoice,
  { peers, patienceMs, onMisbehaved, logger, signal, ...options }: AnyManifestOptions<Header>,
): Promise<Manifest | undefined> {
  return firstAnswer({
    sources: peers,
    bytesFrom: (peer) => peer.bytesIn,
    patienceMs,
    signal,
    ask: async (peer, askSignal) => {
      try {
        return await fetchManifest(peer, choice, { ...options, signal: askSignal });
      } catch (error) {
        if (askSignal.aborted) return undefined;
        if (hasCode(error, 'NODE_PEER_MISBEHAVED')) onMisbehaved(peer, error as NodeError);
        else if (isPeerTrouble(error)) logger.debug({ peer: peer.id, err: error }, 'hyper sync: no manifest from it');
        else throw error;
        return undefined;
      }
    },
  });
}

/**
 * Gets the manifest of a snapshot from one peer and proves it: the page hashes against the snapshot root in the header,
 * each page against its hash, and the sums of its ranges against the state root of the snapshot's own header.
 *
 * Gives `undefined` if the peer does not have the snapshot.
 *
 * @throws NODE_PEER_MISBEHAVED if anything it sends is not what the headers commit to
 */
export async function fetchManifest<Header>(
  peer: Peer<Header>,
  choice: SnapshotChoice,
  options: ManifestFetchOptions<Header> & { readonly signal: AbortSignal },
): Promise<Manifest | undefined> {
  const { height } = choice;
  const identity = options.chain.genesisHash;
  const requestOptions = { timeoutMs: options.timeoutMs, signal: options.signal };
  const { hashes } = await peer.request({ type: 'get-page-list', requestId: 0, height }, requestOptions);
  if (hashes.length === 0) return undefined;
  const root = snapshotRoot({ identity, height, pageHashes: hashes });
  if (!equalBytes(root, choice.snapshotRoot)) {
    const reason = `its page list of snapshot ${height} does not hash to the snapshot root in the header`;
    throw misbehaved(peer, reason, { height, expected: toHex(choice.snapshotRoot), got: toHex(root) });
  }

  const pages: Uint8Array[] = [];
  for (const [index, hash] of hashes.entries()) {
    const { page } = await peer.request({ type: 'get-page', requestId: 0, height, index }, requestOptions);
    if (page.length === 0) return undefined;
    const got = pageHash(page);
    if (!equalBytes(got, hash)) {
      const reason = `page ${index} of snapshot ${height} does not hash to its entry in the page list`;
      throw misbehaved(peer, reason, { height, page: index, expected: toHex(hash), got: toHex(got) });
    }
    pages.push(page);
  }

  // From here on a fault is not this peer's: the header itself commits to these pages.
  const manifest = Manifest.fromPages({ height, pages });
  const total = options.stateRoot(await manifest.prefixChecksums(options.hasher));
  if (!equalBytes(total, choice.stateRoot)) {
    throw new NodeError(
      'NODE_STATE_ROOT_MISMATCH',
      `the manifest of snapshot ${height} does not add up to the state root in header ${height}`,
      { details: { height } },
    );
  }
  return manifest;
}

function misbehaved<Header>(
  peer: Peer<Header>,
  reason: string,
  evidence: Readonly<Record<string, unknown>>,
): NodeError {
  return new NodeError('NODE_PEER_MISBEHAVED', `${peer.id}: ${reason}`, {
    details: { peer: peer.id, reason, ...evidence },
  });
}
