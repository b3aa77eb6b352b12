import type { StateHasher, StateRootFunction, StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { Chain } from '../chain/chain.js';
import { NodeError } from '../node-error.js';
import { originWrite, resetState } from '../sync/state-origin.js';
import { openDatabase, openStateStore } from './open-state.js';

/**
 * Fills an empty store with a chain's genesis state.
 *
 * @throws NODE_STATE_ROOT_MISMATCH if it is not the state that the genesis header promises; then the store is empty again
 */
export async function loadGenesis<Header>(
  store: StateStore,
  { chain, signal }: { readonly chain: Chain<Header>; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const otherWrites = [originWrite('execution')];
  const records = chain.genesisRecords();
  await store.initialize({ records, otherWrites, ...(signal === undefined ? {} : { signal }) });
  const expected = chain.describeHeader(chain.genesisHeader).stateRoot;
  if (expected !== undefined && toHex(expected) !== toHex(store.stateRoot())) {
    await resetState(store);
    throw new NodeError(
      'NODE_STATE_ROOT_MISMATCH',
      'the genesis records do not give the state root in the genesis header',
    );
  }
}

/**
 * Makes the database of a node that has the genesis state and nothing else, as a node that block-syncs would, and closes it. Copies of
 * its folder are what several nodes of one new chain can start from, where each would do the same work.
 *
 * @throws NODE_DATABASE if the database cannot be opened, ANCESTRAL_RECORDS_WRONG_PHASE if it holds a state already
 * @throws NODE_STATE_ROOT_MISMATCH if the records do not give the state root in the genesis header
 */
export async function writeGenesis<Header>(options: {
  readonly chain: Chain<Header>;
  /** Made if it does not exist. */
  readonly folder: string;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const database = await openDatabase(options.folder);
  try {
    const store = await openStateStore(database, options);
    try {
      await loadGenesis(store, options);
    } finally {
      await store.close();
    }
  } finally {
    await database.close();
  }
}
