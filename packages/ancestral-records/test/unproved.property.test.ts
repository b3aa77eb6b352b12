import { test } from '@jest/globals';
import fc from 'fast-check';
import { computeManifest } from '../src/index.js';
import { bytes, hex, packState } from './support/plain-state.js';
import { memoryDatabase, openStore, parameters } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';
import { manifestText, UnprovedSource } from './support/unproved-source.js';

const key = fc
  .tuple(fc.constantFrom(5, 6, 9, 255), fc.array(fc.constantFrom(0, 1, 128, 255), { maxLength: 4 }))
  .map(([prefix, rest]) => hex(bytes(prefix, ...rest)));
const states = fc
  .uniqueArray(fc.tuple(key, fc.uint8Array({ maxLength: 6 })), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 80,
  })
  .map((records) => new Map(records));
const steps = fc.infiniteStream(
  fc.record({
    records: fc.integer({ min: 0, max: 12 }),
    isReopened: fc.boolean(),
    clearChance: fc.integer({ min: 0, max: 19 }),
    pick: fc.nat(),
  }),
);

test('however chunks, restarts and clearings fall, the manifest is the one computed from the records alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      states,
      steps,
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      async (state, moves, limit, hasParts) => {
        const chosen = { parameters: parameters({ maxRangeRecords: limit, maxRangeBytes: 60, maxKeyBytes: 8 }) };
        const source = new UnprovedSource(state, 8);
        const database = await memoryDatabase().open();
        let store = await openStore(database, chosen);
        await store.beginUnprovedDownload(await source.target({ hasParts }));
        for (const { records, isReopened, clearChance, pick } of moves) {
          const dirty = store.unprovedDownload()?.intervals.filter((interval) => interval.state === 'dirty') ?? [];
          const interval = dirty[pick % Math.max(1, dirty.length)];
          if (interval === undefined) break;
          const chunk = source.chunk(interval.nextKey, records);
          if (chunk.records.offsets.length === 0 && chunk.nextKey !== undefined) continue;
          await store.writeUnproved(interval.prefix, chunk);
          if (clearChance === 0) await store.clearUnproved([interval.prefix]);
          if (!isReopened) continue;
          await store.close();
          store = await openStore(database, chosen);
        }
        await store.finishUnprovedDownload();
        const expected = await computeManifest([packState(state)], {
          height: 8,
          parameters: chosen.parameters,
          hasher: toyHasher,
        });
        const found = await store.manifest(8);
        if (manifestText(found, chosen.parameters) !== manifestText(expected, chosen.parameters))
          throw new Error('another manifest');
        await store.close();
      },
    ),
    { numRuns: 60 },
  );
});
