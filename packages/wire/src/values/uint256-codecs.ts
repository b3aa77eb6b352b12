import type { Codec } from '../codec.js';
import { codecOf } from '../internal/field.js';
import { fixedUint256, minimalUint256, optionalUint256 } from './internal/entry-field.js';

/** As in most entries: a flag, then a length and big-endian bytes without leading zeros; a zero flag alone for nothing. */
export const variableUint256Codec: Codec<bigint | undefined> = /* @__PURE__ */ codecOf(optionalUint256, 'uint256');

/** As in keys that must sort by the number: a length of 32 and 32 big-endian bytes; a zero alone for nothing. */
export const fixedUint256Codec: Codec<bigint | undefined> = /* @__PURE__ */ codecOf(fixedUint256, 'uint256');

/** As in the metadata of DAO coin transactions and in locked balances: a length and big-endian bytes, without a flag. */
export const minimalUint256Codec: Codec<bigint> = /* @__PURE__ */ codecOf(minimalUint256, 'uint256');
