import { equalBytes } from '@hs/bytes';
import { moveOn, rootOf, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseWrite } from '../database.js';
import { encodedSumBytes, uncompressedSumBytes } from '../hasher.js';
import { formatKey, summaries as summaryInterval, summaryKey, tipKey } from '../layout.js';
import type { Manifest } from '../manifest.js';
import { summariesOf } from '../manifest-summaries.js';
import { encodeSummary, encodeTip, type Summary } from '../metadata.js';
import { encodeFormat } from '../parameters.js';
import { joinSums } from '../prefix-sums.js';
import { pageWrites, snapshotAt, snapshotWrite, withManifest } from '../snapshots.js';
import { strayIntervals } from './check-bookkeeping.js';

/**
 * Writes what the store keeps about itself again: format, tip and sums from memory, a snapshot from its manifest. Runs
 * under the writer gate.
 *
 * @returns false if what memory says of the tip does not fit together either, so that only a rewind can help
 */
export async function writeBookkeeping(context: StoreContext, manifest: Manifest): Promise<boolean> {
  for (const interval of strayIntervals(context)) await context.disk.clear(interval);
  const { parameters, standing } = context;
  const totals = await summariesOf(context, manifest);
  const stateRoot = rootOf(context, totals);
  const base = { ...snapshotAt(context, manifest.height), stateRoot, summaries: totals };
  const record = withManifest(context, base, manifest);
  const writes: DatabaseWrite[] = [{ type: 'put', key: formatKey, value: encodeFormat(parameters) }];
  writes.push(...pageWrites(manifest), snapshotWrite(record));
  const sums = await consistentSums(context);
  if (sums !== undefined) {
    for await (const entries of context.disk.scan(summaryInterval, { hasValues: false })) {
      for (const [key] of entries) writes.push({ type: 'del', key: copyBytes(key) });
    }
    for (const [prefix, summary] of sums) {
      writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
    }
    writes.push({ type: 'put', key: tipKey, value: encodeTip(standing.tip) });
  }
  await context.disk.write(writes);
  const snapshots = standing.snapshots.map((each) => (each.height === record.height ? record : each));
  moveOn(context, { snapshots, ...(sums === undefined ? {} : { summaries: sums }) });
  return sums !== undefined;
}

/** The sums of the tip that memory has, with the uncompressed ones taken from the encoded ones if they differ. */
async function consistentSums(context: StoreContext): Promise<ReadonlyMap<number, Summary> | undefined> {
  const { hasher, standing } = context;
  const { summaries, tip } = standing;
  if (!equalBytes(rootOf(context, summaries), tip.stateRoot)) return undefined;
  const all = [...summaries];
  if (all.length === 0) return summaries;
  const encoded = await hasher.encode(joinSums(all.map(([, { sum }]) => sum)));
  const decoded = await hasher.decode(joinSums(all.map(([, { checksum }]) => checksum)));
  return new Map(
    all.map(([prefix, summary], i) => {
      const isRight = equalBytes(summary.checksum, encoded.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes));
      const sum = copyBytes(decoded.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes));
      return [prefix, isRight ? summary : { ...summary, sum }];
    }),
  );
}
