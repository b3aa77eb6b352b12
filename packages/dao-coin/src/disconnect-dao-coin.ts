import { equalBytes, toHex } from '@hs/bytes';
import { DaoCoinError } from './error.js';
import { writeRecord } from './internal/change-set.js';
import type { StateView } from './state-view.js';
import type { DaoCoinUndo } from './undo.js';

/**
 * Takes back what {@link connectDaoCoin} or {@link connectDaoCoinTransfer} did: every changed record gets its former
 * bytes. Transactions are taken back in the reverse order of their connects.
 *
 * @throws DAO_COIN_UNDO_MISMATCH if a record is not as the connect left it; the view is unchanged then
 */
export async function disconnectDaoCoin(view: StateView, undo: DaoCoinUndo): Promise<void> {
  for (const { key, after } of undo.records) {
    const current = await view.get(key);
    const isSame = current === undefined || after === undefined ? current === after : equalBytes(current, after);
    if (!isSame) {
      throw new DaoCoinError('DAO_COIN_UNDO_MISMATCH', 'The state is not what the transaction left behind', {
        details: { key: toHex(key) },
      });
    }
  }
  for (const { key, before } of undo.records.toReversed()) writeRecord(view, key, before);
}
