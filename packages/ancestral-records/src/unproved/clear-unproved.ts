import { moveOn, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseWrite } from '../database.js';
import { stateInterval, unprovedPagesOf } from '../layout.js';
import { requireUnproved } from './append-unproved.js';
import { emptyInterval, expectedOf, intervalWrite } from './unproved-download.js';

/**
 * Empties intervals of an unproved download. One batch marks them; then their records go in bounded steps, and another batch
 * makes each an empty, dirty one again. Interrupted, it is finished when the store is opened.
 */
export async function clearUnproved(context: StoreContext, prefixes: readonly number[]): Promise<void> {
  const { intervals, target } = requireUnproved(context);
  const writes: DatabaseWrite[] = [];
  const clearing = [...new Set(prefixes)].filter((prefix) => expectedOf(target, prefix)?.records !== 0);
  for (const prefix of clearing) {
    if (!intervals.has(prefix)) throw new RangeError(`${prefix} is no state prefix`);
    writes.push(intervalWrite(emptyInterval(prefix, 'clearing')));
    for await (const entries of context.disk.scan(unprovedPagesOf(prefix), { hasValues: false })) {
      for (const [key] of entries) writes.push({ type: 'del', key: copyBytes(key) });
    }
  }
  if (writes.length === 0) return;
  await context.disk.write(writes);
  for (const prefix of clearing) intervals.set(prefix, emptyInterval(prefix, 'clearing'));
  moveOn(context, {}, { isSameState: true });
  await finishClearingIntervals(context);
}

/** Goes on with intervals that are marked to be emptied. */
export async function finishClearingIntervals(context: StoreContext): Promise<void> {
  const { intervals } = requireUnproved(context);
  for (const [prefix, { state }] of intervals) {
    if (state !== 'clearing') continue;
    const endKey = prefix === 255 ? undefined : Uint8Array.of(prefix + 1);
    await context.disk.clear(stateInterval(Uint8Array.of(prefix), endKey));
    const empty = emptyInterval(prefix, 'dirty');
    await context.disk.write([intervalWrite(empty)]);
    intervals.set(prefix, empty);
  }
}
