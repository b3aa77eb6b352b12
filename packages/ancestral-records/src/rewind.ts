import { moveOn, type StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { stepEntries } from './disk.js';
import { ancestralKeyOffset, epochsFrom, stateKey, summaries, summaryKey, tipKey } from './layout.js';
import { encodeSummary, encodeTip, type Tip } from './metadata.js';
import { snapshotAt, snapshotRemoval } from './snapshots.js';
import { corrupt } from './stored-bytes.js';

/** Puts the durable mark, then goes back to a retained snapshot. Other records may change with the mark. */
export async function beginRewind(context: StoreContext, target: number, others: DatabaseWrite[]): Promise<void> {
  snapshotAt(context, target);
  const tip: Tip = { ...context.standing.tip, phase: 'rewinding', target };
  await context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(tip) }, ...others]);
  context.cache.clear();
  moveOn(context, { tip });
  await finishRewind(context);
}

/**
 * Goes on with a rewind: newest epoch first, each step writes old values back and deletes the ancestral records that
 * held them in the same batch. So whatever is left says exactly what is still to do.
 */
export async function finishRewind(context: StoreContext): Promise<void> {
  const { target } = context.standing.tip;
  const { gte, lt } = epochsFrom(target);
  for (let end = lt; ; ) {
    const writes: DatabaseWrite[] = [];
    const iterator = context.disk.iterator({ gte, lt: end }, { isReverse: true, limit: stepEntries });
    try {
      for (const [key, value] of await iterator.nextv(stepEntries)) {
        const at = stateKey(key.subarray(ancestralKeyOffset));
        if (value[0] === 1) writes.push({ type: 'put', key: at, value: copyBytes(value.subarray(1)) });
        else if (value[0] === 0 && value.length === 1) writes.push({ type: 'del', key: at });
        else throw corrupt('ancestral record', 'unknown mark');
        writes.push({ type: 'del', key });
        end = key;
      }
    } finally {
      await iterator.close();
    }
    if (writes.length === 0) break;
    await context.disk.write(writes, { isStep: true });
  }
  await arrive(context, target);
}

/** The last batch: sums, root and height of the snapshot are the tip's again, and later snapshots are gone. */
async function arrive(context: StoreContext, target: number): Promise<void> {
  const snapshot = snapshotAt(context, target);
  const { stateRoot } = snapshot;
  const tip: Tip = { phase: 'ready', height: target, target: 0, stateRoot };
  const writes: DatabaseWrite[] = [];
  for await (const entries of context.disk.scan(summaries, { hasValues: false })) {
    for (const [key] of entries) writes.push({ type: 'del', key });
  }
  for (const [prefix, summary] of snapshot.summaries) {
    writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
  }
  for (const later of context.standing.snapshots) {
    if (later.height > target) writes.push(...(await snapshotRemoval(context, later)));
  }
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  await context.disk.write(writes);
  const retained = context.standing.snapshots.filter(({ height }) => height <= target);
  moveOn(context, { tip, summaries: snapshot.summaries, snapshots: retained });
}
