import type { StateStore } from '@hs/ancestral-records';
import type { ChainStore } from '../chain/chain-store.js';
import { resetState } from './state-origin.js';

/**
 * Takes everything back from `height` on: the state to the newest snapshot before it (or to nothing, if none is kept),
 * then blocks and headers. Interrupted, it is simply called again.
 */
export async function dropBranch<Header>(
  parts: { readonly store: StateStore; readonly chainStore: ChainStore<Header> },
  height: number,
): Promise<void> {
  const { store, chainStore } = parts;
  const download = store.download();
  const isBeyond = (download?.height ?? store.height ?? 0) >= height;
  if (isBeyond) {
    const target = store.snapshots().findLast((snapshot) => snapshot.height < height);
    if (download !== undefined || target === undefined) await resetState(store);
    else await store.rewind(target.height);
  }
  await chainStore.dropFrom(height);
}
