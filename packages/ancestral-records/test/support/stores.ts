import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import {
  type StateDatabase,
  type StateParameters,
  StateStore,
  type StateStoreOptions,
  withDefaults,
} from '../../src/index.js';
import { toyHasher, toyRoot } from './toy-hasher.js';

export const identity: Uint8Array = new Uint8Array(32).fill(7);

export function parameters(chosen: Partial<StateParameters> = {}): StateParameters {
  return withDefaults({ identity, statePrefixes: [5, 6, 9, 255], snapshotPeriod: 4, ...chosen });
}

export type OpenDatabase = StateDatabase & { close(): Promise<void> };

/** A database that can be closed and opened again with its content. */
export interface TestDatabase {
  readonly name: string;
  open(): Promise<OpenDatabase>;
  remove(): Promise<void>;
}

export function memoryDatabase(): TestDatabase {
  const database = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
  return {
    name: 'memory-level',
    async open() {
      await database.open();
      return database;
    },
    remove: () => database.close(),
  };
}

export async function classicDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-'));
  return {
    name: 'classic-level',
    async open() {
      const database = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, 'db'));
      await database.open();
      return database;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function openStore(database: StateDatabase, chosen: Partial<StateStoreOptions> = {}): Promise<StateStore> {
  return StateStore.open({
    database,
    hasher: toyHasher,
    stateRoot: toyRoot,
    parameters: parameters(),
    isSynced: false,
    ...chosen,
  });
}

/** A store over a fresh in-memory database. */
export async function memoryStore(chosen: Partial<StateStoreOptions> = {}): Promise<StateStore> {
  return openStore(await memoryDatabase().open(), chosen);
}
