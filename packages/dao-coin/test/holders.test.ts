import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BalanceEntry,
  type BalancePage,
  balanceByCreatorKey,
  balanceEntryKey,
  holdersOf,
  holdingsOf,
  type PageOptions,
  type RangeReader,
  type StateRecord,
} from '../src/index.js';
import { failureOf } from './support/failure.js';
import { fromHex, MemoryView, toHex } from './support/memory-view.js';
import { putBalance } from './support/scenario.js';

/** Lists a memory view's records, the obvious way. */
function rangesOf(view: MemoryView, isAsync = false): RangeReader {
  return {
    records({ start, end }, limit) {
      const [from, to] = [toHex(start), toHex(end)];
      const found: StateRecord[] = [...view.records]
        .filter(([key]) => key >= from && key < to)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .slice(0, limit)
        .map(([key, value]) => [fromHex(key), value]);
      return isAsync ? Promise.resolve(found) : found;
    },
  };
}

const pkid = (first: number, last: number): Uint8Array =>
  Uint8Array.from({ length: 33 }, (_, index) => (index === 0 ? first : index === 32 ? last : 0));

async function allPages(
  list: (options: PageOptions) => Promise<BalancePage>,
  limit: number,
): Promise<{ balances: BalanceEntry[]; pages: number }> {
  const balances: BalanceEntry[] = [];
  let after: Uint8Array | undefined;
  for (let pages = 1; ; pages++) {
    const page = await list(after === undefined ? { limit } : { limit, after });
    expect(page.balances.length).toBeLessThanOrEqual(limit);
    balances.push(...page.balances);
    if (page.next === undefined) return { balances, pages };
    expect(page.balances.length).toBe(limit);
    after = page.next;
  }
}

describe('lists of balances', () => {
  test('no holders, no holdings: one empty page', async () => {
    const view = rangesOf(new MemoryView());
    expect(await holdersOf(view, pkid(2, 1))).toEqual({ balances: [], next: undefined });
    expect(await holdingsOf(view, pkid(2, 1))).toEqual({ balances: [], next: undefined });
  });

  test('every holder and holding comes once, in order, whatever the page size', async () => {
    const people = fc.uniqueArray(fc.tuple(fc.constantFrom(0, 2, 3, 255), fc.nat(255)), {
      maxLength: 12,
      selector: ([first, last]) => first * 256 + last,
    });
    await fc.assert(
      fc.asyncProperty(
        people,
        people,
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (left, right, limit, slow) => {
          const view = new MemoryView();
          let amount = 0n;
          const expected = new Map<string, bigint>();
          for (const holder of left) {
            for (const creator of right) {
              amount++;
              putBalance(view, pkid(...holder), { creatorPkid: pkid(...creator), balance: amount });
              expected.set(`${toHex(pkid(...creator))} ${toHex(pkid(...holder))}`, amount);
            }
          }
          const ranges = rangesOf(view, slow);
          const found = new Map<string, bigint>();
          for (const creator of right) {
            const { balances, pages } = await allPages(
              (options) => holdersOf(ranges, pkid(...creator), options),
              limit,
            );
            expect(pages).toBe(Math.max(1, Math.ceil(left.length / limit)));
            expect(balances.map(({ holderPkid }) => toHex(holderPkid))).toEqual(
              left.map((holder) => toHex(pkid(...holder))).sort(),
            );
            for (const { holderPkid, creatorPkid, balance } of balances) {
              found.set(`${toHex(creatorPkid)} ${toHex(holderPkid)}`, balance);
            }
          }
          expect(found).toEqual(expected);
          for (const holder of left) {
            const { balances } = await allPages((options) => holdingsOf(ranges, pkid(...holder), options), limit);
            expect(balances.map(({ creatorPkid }) => toHex(creatorPkid))).toEqual(
              right.map((creator) => toHex(pkid(...creator))).sort(),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a page asks the state for one record more than it gives, of this coin alone', async () => {
    const asked: unknown[] = [];
    const view: RangeReader = {
      records(range, limit) {
        asked.push([toHex(range.start), toHex(range.end), limit]);
        return [];
      },
    };
    const [creator, holder] = [pkid(2, 0xff), pkid(2, 5)];
    await holdersOf(view, creator, { limit: 7, after: holder });
    const end = pkid(2, 0xff).fill(0, 1);
    end[31] = 1;
    expect(asked).toEqual([[`38${toHex(creator)}${toHex(holder)}00`, `38${toHex(end.subarray(0, 32))}`, 8]]);
    await holdingsOf(view, new Uint8Array(33).fill(0xff));
    expect(asked[1]).toEqual([`37${'ff'.repeat(33)}`, '38', 101]);
  });

  test('a balance under the key of another, or out of order, is the typed error', async () => {
    const view = new MemoryView();
    putBalance(view, pkid(2, 1), { creatorPkid: pkid(2, 9), balance: 5n });
    const stored = view.records.get(toHex(balanceByCreatorKey(pkid(2, 9), pkid(2, 1)))) as Uint8Array;
    view.set(balanceByCreatorKey(pkid(2, 9), pkid(2, 2)), stored);
    expect((await failureOf(() => holdersOf(rangesOf(view), pkid(2, 9)))).code).toBe('DAO_COIN_CORRUPT_STATE');
    const twice: RangeReader = {
      records: () => [
        [balanceEntryKey(pkid(2, 1), pkid(2, 9)), stored],
        [balanceEntryKey(pkid(2, 1), pkid(2, 9)), stored],
      ],
    };
    expect((await failureOf(() => holdingsOf(twice, pkid(2, 1)))).code).toBe('DAO_COIN_CORRUPT_STATE');
  });

  test('limits outside 1..1000 and PKIDs without 33 bytes are mistakes of the caller', async () => {
    const view = rangesOf(new MemoryView());
    for (const limit of [0, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(holdersOf(view, pkid(2, 1), { limit })).rejects.toMatchObject({ name: 'RangeError' });
    }
    await expect(holdingsOf(view, pkid(2, 1), { after: new Uint8Array(2) })).rejects.toMatchObject({
      name: 'RangeError',
    });
  });
});
