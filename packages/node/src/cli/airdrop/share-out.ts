/** Somebody with a part in what is shared out. */
export interface Holding {
  /** Public key in hex. */
  readonly holder: string;
  readonly weight: bigint;
}

/**
 * Shares `total` out in proportion to weights, exactly: each gets the whole part of his share, and what is left over goes, one
 * unit each, to the largest remainders (of equal ones, to the lower key).
 *
 * @throws RangeError without any weight
 */
export function shareOut(total: bigint, holdings: readonly Holding[]): bigint[] {
  const sum = holdings.reduce((sumSoFar, { weight }) => sumSoFar + weight, 0n);
  if (sum <= 0n) throw new RangeError('nobody has a part in it');
  const amounts = holdings.map(({ weight }) => (total * weight) / sum);
  let left = total - amounts.reduce((sumSoFar, amount) => sumSoFar + amount, 0n);
  const byRemainder = holdings
    .map(({ holder, weight }, index) => ({ index, holder, remainder: (total * weight) % sum }))
    .sort((a, b) =>
      a.remainder === b.remainder ? (a.holder < b.holder ? -1 : 1) : a.remainder > b.remainder ? -1 : 1,
    );
  for (const { index } of byRemainder) {
    if (left === 0n) break;
    amounts[index] = (amounts[index] as bigint) + 1n;
    left--;
  }
  return amounts;
}
