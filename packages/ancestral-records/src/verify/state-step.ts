import type { StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { PackedRecords } from '../hasher.js';
import { epochInterval, snapshotKey, stateInterval } from '../layout.js';
import { compareHeads } from '../merge.js';
import { RecordPacker } from '../packed-records.js';
import { unavailable } from '../snapshots.js';
import type { Region } from './region.js';
import { lowestSource, StateSource } from './state-source.js';
import type { DamageReason } from './verify-report.js';

/** What one bounded step of reading a snapshot looks at. */
export interface StepRequest {
  readonly height: number;
  readonly regions: readonly Region[];
  /** The step reads from `startKey`, which lies in region `from`, to the end of the region before `to`. */
  readonly from: number;
  readonly to: number;
  readonly startKey: Uint8Array;
  /** The step ends early when it has read more than this. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly hasLookups: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What a step found in one region. */
export interface RegionPart {
  readonly region: number;
  count: number;
  bytes: number;
  readonly firstKey: Uint8Array;
}

/** Records of consecutive regions; the groups of the packed records are the positions in `parts`. */
export interface Step {
  readonly packed: PackedRecords;
  readonly groups: Uint32Array;
  /** Regions with records, ascending. */
  readonly parts: readonly RegionPart[];
  /** Regions in which something besides the records is wrong. */
  readonly problems: ReadonlyMap<number, DamageReason>;
  /** Where to go on; `undefined` if the step came to its end. */
  readonly next: { readonly region: number; readonly key: Uint8Array } | undefined;
  /** Bytes of all entries that were looked at. */
  readonly scannedBytes: number;
}

/**
 * Reads records of a retained snapshot through one database snapshot.
 *
 * @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE if it was retired, OutOfOrder, or what the database throws
 */
export async function readStep(context: StoreContext, request: StepRequest): Promise<Step> {
  const { regions, from, to, startKey, hasLookups } = request;
  const endKey = regions[to - 1]?.endKey;
  const { disk } = context;
  const snapshot = disk.snapshot();
  const sources: StateSource[] = [];
  try {
    await requireRetained(context, request.height, await disk.get(snapshotKey(request.height), snapshot));
    for (const epoch of epochsSince(context, request.height)) {
      const options = { snapshot, isAncestral: true, hasLookups };
      sources.push(new StateSource(disk, epochInterval(epoch, startKey, endKey), options));
    }
    const options = { snapshot, isAncestral: false, hasLookups };
    sources.push(new StateSource(disk, stateInterval(startKey, endKey), options));
    return await merge(sources, request, from);
  } finally {
    await Promise.allSettled(sources.map((source) => source.close()));
    await snapshot.close();
  }
}

/**
 * Epochs whose ancestral records may lie between a snapshot and any tip that a database snapshot taken before this call
 * can show. One that has none yet does no harm.
 */
export function epochsSince(context: StoreContext, height: number): number[] {
  const period = context.parameters.snapshotPeriod;
  const epochs: number[] = [];
  for (let epoch = height; epoch <= context.standing.tip.height; epoch += period) epochs.push(epoch);
  return epochs;
}

/** A snapshot that memory and disk no longer have was retired; one that only the disk lost is damage, and still readable. */
async function requireRetained(context: StoreContext, height: number, record: Uint8Array | undefined): Promise<void> {
  const isKnown = context.standing.snapshots.some((snapshot) => snapshot.height === height);
  if (record === undefined && !isKnown) throw unavailable(height);
}

async function merge(sources: readonly StateSource[], request: StepRequest, from: number): Promise<Step> {
  const { regions, maxRecords, maxBytes, signal } = request;
  const packer = new RecordPacker();
  const parts: RegionPart[] = [];
  const problems = new Map<number, DamageReason>();
  let groups = new Uint32Array(1024);
  let region = from;
  let part: RegionPart | undefined;
  let scannedBytes = 0;
  let next: Step['next'];
  const finish = (): Step => {
    for (const source of sources) {
      for (const key of source.failedLookups.values()) problems.set(regionOf(regions, key, request), 'lookup');
    }
    return { packed: packer.finish(), groups: groups.slice(0, packer.count), parts, problems, next, scannedBytes };
  };
  for (;;) {
    const empty = sources.filter((source) => source.needsFill);
    if (empty.length > 0) {
      await Promise.all(empty.map((source) => source.fill()));
      signal?.throwIfAborted();
    }
    /* Runs without waiting until some source has to be filled again. */
    for (let needsFill = false; !needsFill; ) {
      const winner = lowestSource(sources);
      const entry = winner?.head;
      if (winner === undefined || entry === undefined) return finish();
      const [key, value] = entry;
      const { keyOffset, isAncestral } = winner;
      for (;;) {
        const end = regions[region]?.endKey;
        if (end === undefined || compareHeads(key, keyOffset, end, 0) < 0) break;
        region++;
      }
      if (packer.count >= maxRecords || packer.recordBytes >= maxBytes || scannedBytes >= 4 * maxBytes) {
        next = { region, key: copyBytes(key.subarray(keyOffset)) };
        return finish();
      }
      if (!isAncestral || value[0] === 1) {
        if (part === undefined || part.region !== region) {
          part = { region, count: 0, bytes: 0, firstKey: copyBytes(key.subarray(keyOffset)) };
          parts.push(part);
        }
        if (packer.count === groups.length) {
          const grown = new Uint32Array(2 * groups.length);
          grown.set(groups);
          groups = grown;
        }
        groups[packer.count] = parts.length - 1;
        const before = packer.recordBytes;
        packer.append(key, keyOffset, value, isAncestral ? 1 : 0);
        part.count++;
        part.bytes += packer.recordBytes - before;
      }
      for (const source of sources) {
        const head = source.head;
        if (head === undefined) continue;
        if (source !== winner && compareHeads(head[0], source.keyOffset, key, keyOffset) !== 0) continue;
        scannedBytes += head[0].length + head[1].length;
        if (source.isAncestral && !isMark(head[1])) problems.set(region, 'invalid-mark');
        source.advance();
        needsFill ||= source.needsFill;
      }
    }
  }
}

/** True if the value of an ancestral record says either that there was none, or what it was. */
export function isMark(value: Uint8Array): boolean {
  return value[0] === 1 || (value[0] === 0 && value.length === 1);
}

function regionOf(regions: readonly Region[], key: Uint8Array, { from, to }: StepRequest): number {
  let region = from;
  for (; region < to - 1; region++) {
    const end = regions[region]?.endKey;
    if (end === undefined || compareHeads(key, 0, end, 0) < 0) break;
  }
  return region;
}
