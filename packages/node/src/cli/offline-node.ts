import type { StateStore } from '@hs/ancestral-records';
import { type HashBackend, stateRoot } from '@hs/ellipticsum';
import { ChainStore } from '../chain/chain-store.js';
import type { NodeSettings } from '../config/settings.js';
import type { ExampleChain } from '../example-chain/example-chain.js';
import type { ExampleHeader } from '../example-chain/header.js';
import { openHashing } from '../hashing.js';
import { silentLogger } from '../logger.js';
import { hasCode, NodeError } from '../node-error.js';
import { type NodeDatabase, openDatabase, openStateStore } from '../state/open-state.js';
import { readChain } from './read-chain.js';

/** Settings of commands that work on a database folder. */
export const databaseSettings = ['chain', 'data', 'hashBackend', 'hashThreads'] as const;

/** The database of a node that does not run: this process alone has it open. */
export interface OfflineNode {
  readonly chain: ExampleChain;
  readonly hasher: HashBackend;
  readonly database: NodeDatabase;
  readonly store: StateStore;
  readonly chainStore: ChainStore<ExampleHeader>;
}

/** Opens hashing threads as the settings say, for as long as `work` takes. */
export async function withHashing<Result>(
  settings: Pick<NodeSettings, 'hashBackend' | 'hashThreads'>,
  work: (hasher: HashBackend) => Promise<Result>,
): Promise<Result> {
  const { hashBackend: backend, hashThreads: threads } = settings;
  const hasher = await openHashing({ backend, threads, logger: silentLogger });
  try {
    return await work(hasher);
  } finally {
    await hasher.close();
  }
}

/**
 * Opens the database in a folder for as long as `work` takes, and closes it whatever happens.
 *
 * @throws NODE_DATABASE if there is none, or if a node has it open; ANCESTRAL_RECORDS_* if it is of another chain
 */
export function withDatabase<Result>(
  settings: Pick<NodeSettings, (typeof databaseSettings)[number]>,
  options: { readonly mayBeNew?: boolean },
  work: (node: OfflineNode) => Promise<Result>,
): Promise<Result> {
  const chain = readChain(settings.chain);
  return withHashing(settings, async (hasher) => {
    const database = await openDatabase(settings.data, { mustExist: options.mayBeNew !== true }).catch((error) => {
      throw explained(error, settings.data);
    });
    try {
      const store = await openStateStore(database, { chain, hasher, stateRoot });
      try {
        return await work({ chain, hasher, database, store, chainStore: await ChainStore.open(store, chain) });
      } finally {
        await store.close();
      }
    } finally {
      await database.close();
    }
  });
}

/** Says what to do about a database that a node has open. */
function explained(error: unknown, folder: string): unknown {
  if (!hasCode(error, 'NODE_DATABASE')) return error;
  const { cause, details } = error as NodeError;
  if (details['isLocked'] !== true) return error;
  const message = `another process has the database in ${folder} open: stop the node first (SIGTERM), then try again`;
  return new NodeError('NODE_DATABASE', message, { cause, details });
}
