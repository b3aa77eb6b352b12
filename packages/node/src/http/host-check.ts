import { isIP } from 'node:net';

/**
 * Says whether a Host header may be answered, so that the page of a stranger cannot read a node on loopback by a name that
 * it lets point there (DNS rebinding): on loopback only names of this machine and those in `allowedHosts`. Elsewhere the
 * operator has put the node there for others: addresses and `allowedHosts`, or any name while none is listed.
 */
export function createHostCheck(options: {
  /** Where the server listens. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
}): (hostHeader: string | undefined) => boolean {
  const allowed = new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  const isOnLoopback = isLoopback(options.host);
  return (hostHeader) => {
    const name = hostName(hostHeader);
    if (name === undefined) return false;
    if (allowed.has(name) || isLoopback(name)) return true;
    if (isOnLoopback) return false;
    return allowed.size === 0 || isIP(name) !== 0;
  };
}

/** The name without its port, lower-cased; `undefined` if the header is none. */
function hostName(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:[\]/\\@\s]+)(?::\d{1,5})?$/i.exec(header) ?? [];
  return name?.replace(/^\[|\]$/g, '').toLowerCase();
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
