import { equalBytes, toHex } from '@hs/bytes';

/** Throws unless a rule holds. */
export function expectTrue(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless two byte strings, or two absences, are the same. */
export function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array | undefined, what: string): void {
  const isSame = actual === undefined || expected === undefined ? actual === expected : equalBytes(actual, expected);
  expectTrue(isSame, `${what} is ${shown(actual)} instead of ${shown(expected)}`);
}

/** Throws unless two lists of entries are the same. */
export function expectEntries(
  actual: readonly (readonly [Uint8Array, Uint8Array])[],
  expected: readonly (readonly [Uint8Array, Uint8Array])[],
  what: string,
): void {
  expectKeys(
    actual.map(([key]) => key),
    expected.map(([key]) => key),
    what,
  );
  for (const [i, [key, value]] of expected.entries()) {
    expectBytes(actual[i]?.[1], value, `${what}: the value of ${shown(key)}`);
  }
}

/** Throws unless two lists of keys are the same. */
export function expectKeys(actual: readonly Uint8Array[], expected: readonly Uint8Array[], what: string): void {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const of = `of ${actual.length} keys where ${expected.length} are expected`;
    expectBytes(actual[i], expected[i], `${what}: key ${i} ${of}`);
  }
}

/** Bytes as hex, the middle of long ones left out. */
export function shown(bytes: Uint8Array | undefined): string {
  if (!(bytes instanceof Uint8Array) && !ArrayBuffer.isView(bytes)) return String(bytes);
  if (bytes.length <= 40) return toHex(bytes) || 'no bytes';
  return `${toHex(bytes.subarray(0, 16))}..${toHex(bytes.subarray(-8))} (${bytes.length} bytes)`;
}
