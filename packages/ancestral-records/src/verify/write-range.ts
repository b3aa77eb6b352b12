import { compareBytes, equalBytes } from '@hs/bytes';
import { moveOn, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseWrite } from '../database.js';
import type { PackedRecords } from '../hasher.js';
import { ancestralKey, epochInterval, stateInterval, stateKey } from '../layout.js';
import { compareHeads } from '../merge.js';
import { keyAt, valueAt } from '../packed-records.js';
import type { KeyInterval } from '../range.js';
import { snapshotAt } from '../snapshots.js';
import { keyText } from '../value-cache.js';
import { lowestSource, StateSource } from './state-source.js';
import { epochsSince } from './state-step.js';

/** Writes of one batch; only rewritten entries, whose loss changes nothing, can make a repair longer than that. */
const maxBatch = 32_768;

/**
 * Makes an interval of a snapshot hold exactly these proved records, in one batch. The value that a key had at `height`
 * lies in its earliest ancestral record since, if it has one, else in the state. Records that are right are written again,
 * so that they no longer depend on the place they were read from. Runs under the writer gate.
 *
 * @returns how many records were wrong, missing or too many
 */
export async function writeRange(
  context: StoreContext,
  target: { readonly height: number; readonly interval: KeyInterval; readonly records: readonly PackedRecords[] },
): Promise<number> {
  const { height, interval, records } = target;
  const { startKey, endKey } = interval;
  snapshotAt(context, height);
  const snapshot = context.disk.snapshot();
  const epochs = epochsSince(context, height);
  const sources: StateSource[] = [];
  const writes: DatabaseWrite[] = [];
  const rewrites = new Map<string, DatabaseWrite>();
  let corrected = 0;
  try {
    for (const epoch of epochs) {
      const options = { snapshot, isAncestral: true, hasLookups: true };
      sources.push(new StateSource(context.disk, epochInterval(epoch, startKey, endKey), options));
    }
    const options = { snapshot, isAncestral: false, hasLookups: true };
    sources.push(new StateSource(context.disk, stateInterval(startKey, endKey), options));
    const wanted = recordsOf(records);
    let next = wanted.next();
    for (;;) {
      await Promise.all(sources.map((source) => (source.needsFill ? source.fill() : undefined)));
      const winner = lowestSource(sources);
      const found = winner?.head;
      const foundKey = winner !== undefined && found !== undefined ? found[0].subarray(winner.keyOffset) : undefined;
      const proved = next.done === true ? undefined : next.value;
      if (proved === undefined && foundKey === undefined) break;
      const order = proved === undefined ? 1 : foundKey === undefined ? -1 : compareBytes(proved.key, foundKey);
      if (proved !== undefined && order < 0) {
        writes.push({ type: 'put', key: stateKey(proved.key), value: copyBytes(proved.value) });
        corrected++;
        next = wanted.next();
        continue;
      }
      const [, stored] = found as readonly [Uint8Array, Uint8Array];
      const key = copyBytes(foundKey as Uint8Array);
      const value = order === 0 ? proved?.value : undefined;
      if (order === 0) next = wanted.next();
      const { isAncestral } = winner as StateSource;
      const right = isAncestral ? ancestralValue(value) : value;
      const isRight = right !== undefined && equalBytes(right, stored);
      if (!isRight) corrected++;
      const epoch = epochs[sources.indexOf(winner as StateSource)];
      const databaseKey = isAncestral && epoch !== undefined ? ancestralKey(epoch, key) : stateKey(key);
      if (right === undefined) writes.push({ type: 'del', key: databaseKey });
      else if (!isRight || value !== undefined) writes.push({ type: 'put', key: databaseKey, value: copyBytes(right) });
      for (const [i, source] of sources.entries()) {
        if (source.head === undefined || compareHeads(source.head[0], source.keyOffset, key, 0) !== 0) continue;
        const text = keyText(key);
        const isWritten = source === winner && (!isRight || value !== undefined);
        if (!isWritten && source.failedLookups.has(text)) rewrites.set(`${i}:${text}`, again(source.head));
        source.advance();
      }
      if (rewrites.size >= maxBatch) {
        await context.disk.write([...rewrites.values()], { isStep: true });
        rewrites.clear();
      }
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.close()));
    await snapshot.close();
  }
  const all = [...writes, ...rewrites.values()];
  if (all.length === 0) return corrected;
  await context.disk.write(all);
  context.cache.clear();
  moveOn(context, {});
  return corrected;
}

function again([key, value]: readonly [Uint8Array, Uint8Array]): DatabaseWrite {
  return { type: 'put', key: copyBytes(key), value: copyBytes(value) };
}

function* recordsOf(
  records: readonly PackedRecords[],
): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array }, undefined> {
  for (const packed of records) {
    for (let i = 0; i < packed.offsets.length / 4; i++) yield { key: keyAt(packed, i), value: valueAt(packed, i) };
  }
}

/** Value of the ancestral record of a key that had this value, or none. */
function ancestralValue(value: Uint8Array | undefined): Uint8Array {
  const stored = new Uint8Array(1 + (value?.length ?? 0));
  if (value === undefined) return stored;
  stored[0] = 1;
  stored.set(value, 1);
  return stored;
}
