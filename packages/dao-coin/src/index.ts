export type { DaoCoinContext, DaoCoinMode, DaoCoinTransaction } from './context.js';
export type { BalanceEntry } from './entries/balance-entry.js';
export type { CoinEntry, CoinEntryVersion } from './entries/coin-entry.js';
export type { PkidEntry } from './entries/pkid-entry.js';
export type { ProfileEntry } from './entries/profile-entry.js';
export { DaoCoinError, type DaoCoinErrorCode, type DaoCoinErrorDetails, daoCoinErrors } from './error.js';
export {
  type DaoCoinMetadata,
  type DaoCoinTransferMetadata,
  daoCoinOperations,
  transferRestrictions,
} from './metadata.js';
export type { StateReader, StateView } from './state-view.js';
export type { DaoCoinUndo, UndoRecord } from './undo.js';
