import { isIP } from 'node:net';

/** The 4 or 16 bytes of an IP address; `undefined` for a name. */
export function ipBytes(host: string): Uint8Array | undefined {
  const kind = isIP(host);
  if (kind === 4) return Uint8Array.from(host.split('.'), Number);
  if (kind !== 6) return undefined;
  const [head = '', tail] = withoutDots(host.split('%')[0] ?? '').split('::');
  const words = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [words(head), words(tail)];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => '0');
  return Uint8Array.from(
    [...first, ...zeros, ...last].flatMap((word) => {
      const value = Number.parseInt(word, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

/** The text of 4 or 16 bytes; an IPv4 address that is mapped into IPv6 is written as what it is. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return bytes.subarray(12).join('.');
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return words.join(':');
}

/** True for addresses that mean something else on every machine or in every house, and for those that nobody can have. */
export function isLocal(ip: Uint8Array): boolean {
  const [a = 0, b = 0] = ip;
  if (ip.length === 16)
    return (
      ip.subarray(0, 15).every((byte) => byte === 0) || (a & 0xfe) === 0xfc || (a === 0xfe && b >= 0x80) || a === 0xff
    );
  const isPrivate =
    a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128);
  return isPrivate || a === 0 || a === 127 || a >= 224 || (a === 169 && b === 254);
}

function withoutDots(host: string): string {
  const at = host.lastIndexOf(':') + 1;
  if (!host.includes('.')) return host;
  const [a = 0, b = 0, c = 0, d = 0] = host.slice(at).split('.').map(Number);
  return `${host.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
