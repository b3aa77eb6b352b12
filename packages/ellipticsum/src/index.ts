export {
  type BackendName,
  type BackendRefusal,
  type BackendSelection,
  type CreateBackendOptions,
  createBackend,
  type SelectedBackend,
} from './create-backend.js';
export { type DomainOptions, defaultDomain } from './domain.js';
export { EllipticSum } from './elliptic-sum.js';
export { EllipticSumError, type EllipticSumErrorCode, ellipticSumErrorCodes } from './errors.js';
export type { HashBackend, HashBatch, HashOptions } from './hash-backend.js';
export { encodedSumBytes, uncompressedSumBytes } from './internal/curve.js';
export type { BackendUnavailableReason } from './kernel/tiers.js';
export { createNobleBackend, type NobleBackendOptions } from './noble-backend.js';
export { type PackedRecords, packRecords, recordCount, unpackRecords } from './packed-records.js';
export { encodeRecord } from './record.js';
export { StateChecksum } from './state-checksum.js';
export { stateRoot } from './state-root.js';
export { createWasmBackend, createWasmSimdBackend, type WasmBackendOptions } from './wasm-backend.js';
