import type { SnapshotHead } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { ChainStore } from '../chain/chain-store.js';
import type { ExampleChain } from '../example-chain/example-chain.js';
import type { ExampleHeader } from '../example-chain/header.js';
import { NodeError } from '../node-error.js';
import { formatTrustedRoot, type TrustedRoot } from '../sync/trusted-roots.js';

/** The state root that the operator vouches for at a height. @throws NODE_CONFIGURATION if there are roots, but for other heights */
export function trustedRootAt(trustedRoots: readonly TrustedRoot[], height: number): Uint8Array | undefined {
  const found = trustedRoots.find((root) => root.height === height);
  if (found !== undefined || trustedRoots.length === 0) return found?.stateRoot;
  const given = trustedRoots.map(formatTrustedRoot).join(', ');
  const message = `no trusted root is of height ${height}, which the snapshot file has: ${given}`;
  throw new NodeError('NODE_CONFIGURATION', message, { details: { height } });
}

/**
 * The state root that vouches for a snapshot file: the operator's, else that of the header that a node has verified here.
 *
 * @throws NODE_UNTRUSTED if there is neither
 */
export async function vouchedStateRoot(
  file: SnapshotHead,
  known: {
    readonly trustedRoots: readonly TrustedRoot[];
    readonly chain: ExampleChain;
    readonly chainStore: ChainStore<ExampleHeader>;
  },
): Promise<{ readonly stateRoot: Uint8Array; readonly by: 'trusted-root' | 'header' }> {
  const { trustedRoots, chain, chainStore } = known;
  const { height } = file;
  const trusted = trustedRootAt(trustedRoots, height);
  if (trusted !== undefined) return { stateRoot: trusted, by: 'trusted-root' };
  if (height <= chainStore.tipHeight) {
    const { stateRoot } = chain.describeHeader(await chainStore.headerAt(height));
    if (stateRoot !== undefined) return { stateRoot, by: 'header' };
  }
  const message =
    `nothing vouches for the state at height ${height}: the headers in this database reach ${chainStore.tipHeight}. ` +
    `Ask somebody you trust for the state root of block ${height} and name it with --trusted-root ${height}:ROOT ` +
    `(the file itself says ${toHex(file.stateRoot)}, which proves nothing)`;
  throw new NodeError('NODE_UNTRUSTED', message, {
    details: { height, stateRootInFile: toHex(file.stateRoot), headersReach: chainStore.tipHeight },
  });
}
