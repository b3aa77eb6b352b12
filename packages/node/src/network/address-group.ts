import { isIP } from 'node:net';

/**
 * What one owner of addresses can have many of at little cost: the /24 of an IPv4 address, the /64 of an IPv6 address. A
 * host name is a group of its own.
 */
export function addressGroup(host: string): string {
  const kind = isIP(host);
  if (kind === 4) return `${host.split('.').slice(0, 3).join('.')}.0/24`;
  if (kind !== 6) return host;
  const [head = '', tail] = (host.split('%')[0] ?? host).toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two groups of digits.
  const missing = tail === undefined ? 0 : 8 - first.length - last.length - (host.includes('.') ? 1 : 0);
  const all = [...first, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...last];
  return `${all
    .slice(0, 4)
    .map((digits) => digits.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
