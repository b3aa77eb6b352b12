import { compareBytes, concatBytes, equalBytes } from '@hs/bytes';
import { type BalanceEntry, balanceEntryCodec } from './entries/balance-entry.js';
import { DaoCoinError } from './error.js';
import { balanceByCreatorKey, balanceEntryKey, holdersKeyPrefix, holdingsKeyPrefix } from './keys.js';
import { requirePublicKeyBytes } from './public-key.js';

/** A state whose records can be listed in key order. */
export interface RangeReader {
  /** At most `limit` records with `start <= key < end`, ascending by key. */
  records(
    range: { readonly start: Uint8Array; readonly end: Uint8Array },
    limit: number,
  ): Promise<readonly StateRecord[]> | readonly StateRecord[];
}

/** A record of the state. */
export type StateRecord = readonly [key: Uint8Array, value: Uint8Array];

/** Which part of a list to give. */
export interface PageOptions {
  /** Balances on a page, 1 to 1,000. Default 100. */
  readonly limit?: number;
  /** Go on after this PKID: `next` of the page before. */
  readonly after?: Uint8Array;
}

/** A part of a list. */
export interface BalancePage {
  /** In the order of the PKID that differs: the holder's in {@link holdersOf}, the creator's in {@link holdingsOf}. */
  readonly balances: readonly BalanceEntry[];
  /** Where to go on; `undefined` on the last page. */
  readonly next: Uint8Array | undefined;
}

const maxLimit = 1000;

/**
 * The holders of a DAO coin with their balances, page by page, in the order of their PKIDs.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY, DAO_COIN_CORRUPT_STATE
 * @throws RangeError on a limit outside 1..1000, or a PKID without 33 bytes
 */
export async function holdersOf(
  view: RangeReader,
  creatorPkid: Uint8Array,
  options: PageOptions = {},
): Promise<BalancePage> {
  return page(view, options, {
    prefix: holdersKeyPrefix(creatorPkid),
    keyOf: ({ holderPkid }) => balanceByCreatorKey(creatorPkid, holderPkid),
    otherPkid: ({ holderPkid }) => holderPkid,
  });
}

/**
 * The DAO coins that a holder has, page by page, in the order of their creators' PKIDs.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY, DAO_COIN_CORRUPT_STATE
 * @throws RangeError on a limit outside 1..1000, or a PKID without 33 bytes
 */
export async function holdingsOf(
  view: RangeReader,
  holderPkid: Uint8Array,
  options: PageOptions = {},
): Promise<BalancePage> {
  return page(view, options, {
    prefix: holdingsKeyPrefix(holderPkid),
    keyOf: ({ creatorPkid }) => balanceEntryKey(holderPkid, creatorPkid),
    otherPkid: ({ creatorPkid }) => creatorPkid,
  });
}

async function page(
  view: RangeReader,
  { limit = 100, after }: PageOptions,
  list: {
    readonly prefix: Uint8Array;
    keyOf(entry: BalanceEntry): Uint8Array;
    otherPkid(entry: BalanceEntry): Uint8Array;
  },
): Promise<BalancePage> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxLimit) {
    throw new RangeError(`limit must be an integer in 1..${maxLimit}`);
  }
  if (after !== undefined) requirePublicKeyBytes(after, 'after');
  const { prefix } = list;
  // The least key above `prefix || after` has one zero byte more.
  const start = after === undefined ? prefix : concatBytes(prefix, after, new Uint8Array(1));
  const records = await view.records({ start, end: afterPrefix(prefix) }, limit + 1);
  const balances = records.slice(0, limit).map(([key, value], index) => {
    const entry = balanceEntryCodec.decode(value);
    const previous = records[index - 1];
    const isInOrder = previous === undefined ? compareBytes(start, key) <= 0 : compareBytes(previous[0], key) < 0;
    if (!isInOrder || !equalBytes(key, list.keyOf(entry))) {
      throw new DaoCoinError('DAO_COIN_CORRUPT_STATE', 'A balance entry is stored under the key of another one');
    }
    return entry;
  });
  const last = balances.at(-1);
  return { balances, next: records.length > limit && last !== undefined ? list.otherPkid(last) : undefined };
}

/** The least key above all keys that begin with `prefix`, whose first byte is no 0xff. */
function afterPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (prefix[length - 1] === 0xff) length--;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] as number) + 1;
  return end;
}
