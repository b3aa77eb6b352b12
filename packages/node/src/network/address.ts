import { NodeError } from '../node-error.js';
import type { HostAndPort } from './transport.js';

/**
 * Reads `host:port`; an IPv6 address stands in brackets. Port 0, which lets the system choose, is for listening only.
 *
 * @throws NODE_CONFIGURATION if `text` is no such address
 */
export function parseAddress(text: string, options: { readonly isPortZeroAllowed?: boolean } = {}): HostAndPort {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= (options.isPortZeroAllowed ? 0 : 1) && port <= 65_535)) {
    throw new NodeError('NODE_CONFIGURATION', `"${text}" is no address: write host:port, or [host]:port for IPv6`, {
      details: { address: text },
    });
  }
  return { host: host.toLowerCase(), port };
}

/** The text that {@link parseAddress} reads. */
export function formatAddress({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
