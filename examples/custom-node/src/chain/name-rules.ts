import type { ExecutionView } from '@hs/node';
import type { Transaction } from '@hs/wire';
import {
  decodeNameEntry,
  decodeSequence,
  encodeNameEntry,
  encodeSequence,
  nameKey,
  ownedNameKey,
  sequenceKey,
} from './name-state.js';
import type { NameAction } from './name-transactions.js';
import { refused } from './refusal.js';

const nothing = new Uint8Array(0);

/**
 * Checks the order of a key's transactions: this one is the next, after those in the state and `waiting` more.
 *
 * @throws NODE_TRANSACTION_REFUSED
 */
export async function checkSequence(
  transaction: Transaction,
  view: ExecutionView,
  { height, waiting = 0 }: { readonly height: number; readonly waiting?: number },
): Promise<bigint> {
  const { expirationBlockHeight, partialId } = transaction.nonce;
  if (expirationBlockHeight < BigInt(height)) throw refused('Expired', `too late for block ${height}`);
  const next = decodeSequence(await view.get(sequenceKey(transaction.publicKey))) + BigInt(waiting);
  if (partialId !== next) throw refused('Sequence', `transaction ${partialId} of its key, not ${next}`);
  return next;
}

/** Does what a checked transaction says: the whole of the chain's business. @throws NODE_TRANSACTION_REFUSED */
export async function apply(
  transaction: Transaction,
  action: NameAction,
  { view, height }: { readonly view: ExecutionView; readonly height: number },
): Promise<void> {
  const { publicKey: sender } = transaction;
  const sequence = await checkSequence(transaction, view, { height });
  const { name } = action;
  const stored = await view.get(nameKey(name));
  const entry = stored === undefined ? undefined : decodeNameEntry(stored);

  if (action.kind === 'claim') {
    if (entry !== undefined) throw refused('NameTaken', `${name} has an owner`);
    view.set(nameKey(name), encodeNameEntry({ owner: sender, text: action.text }));
    view.set(ownedNameKey(sender, name), nothing);
  } else {
    if (entry === undefined || !isEqual(entry.owner, sender)) throw refused('NotOwner', `${name} is not the sender's`);
    if (action.kind === 'write') {
      view.set(nameKey(name), encodeNameEntry({ owner: sender, text: action.text }));
    } else {
      view.delete(ownedNameKey(sender, name));
      if (action.kind === 'release') view.delete(nameKey(name));
      else {
        view.set(nameKey(name), encodeNameEntry({ owner: action.to, text: entry.text }));
        view.set(ownedNameKey(action.to, name), nothing);
      }
    }
  }
  view.set(sequenceKey(sender), encodeSequence(sequence + 1n));
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
