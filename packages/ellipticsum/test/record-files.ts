/** Record files written by the plainest code there is, for the tests of their readers. */
export type KeyValue = readonly [key: Uint8Array, value: Uint8Array];

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function uvarint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...uvarint(Math.floor(value / 0x80))];
}

export function binaryFile(records: Iterable<KeyValue>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) {
    parts.push(Uint8Array.from(uvarint(key.length)), key, Uint8Array.from(uvarint(value.length)), value);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

export function jsonLinesFile(records: Iterable<KeyValue>): Uint8Array {
  const lines = [...records].map(([key, value]) => `{"key":"${toHex(key)}","value":"${toHex(value)}"}\n`);
  return Uint8Array.from(Buffer.from(lines.join('')));
}
