import { ipBytes, ipText } from './ip-address.js';

/**
 * What one owner of addresses can have many of at little cost: the /24 of an IPv4 address, the /64 of an IPv6 address. A
 * host name is a group of its own.
 */
export function addressGroup(host: string): string {
  const bytes = ipBytes(host);
  if (bytes === undefined) return host;
  const kept = bytes.length === 4 ? 3 : 8;
  return `${ipText(bytes.map((byte, i) => (i < kept ? byte : 0)))}/${8 * kept}`;
}
