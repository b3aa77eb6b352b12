import { readU64be, u64be } from '@hs/bytes';
import type { ExecutionView } from '../chain/chain.js';
import { NodeError } from '../node-error.js';
import { transactionRefusal } from './refusal.js';
import { balanceKey } from './state-keys.js';

const maxUint64 = 0xffff_ffff_ffff_ffffn;

/** The balance of a public key in nanos; 0 without a record. */
export async function balanceOfPublicKey(view: Pick<ExecutionView, 'get'>, publicKey: Uint8Array): Promise<bigint> {
  const value = await view.get(balanceKey(publicKey));
  if (value === undefined) return 0n;
  if (value.length !== 8) {
    throw new NodeError('NODE_DATABASE', 'a stored balance has not 8 bytes', { details: { length: value.length } });
  }
  return readU64be(value);
}

/** Takes `amount` from a balance. @throws NODE_TRANSACTION_REFUSED if there is less */
export async function debit(view: ExecutionView, publicKey: Uint8Array, amount: bigint): Promise<void> {
  const balance = await balanceOfPublicKey(view, publicKey);
  if (balance < amount) {
    throw transactionRefusal('RuleErrorInsufficientBalance', 'the signer has less than the outputs and the fee', {
      details: { balanceNanos: String(balance), spendNanos: String(amount) },
    });
  }
  writeBalance(view, publicKey, balance - amount);
}

/** Adds `amount` to a balance. @throws NODE_TRANSACTION_REFUSED above 2^64-1 */
export async function credit(view: ExecutionView, publicKey: Uint8Array, amount: bigint): Promise<void> {
  if (amount === 0n) return;
  const balance = (await balanceOfPublicKey(view, publicKey)) + amount;
  if (balance > maxUint64) throw transactionRefusal('BalanceOverflow', 'the balance would be above 2^64-1');
  writeBalance(view, publicKey, balance);
}

function writeBalance(view: ExecutionView, publicKey: Uint8Array, balance: bigint): void {
  const key = balanceKey(publicKey);
  if (balance === 0n) view.delete(key);
  else view.set(key, u64be(balance));
}
