import { compareBytes, toHex } from '@hs/bytes';
import type { ExtraData } from '../entries/profile-entry.js';
import type { OtherLimit, OtherLimitName, SpendingLimit } from '../entries/spending-limit.js';

/** True if the limit has anything in it beside `isUnlimited`. */
export function hasLimits(limit: SpendingLimit): boolean {
  const { globalDesoLimitNanos, transactionCounts, daoCoinOperations, otherLimits } = limit;
  return (
    globalDesoLimitNanos > 0n ||
    transactionCounts.size > 0 ||
    daoCoinOperations.length > 0 ||
    Object.values(otherLimits).some((limits) => limits.length > 0)
  );
}

/** `given` on top of `old`: a count replaces that of the same key, zero removes it, the DESO limit is set anew. */
export function mergeSpendingLimits(old: SpendingLimit, given: SpendingLimit): SpendingLimit {
  const otherLimits: Partial<Record<OtherLimitName, readonly OtherLimit[]>> = { ...old.otherLimits };
  for (const name of Object.keys(given.otherLimits) as OtherLimitName[]) {
    otherLimits[name] = merged(old.otherLimits[name] ?? [], {
      given: given.otherLimits[name] ?? [],
      nameOf: ([key]) => toHex(key),
      countOf: ([, count]) => count,
    });
  }
  return {
    globalDesoLimitNanos: given.globalDesoLimitNanos,
    transactionCounts: new Map(
      merged([...old.transactionCounts], {
        given: [...given.transactionCounts],
        nameOf: ([type]) => type,
        countOf: ([, count]) => count,
      }),
    ),
    daoCoinOperations: merged(old.daoCoinOperations, {
      given: given.daoCoinOperations,
      nameOf: ({ creatorPkid, operation }) => `${operation} ${toHex(creatorPkid)}`,
      countOf: ({ count }) => count,
    }),
    isUnlimited: given.isUnlimited,
    otherLimits,
  };
}

/** `given` on top of `old`, in key order; an empty value removes its key. */
export function mergeExtraData(old: ExtraData, given: ExtraData): ExtraData {
  return merged(old, {
    given,
    nameOf: ([key]) => toHex(key),
    countOf: ([, value]) => BigInt(value.length),
  }).toSorted(([left], [right]) => compareBytes(left, right));
}

function merged<Entry, Name>(
  old: readonly Entry[],
  of: { readonly given: readonly Entry[]; nameOf(entry: Entry): Name; countOf(entry: Entry): bigint },
): readonly Entry[] {
  const entries = new Map(old.map((entry) => [of.nameOf(entry), entry]));
  for (const entry of of.given) {
    if (of.countOf(entry) === 0n) entries.delete(of.nameOf(entry));
    else entries.set(of.nameOf(entry), entry);
  }
  return [...entries.values()];
}
