import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { baseUnitsPerCoin, formatCoins, maxUint256, parseCoins } from '../src/index.js';

const malformed = expect.objectContaining({ code: 'DAO_COIN_MALFORMED_AMOUNT' });
const uint256 = fc.oneof(fc.bigInt({ min: 0n, max: maxUint256 }), fc.bigInt({ min: 0n, max: 10n ** 20n }));

describe('amounts of coins', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000000000000000001'],
    [10n ** 17n, '0.1'],
    [baseUnitsPerCoin, '1'],
    [15n * 10n ** 17n, '1.5'],
    [1_000_000n * baseUnitsPerCoin + 1n, '1000000.000000000000000001'],
    [maxUint256, '115792089237316195423570985008687907853269984665640564039457.584007913129639935'],
  ])('%s base units are %s coins, both ways', (baseUnits, text) => {
    expect(formatCoins(baseUnits)).toBe(text);
    expect(parseCoins(text)).toBe(baseUnits);
  });

  test('zeros at the end of the decimals change nothing', () => {
    expect(parseCoins('1.500000000000000000')).toBe(parseCoins('1.5'));
    expect(parseCoins('0.0')).toBe(0n);
  });

  test.each([
    '',
    '.',
    '.5',
    '5.',
    '-1',
    '+1',
    '01',
    '00.1',
    '1e18',
    '1,000',
    '1_000',
    ' 1',
    '1 ',
    '1\n',
    '0x10',
    '1.2.3',
    'NaN',
    'Infinity',
    '१',
    '1.0000000000000000001',
    '115792089237316195423570985008687907853269984665640564039457.584007913129639936',
    '9'.repeat(61),
    `0.${'0'.repeat(100_000)}`,
  ])('%j is the typed error', (text) => {
    expect(() => parseCoins(text)).toThrow(malformed);
  });

  test('what is no text, and an amount outside uint256, are mistakes of the caller', () => {
    expect(() => parseCoins(5 as unknown as string)).toThrow(expect.objectContaining({ name: 'TypeError' }));
    for (const amount of [-1n, maxUint256 + 1n, 1 as unknown as bigint]) {
      expect(() => formatCoins(amount)).toThrow(expect.objectContaining({ name: 'RangeError' }));
    }
  });

  test('parsing is the inverse of formatting, and the text is the shortest', () => {
    fc.assert(
      fc.property(uint256, (amount) => {
        const text = formatCoins(amount);
        expect(parseCoins(text)).toBe(amount);
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/);
      }),
    );
  });

  test('any text is an amount or the typed error, and an amount says what its digits say', () => {
    const digits = fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', 'e'), maxLength: 24 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (text) => {
        let amount: bigint;
        try {
          amount = parseCoins(text);
        } catch (error) {
          expect(error).toEqual(malformed);
          return;
        }
        const [whole = '', fraction = ''] = text.split('.');
        expect(BigInt(whole) * baseUnitsPerCoin + BigInt(fraction.padEnd(18, '0'))).toBe(amount);
      }),
      { numRuns: 1000 },
    );
  });
});
