/** The largest amount and the supply cap of a DAO coin, in base units. */
export const maxUint256: bigint = 2n ** 256n - 1n;

/** Base units in one coin. */
export const baseUnitsPerCoin: bigint = 10n ** 18n;

/** @throws RangeError unless `value` is an integer in 0..2^256-1 */
export function requireUint256(value: bigint, name: string): void {
  if (typeof value !== 'bigint' || value < 0n || value > maxUint256) {
    throw new RangeError(`${name} must be a bigint in 0..2^256-1`);
  }
}

/** @throws RangeError unless `value` is an integer in 0..255 */
export function requireByte(value: number, name: string): void {
  if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`${name} must be a byte`);
}
