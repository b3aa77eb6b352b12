import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fixedUint256Codec, minimalUint256Codec, variableUint256Codec } from '../src/index.js';
import { bytes, hex, thrownBy } from './support/hex.js';

const max = 2n ** 256n - 1n;
const codecs = { variable: variableUint256Codec, fixed: fixedUint256Codec, minimal: minimalUint256Codec };

describe('uint256', () => {
  test.each([
    ['variable', 0n, '0100'],
    ['variable', 598_128_756n, '010423a6b874'],
    ['variable', max, `0120${'ff'.repeat(32)}`],
    ['fixed', 0n, `20${'00'.repeat(32)}`],
    ['fixed', 598_128_756n, `20${'00'.repeat(28)}23a6b874`],
    ['fixed', max, `20${'ff'.repeat(32)}`],
    ['minimal', 0n, '00'],
    ['minimal', 598_128_756n, '0423a6b874'],
    ['minimal', max, `20${'ff'.repeat(32)}`],
  ] as const)('%s form of %p', (form, value, encoded) => {
    expect(hex(codecs[form].encode(value))).toBe(encoded);
    expect(codecs[form].decode(bytes(encoded))).toBe(value);
  });

  test('nothing is a zero byte in the forms that can say it', () => {
    for (const codec of [variableUint256Codec, fixedUint256Codec]) {
      expect(hex(codec.encode(undefined))).toBe('00');
      expect(codec.decode(bytes('00'))).toBeUndefined();
    }
    expect(minimalUint256Codec.decode(bytes('00'))).toBe(0n);
  });

  test.each([
    ['variable', '0121', 'WIRE_LIMIT_EXCEEDED'],
    ['variable', '01', 'WIRE_TRUNCATED'],
    ['variable', '01020102ff', 'WIRE_TRAILING_BYTES'],
    ['fixed', '1f', 'WIRE_INVALID_VALUE'],
    ['fixed', '21', 'WIRE_LIMIT_EXCEEDED'],
    ['fixed', '20ff', 'WIRE_TRUNCATED'],
    ['minimal', '21', 'WIRE_LIMIT_EXCEEDED'],
    ['minimal', '', 'WIRE_TRUNCATED'],
  ] as const)('%s form refuses %s', (form, encoded, code) => {
    expect(thrownBy(() => codecs[form].decode(bytes(encoded)))).toMatchObject({ name: 'WireError', code });
  });

  test.each(Object.entries(codecs))('%s form: round trips, and refuses what has more than 256 bits', (_form, codec) => {
    fc.assert(fc.property(fc.bigInt(0n, max), (value) => codec.decode(codec.encode(value)) === value));
    expect(() => codec.encode(max + 1n)).toThrow(RangeError);
    expect(() => codec.encode(-1n)).toThrow(RangeError);
  });

  test('the fixed form sorts as the numbers do', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, max), fc.bigInt(0n, max), (a, b) => {
        const [first, second] = [hex(fixedUint256Codec.encode(a)), hex(fixedUint256Codec.encode(b))];
        return a < b === first < second;
      }),
    );
  });
});
