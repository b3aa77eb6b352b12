import { readU64be } from '@hs/bytes';
import type { StateDatabase } from '../database.js';
import { Disk } from '../disk.js';
import { allAncestral, ancestralKey, epochInterval, stateInterval } from '../layout.js';
import type { Manifest } from '../manifest.js';
import { compareHeads } from '../merge.js';
import { RecordPacker } from '../packed-records.js';
import type { StateParameters } from '../parameters.js';
import type { RangeEntry } from '../range.js';
import { type RangeSource, tooMuch } from './range-source.js';
import { lowestSource, StateSource } from './state-source.js';
import { isMark } from './state-step.js';

/** Most epochs that are looked for in a database; damaged keys can make up others. */
const maxEpochs = 64;

/**
 * A source over the records of a database that no store can be opened in any more: state and ancestral records are read as
 * they lie there, without any of the bookkeeping. Ranges that are damaged are refuted when they are proved. Keys longer than the
 * chain's `maxKeyBytes` are marks of a download that was under way.
 */
export function rawDatabaseSource(
  database: StateDatabase,
  manifest: Manifest,
  { maxKeyBytes }: Pick<StateParameters, 'maxKeyBytes'>,
): RangeSource {
  const disk = new Disk(database, false);
  let epochs: Promise<readonly number[]> | undefined;
  return {
    manifest,
    async readRange(index, { signal } = {}) {
      const { startKey, endKey } = manifest.range(index);
      const expected = manifest.entries[index] as RangeEntry;
      epochs ??= epochsIn(disk, manifest.height).catch(() => []);
      const found = await epochs;
      const snapshot = disk.snapshot();
      const sources: StateSource[] = [];
      try {
        for (const epoch of found) {
          const options = { snapshot, isAncestral: true, hasLookups: false };
          sources.push(new StateSource(disk, epochInterval(epoch, startKey, endKey), options));
        }
        const options = { snapshot, isAncestral: false, hasLookups: false };
        sources.push(new StateSource(disk, stateInterval(startKey, endKey), options));
        const packer = new RecordPacker();
        for (;;) {
          await Promise.all(sources.map((source) => (source.needsFill ? source.fill() : undefined)));
          signal?.throwIfAborted();
          const winner = lowestSource(sources);
          const entry = winner?.head;
          if (winner === undefined || entry === undefined) return packer.finish();
          const [key, value] = entry;
          const { keyOffset, isAncestral } = winner;
          const isRecord = isAncestral ? isMark(value) && value[0] === 1 : key.length - keyOffset <= maxKeyBytes;
          if (isRecord) packer.append(key, keyOffset, value, isAncestral ? 1 : 0);
          if (packer.recordBytes > expected.bytes) throw tooMuch(index, expected, packer.recordBytes);
          for (const source of sources) {
            if (source.head !== undefined && compareHeads(source.head[0], source.keyOffset, key, keyOffset) === 0) {
              source.advance();
            }
          }
        }
      } finally {
        await Promise.allSettled(sources.map((source) => source.close()));
        await snapshot.close();
      }
    },
  };
}

/** Epochs from `height` on that have ancestral records, ascending. */
async function epochsIn(disk: Disk, height: number): Promise<number[]> {
  const epochs: number[] = [];
  let gte = ancestralKey(height, new Uint8Array(0));
  while (epochs.length < maxEpochs) {
    let found: number | undefined;
    for await (const [entry] of disk.scan({ gte, lt: allAncestral.lt }, { hasValues: false, limit: 1 })) {
      if (entry !== undefined && entry[0].length >= 9) found = Number(readU64be(entry[0], 1));
    }
    if (found === undefined || !Number.isSafeInteger(found) || found < height) break;
    epochs.push(found);
    gte = ancestralKey(found + 1, new Uint8Array(0));
  }
  return epochs;
}
