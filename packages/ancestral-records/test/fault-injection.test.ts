import { describe, expect, test } from '@jest/globals';
import { MemoryLevel } from 'memory-level';
import { faultyDatabase } from '../src/testing.js';
import { changesOf } from './crash/chain.mjs';
import { smallJobs, wideJobs } from './support/fault-jobs.js';
import { describeFaults, expectNoUnhandledRejections } from './support/fault-suite.js';
import { bytes } from './support/plain-state.js';
import { openStore, parameters } from './support/stores.js';

const chosen = { parameters: parameters({ snapshotPeriod: 3, retainedEpochs: 2 }) };
const failed = { code: 'ANCESTRAL_RECORDS_WRITE_FAILED' };

expectNoUnhandledRejections();
describeFaults(smallJobs, { writes: 5, otherWrites: 1, reads: 2 });
describeFaults(wideJobs, { writes: 2, otherWrites: 0, reads: 0 });

describe('after a failed write', () => {
  async function memory(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
    const inner = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
    await inner.open();
    return inner;
  }

  test('the store refuses everything and says to open it again', async () => {
    const inner = await memory();
    await (await openStore(inner, chosen)).initialize({ records: [] });
    const store = await openStore(faultyDatabase(inner, { write: { at: 1, kind: 'reject' } }), chosen);
    const prepared = await store.prepareBlock(1, changesOf(1));
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      cause: new Error('the fault that was planned'),
    });
    expect(store.height).toBe(0);
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('open it again'),
    });
    await expect(store.get(bytes(5))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, [])).rejects.toMatchObject(failed);
    await expect(store.maintenance()).rejects.toMatchObject(failed);
    await store.close();
    const again = await openStore(inner, chosen);
    expect(again.height).toBe(0);
    await again.commitBlock(await again.prepareBlock(1, changesOf(1)));
  });

  test('of records outside of the state, it refuses everything too', async () => {
    const inner = await memory();
    await (await openStore(inner, chosen)).initialize({ records: [] });
    const store = await openStore(faultyDatabase(inner, { write: { at: 1, kind: 'reject' } }), chosen);
    await expect(store.write([{ key: bytes(70), value: bytes(1) }])).rejects.toMatchObject(failed);
    await expect(store.get(bytes(70))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, changesOf(1))).rejects.toMatchObject(failed);
    await store.close();
  });
});
