import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type StateHasher, type StateRootFunction, StateStore, withDefaults } from '@hs/ancestral-records';
import { ClassicLevel } from 'classic-level';
import type { Chain } from '../chain/chain.js';
import { hasCode, NodeError } from '../node-error.js';

export type NodeDatabase = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * LevelDB maps the table files that it has open into memory, where they count as resident: few small ones are kept open. What a download
 * writes in order becomes files as large as the write buffer until changes make LevelDB merge them.
 */
const levelOptions = { maxOpenFiles: 64, maxFileSize: 1024 * 1024, writeBufferSize: 2 * 1024 * 1024 };

/**
 * Opens the LevelDB database of a node. One process at a time can.
 *
 * @throws NODE_DATABASE; `details.isLocked` says whether another process has it open
 */
export async function openDatabase(
  folder: string,
  options: { readonly mustExist?: boolean } = {},
): Promise<NodeDatabase> {
  const { mustExist = false } = options;
  if (mustExist && !existsSync(join(folder, 'CURRENT'))) {
    throw new NodeError('NODE_DATABASE', `there is no database in ${folder}: name its folder with --data`, {
      details: { folder, isLocked: false },
    });
  }
  const database: NodeDatabase = new ClassicLevel(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    ...levelOptions,
  });
  try {
    await database.open();
    return database;
  } catch (error) {
    const isLocked = hasCode((error as { cause?: unknown }).cause, 'LEVEL_LOCKED');
    const why = isLocked ? 'another process has it open' : 'see the cause';
    throw new NodeError('NODE_DATABASE', `cannot open the database in ${folder}: ${why}`, {
      cause: error,
      details: { folder, isLocked },
    });
  }
}

/** Opens the state of a chain in a database. @throws ANCESTRAL_RECORDS_* if it is of another chain or version */
export function openStateStore<Header>(
  database: NodeDatabase,
  options: {
    readonly chain: Chain<Header>;
    readonly hasher: StateHasher;
    readonly stateRoot: StateRootFunction;
    readonly cacheBytes?: number | undefined;
    readonly isSynced?: boolean | undefined;
  },
): Promise<StateStore> {
  const { chain, hasher, stateRoot, cacheBytes, isSynced } = options;
  const { statePrefixes, snapshotPeriod, retainedEpochs } = chain.parameters;
  const { maxRangeRecords, maxRangeBytes, maxKeyBytes, maxValueBytes } = chain.parameters;
  return StateStore.open({
    database,
    hasher,
    stateRoot,
    parameters: withDefaults({
      identity: chain.genesisHash,
      statePrefixes,
      snapshotPeriod,
      retainedEpochs,
      maxRangeRecords,
      maxRangeBytes,
      maxKeyBytes,
      maxValueBytes,
    }),
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(isSynced === undefined ? {} : { isSynced }),
  });
}
