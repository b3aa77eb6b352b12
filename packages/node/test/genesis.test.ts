import { cpSync } from 'node:fs';
import { toHex } from '@hs/bytes';
import { stateRoot } from '@hs/ellipticsum';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createExampleChain } from '../src/example-chain/example-chain.js';
import { writeGenesis } from '../src/state/genesis.js';
import { openDatabase, openStateStore } from '../src/state/open-state.js';
import { readOrigin, resetState } from '../src/sync/state-origin.js';
import { testFolder } from './support/cleanups.js';
import {
  addressOf,
  hasher,
  makeChain,
  openTestNode,
  producerOptions,
  synced,
  type TestChain,
} from './support/test-network.js';
import { openParts } from './support/test-store.js';

let made: TestChain;
beforeAll(async () => {
  made = await makeChain();
});

describe('writing a genesis state once', () => {
  test('several nodes start from copies of its folder, and none of them writes it again', async () => {
    const folder = testFolder();
    await writeGenesis({ chain: made.chain, folder, hasher, stateRoot });
    const copies = [testFolder(), testFolder()] as const;
    for (const copy of copies) cpSync(folder, copy, { recursive: true });
    const producer = await openTestNode(made.chain, { folder: copies[0], ...producerOptions(made, 20) });
    const follower = await openTestNode(made.chain, {
      folder: copies[1],
      connect: [addressOf(producer)],
      sync: { mode: 'block' },
    });
    await synced(follower);
    for (const node of [producer, follower]) {
      const { sync, state, authentication } = node.status();
      expect(sync.phaseMs.genesis).toBeUndefined();
      expect(state.records).toBeGreaterThan(800);
      expect(authentication.kind).toBe('headers');
    }
  });

  test('records that do not give the root of the genesis header leave an empty database', async () => {
    const folder = testFolder();
    const chain = createExampleChain({ ...made.spec, genesisStateRoot: 'ab'.repeat(32) });
    const writing = writeGenesis({ chain, folder, hasher, stateRoot });
    await expect(writing).rejects.toMatchObject({ code: 'NODE_STATE_ROOT_MISMATCH' });
    const database = await openDatabase(folder);
    const store = await openStateStore(database, { chain, hasher, stateRoot });
    expect([store.phase, await readOrigin(store)]).toEqual(['empty', undefined]);
    await store.close();
    await database.close();
  });

  test('a database that has a state is left alone', async () => {
    const folder = testFolder();
    await writeGenesis({ chain: made.chain, folder, hasher, stateRoot });
    const again = writeGenesis({ chain: made.chain, folder, hasher, stateRoot });
    await expect(again).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_WRONG_PHASE' });
    const { store } = await openParts(made, { folder, isEmpty: true });
    expect(toHex(store.stateRoot())).toBe(made.spec.genesisStateRoot);
  });
});

test('with a state that is deleted goes what was known of where it came from', async () => {
  const folder = testFolder();
  await writeGenesis({ chain: made.chain, folder, hasher, stateRoot });
  const { store } = await openParts(made, { folder });
  expect(await readOrigin(store)).toBe('execution');
  await resetState(store);
  expect([store.phase, await readOrigin(store)]).toEqual(['empty', undefined]);
});
