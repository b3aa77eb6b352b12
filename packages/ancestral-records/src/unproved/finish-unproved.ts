import { equalBytes, toHex } from '@hs/bytes';
import { moveOn, rootOf, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseWrite } from '../database.js';
import { AncestralRecordsError } from '../errors.js';
import { summaryKey, tipKey, unprovedIntervalKey, unprovedKey, unprovedPagesOf } from '../layout.js';
import { Manifest } from '../manifest.js';
import { summariesOf } from '../manifest-summaries.js';
import { encodeSummary, encodeTip } from '../metadata.js';
import { pageWrites, snapshotWrite, withManifest } from '../snapshots.js';
import { totalChecksum } from '../total-checksum.js';
import { requireUnproved } from './append-unproved.js';

/** Compares the sum of everything with the checksum, then makes it the tip and forgets that it was dirty, in one batch. */
export async function finishUnproved(context: StoreContext, others: readonly DatabaseWrite[]): Promise<void> {
  const { target, intervals } = requireUnproved(context);
  const { height } = target;
  const missing = [...intervals.values()].filter(({ state }) => state !== 'whole').map(({ prefix }) => prefix);
  if (missing.length > 0) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_DOWNLOAD_INCOMPLETE',
      `${missing.length} of ${intervals.size} prefixes are not whole yet`,
      { details: { missing, prefixes: intervals.size } },
    );
  }
  const manifest = Manifest.fromEntries({ height, entries: [...intervals.values()].flatMap(({ ranges }) => ranges) });
  const summaries = await summariesOf(context, manifest);
  const checksums = [...summaries.values()].map(({ checksum }) => checksum);
  const actual = await totalChecksum(checksums, context.hasher);
  if (!equalBytes(actual, target.checksum)) {
    const { records, bytes } = manifest.totals;
    const details = { records, bytes, expected: toHex(target.checksum), actual: toHex(actual) };
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_CHECKSUM_MISMATCH',
      `the records add up to ${details.actual}, not to ${details.expected}: clear them, and take them from one source at a time`,
      { details },
    );
  }
  const stateRoot = rootOf(context, summaries);
  const tip = { phase: 'ready', height, target: 0, stateRoot } as const;
  const snapshot = withManifest(context, { height, stateRoot, summaries, manifest: undefined }, manifest);
  const writes: DatabaseWrite[] = [{ type: 'del', key: unprovedKey }];
  for (const prefix of intervals.keys()) {
    writes.push({ type: 'del', key: unprovedIntervalKey(prefix) });
    for await (const entries of context.disk.scan(unprovedPagesOf(prefix), { hasValues: false })) {
      for (const [key] of entries) writes.push({ type: 'del', key: copyBytes(key) });
    }
  }
  writes.push(snapshotWrite(snapshot), ...pageWrites(manifest));
  for (const [prefix, summary] of summaries) {
    writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
  }
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  await context.disk.write([...writes, ...others]);
  context.cache.clear();
  moveOn(context, { tip, summaries, snapshots: [snapshot], unproved: undefined });
}
