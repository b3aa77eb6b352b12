import { equalBytes, toHex } from '@hs/bytes';
import { moveOn, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import { AncestralRecordsError } from '../errors.js';
import { encodedSumBytes, type HashOptions } from '../hasher.js';
import { tipKey } from '../layout.js';
import { encodeTip, noRoot } from '../metadata.js';
import { totalChecksum } from '../total-checksum.js';
import { emptyInterval, expectedOf, intervalWrite, targetWrite, type UnprovedDownload } from './unproved-download.js';
import type { UnprovedPart, UnprovedTarget } from './unproved-types.js';

/** Marks every interval dirty, in one batch, before anything is written into one. The same target again changes nothing. */
export async function beginUnproved(
  context: StoreContext,
  target: UnprovedTarget,
  options: HashOptions,
): Promise<void> {
  const copy = await checkedTarget(context, target, options);
  const { tip, unproved } = context.standing;
  if (unproved !== undefined && isSameTarget(unproved.target, copy)) return;
  if (tip.phase !== 'empty') {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRONG_PHASE',
      `the store is ${tip.phase}${unproved === undefined ? '' : ' with another target'}: reset it, then begin`,
      { details: { phase: tip.phase } },
    );
  }
  const intervals: UnprovedDownload['intervals'] = new Map();
  for (const prefix of context.parameters.statePrefixes) {
    intervals.set(prefix, emptyInterval(prefix, expectedOf(copy, prefix)?.records === 0 ? 'whole' : 'dirty'));
  }
  const next = { phase: 'unproved', height: 0, target: 0, stateRoot: noRoot } as const;
  await context.disk.write([
    { type: 'put', key: tipKey, value: encodeTip(next) },
    targetWrite(copy),
    ...[...intervals.values()].map(intervalWrite),
  ]);
  context.cache.clear();
  moveOn(context, { tip: next, unproved: { target: copy, intervals } });
}

/** A copy of a target that makes sense. @throws ANCESTRAL_RECORDS_INVALID_CHECKSUM */
async function checkedTarget(
  { parameters, hasher }: StoreContext,
  { height, checksum, parts }: UnprovedTarget,
  options: HashOptions,
): Promise<UnprovedTarget> {
  if (!Number.isSafeInteger(height) || height < 0 || height % parameters.snapshotPeriod !== 0) {
    throw invalid('height', `${height} is no snapshot height`);
  }
  requireSum('the checksum', checksum);
  if (parts === undefined) return { height, checksum: copyBytes(checksum) };
  let previous = -1;
  for (const { prefix, records, bytes, checksum: part } of parts) {
    if (!parameters.statePrefixes.includes(prefix)) throw invalid('prefix', `${prefix} is no state prefix`);
    if (prefix <= previous) throw invalid('prefix', 'its parts are not ascending by prefix');
    previous = prefix;
    const isPossible = Number.isSafeInteger(records) && Number.isSafeInteger(bytes) && records > 0 && bytes >= records;
    if (!isPossible) throw invalid('totals', `prefix ${prefix} cannot have ${records} records of ${bytes} bytes`);
    requireSum(`the checksum of prefix ${prefix}`, part);
  }
  let total: Uint8Array;
  try {
    total = await totalChecksum(
      parts.map((part) => part.checksum),
      hasher,
      options,
    );
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw invalid('encoding', 'the checksum of a part is no valid encoding', cause);
  }
  if (!equalBytes(total, checksum)) {
    throw invalid('sum', `its parts add up to ${toHex(total)} instead of ${toHex(checksum)}`);
  }
  return { height, checksum: copyBytes(checksum), parts: parts.map(copyPart) };
}

/** Zero is the checksum of nothing, and what nodes show that have computed none. */
function requireSum(name: string, checksum: Uint8Array): void {
  if (checksum.length !== encodedSumBytes) throw invalid('length', `${name} must be ${encodedSumBytes} bytes`);
  if (checksum.every((byte) => byte === 0)) throw invalid('zero', `${name} is zero, which stands for none`);
}

function copyPart({ prefix, records, bytes, checksum }: UnprovedPart): UnprovedPart {
  return { prefix, records, bytes, checksum: copyBytes(checksum) };
}

function isSameTarget(a: UnprovedTarget, b: UnprovedTarget): boolean {
  const isSameWhole = a.height === b.height && equalBytes(a.checksum, b.checksum);
  if (!isSameWhole || a.parts?.length !== b.parts?.length) return false;
  return (a.parts ?? []).every((part, i) => {
    const other = b.parts?.[i] as UnprovedPart;
    const isSameSize = part.records === other.records && part.bytes === other.bytes;
    return part.prefix === other.prefix && isSameSize && equalBytes(part.checksum, other.checksum);
  });
}

function invalid(reason: string, message: string, cause?: unknown): AncestralRecordsError {
  return new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_CHECKSUM', `this is no state to download: ${message}`, {
    details: { reason },
    cause,
  });
}
