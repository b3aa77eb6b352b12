import { DaoCoinError } from './error.js';
import { baseUnitsPerCoin, maxUint256, requireUint256 } from './uint256.js';

const decimals = 18;
/** As many digits as the largest amount has, a point, and all decimals. */
const maxTextLength = 60 + 1 + decimals;

/**
 * An amount of base units as coins: plain decimal digits, exact, without trailing zeros. 1.5 coins are `1.5`.
 *
 * @throws RangeError unless the amount is an integer in 0..2^256-1
 */
export function formatCoins(baseUnits: bigint): string {
  requireUint256(baseUnits, 'baseUnits');
  const whole = baseUnits / baseUnitsPerCoin;
  const fraction = String(baseUnits % baseUnitsPerCoin)
    .padStart(decimals, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

/**
 * The base units in an amount of coins such as `1`, `0.25` or `1000000.000000000000000001`.
 *
 * Never rounds: more than 18 decimals, signs, exponents, spaces and separators are errors, as is more than 2^256-1 base units.
 *
 * @throws DAO_COIN_MALFORMED_AMOUNT
 */
export function parseCoins(text: string): bigint {
  if (typeof text !== 'string') throw new TypeError('expected a text');
  if (text.length > maxTextLength) throw malformedAmount(`${text.length} characters are more than ${maxTextLength}`);
  const match = /^(0|[1-9]\d*)(?:\.(\d{1,18}))?$/.exec(text);
  if (match === null) throw malformedAmount('expected digits, and at most 18 more after a point');
  const [, whole = '', fraction = ''] = match;
  const baseUnits = BigInt(whole + fraction.padEnd(decimals, '0'));
  if (baseUnits > maxUint256) throw malformedAmount('more than 2^256-1 base units');
  return baseUnits;
}

function malformedAmount(problem: string): DaoCoinError {
  return new DaoCoinError('DAO_COIN_MALFORMED_AMOUNT', `Not an amount of coins: ${problem}`, { details: { problem } });
}
