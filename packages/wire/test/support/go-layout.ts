/**
 * Bytes as the Go node lays them out, put together from hex by hand: a second, naive writer to hold the codecs against. An entry is kept as
 * its parts, so that both its forms can be spelled.
 */
export type Part = string | EntryParts;

export interface EntryParts {
  readonly type: number;
  readonly version: number;
  readonly parts: readonly Part[];
}

export function entry(type: number, ...parts: readonly Part[]): EntryParts {
  return { type, version: 0, parts };
}

export function versioned(type: number, version: number, ...parts: readonly Part[]): EntryParts {
  return { type, version, parts };
}

/** The entry that is not there. */
export const nothing = '00';

export function uv(value: number | bigint): string {
  let hex = '';
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) hex += (0x80 | Number(rest & 127n)).toString(16);
  return hex + Number(rest).toString(16).padStart(2, '0');
}

export function iv(value: number | bigint): string {
  const wide = BigInt(value);
  return uv(wide < 0n ? -2n * wide - 1n : 2n * wide);
}

export function ba(hex: string): string {
  return uv(hex.length / 2) + hex;
}

export function u8(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** Flag, length and bytes of a number. */
export function u256(hex: string): string {
  return `01${ba(hex)}`;
}

export function extra(...pairs: readonly (readonly [string, string])[]): string {
  return uv(pairs.length) + pairs.map(([key, value]) => ba(key) + ba(value)).join('');
}

export function spell(part: Part, form: 'stored' | 'checksum'): string {
  if (typeof part === 'string') return part;
  const metadata = form === 'stored' ? uv(part.type) + uv(part.version) : '';
  return `01${metadata}${part.parts.map((each) => spell(each, form)).join('')}`;
}
