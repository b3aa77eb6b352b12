import { equalBytes } from '@hs/bytes';
import { balanceEntryCodec } from '../entries/balance-entry.js';
import { DaoCoinError } from '../error.js';
import { balanceByCreatorKey, balanceEntryKey } from '../keys.js';
import type { StateView } from '../state-view.js';
import type { ChangeSet } from './change-set.js';

/** A holder's balance of a DAO coin, with the records of both indexes as they are stored. */
export interface LoadedBalance {
  readonly holderPkid: Uint8Array;
  readonly creatorPkid: Uint8Array;
  /** 0 without a record. */
  readonly balance: bigint;
  readonly hasPurchased: boolean;
  /** True if the view deleted the record and was not flushed since. */
  readonly isDeleted: boolean;
  readonly byHolder: StoredRecord;
  readonly byCreator: StoredRecord;
}

interface StoredRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Reads a balance and the records that changing it will replace. */
export async function loadBalance(
  view: StateView,
  { holderPkid, creatorPkid }: { readonly holderPkid: Uint8Array; readonly creatorPkid: Uint8Array },
): Promise<LoadedBalance> {
  const byHolder = await read(view, balanceEntryKey(holderPkid, creatorPkid));
  const byCreator = await read(view, balanceByCreatorKey(creatorPkid, holderPkid));
  const parts = { holderPkid, creatorPkid, byHolder, byCreator };
  if (byHolder.value === undefined) {
    return { ...parts, balance: 0n, hasPurchased: false, isDeleted: view.isDeleted?.(byHolder.key) ?? false };
  }
  const entry = balanceEntryCodec.decode(byHolder.value);
  if (!equalBytes(entry.holderPkid, holderPkid) || !equalBytes(entry.creatorPkid, creatorPkid)) {
    throw new DaoCoinError('DAO_COIN_CORRUPT_STATE', 'A balance entry is stored under the key of another one');
  }
  return { ...parts, balance: entry.balance, hasPurchased: entry.hasPurchased, isDeleted: false };
}

/** Writes a new balance to both indexes; at zero both records are deleted. */
export function changeBalance(changes: ChangeSet, loaded: LoadedBalance, balance: bigint): void {
  const { holderPkid, creatorPkid, hasPurchased, byHolder, byCreator } = loaded;
  const after =
    balance === 0n ? undefined : balanceEntryCodec.encode({ holderPkid, creatorPkid, balance, hasPurchased });
  changes.add({ key: byHolder.key, before: byHolder.value, after });
  changes.add({ key: byCreator.key, before: byCreator.value, after });
}

async function read(view: StateView, key: Uint8Array): Promise<StoredRecord> {
  return { key, value: await view.get(key) };
}
