import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { importSnapshot, readSnapshotStream, type SnapshotProgress } from '../src/index.js';
import { believed, bytes, fromHex, hex, type PlainState, rootOfState, sorted, unpack } from './support/plain-state.js';
import { fileOf, flipped, open, pieces, storeOf, verify } from './support/snapshot-files.js';
import { memoryStore, parameters } from './support/stores.js';

/** Keys that are often prefixes of each other, share many bits, or end in zeros. */
const key = fc
  .tuple(
    fc.constantFrom(5, 6, 255),
    fc.oneof(
      fc.array(fc.constantFrom(0, 1, 255), { maxLength: 4 }),
      fc.array(fc.constant(0), { maxLength: 12 }),
      fc.uint8Array({ maxLength: 8 }).map((rest) => [...rest]),
    ),
  )
  .map(([prefix, rest]) => hex(bytes(prefix, ...rest)));
const record = fc.tuple(key, fc.oneof(fc.constant(bytes()), fc.uint8Array({ maxLength: 60 })));
const state = fc.array(record, { maxLength: 60 }).map((records): PlainState => new Map(records));
const chosen = fc
  .record({ maxRangeRecords: fc.constantFrom(1, 2, 5, 50), maxRangeBytes: fc.constantFrom(1, 30, 200, 1 << 20) })
  .map((limits) => parameters({ ...limits, maxKeyBytes: 13 }));
const sizes = fc.array(fc.constantFrom(1, 3, 16, 200, 5000), { minLength: 1, maxLength: 4 });

describe('for any state and any limits of ranges', () => {
  test('a snapshot file gives back the state, in one piece or many, resumed or not', async () => {
    await fc.assert(
      fc.asyncProperty(state, chosen, sizes, fc.nat(), async (records, limits, cuts, stop) => {
        const source = await storeOf(records, limits);
        const file = await fileOf(source);
        const opened = await open(file);
        const ranges = await Promise.all([...opened.manifest.entries.keys()].map((index) => opened.readRange(index)));
        expect(ranges.flatMap(unpack)).toEqual(sorted(records));
        expect((await verify(file)).damaged).toEqual([]);
        const target = await memoryStore({ parameters: limits });
        const stateRoot = fromHex(rootOfState(records));
        const controller = new AbortController();
        const onProgress = (progress: SnapshotProgress): void => {
          if (progress.ranges === stop % (progress.totalRanges + 2)) controller.abort(new Error('stop'));
        };
        try {
          const stream = await readSnapshotStream(pieces(file, ...cuts));
          await importSnapshot(target, stream, { stateRoot, onProgress, signal: controller.signal });
        } catch (error) {
          if (!controller.signal.aborted) throw error;
        }
        if (target.phase !== 'ready') {
          await importSnapshot(target, await readSnapshotStream(pieces(file, ...cuts)), { stateRoot });
        }
        expect(believed(target)).toEqual(believed(source));
        expect(hex(await fileOf(target))).toBe(hex(file));
      }),
      { numRuns: 80 },
    );
  });

  test('any change of bytes, or loss of some, is found and imports nothing wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        state,
        chosen,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
        fc.option(fc.nat(), { freq: 4 }),
        async (records, limits, flips, cut) => {
          const file = await fileOf(await storeOf(records, limits));
          let damaged = file;
          for (const [at, mask] of flips) damaged = flipped(damaged, at % file.length, mask);
          if (cut !== null) damaged = damaged.subarray(0, cut % (file.length + 1));
          fc.pre(hex(damaged) !== hex(file));
          const isTyped = (error: unknown): boolean =>
            /^ANCESTRAL_RECORDS_[A-Z_]+$/.test((error as { code: string }).code);
          const findings = await verify(damaged).then(
            (report) => report.damaged.length,
            (error: unknown) => (isTyped(error) ? 1 : 0),
          );
          expect(findings).toBeGreaterThan(0);
          const target = await memoryStore({ parameters: limits });
          const stateRoot = fromHex(rootOfState(records));
          const failure = await readSnapshotStream([damaged])
            .then((stream) => importSnapshot(target, stream, { stateRoot }))
            .then(
              () => undefined,
              (error: unknown) => error,
            );
          expect(isTyped(failure)).toBe(true);
          expect(target.phase === 'ready').toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  });
});
