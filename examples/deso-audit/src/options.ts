import { parseArgs } from 'node:util';
import { type AuditNetwork, auditNetwork, networkNames } from './chain/networks.js';
import { type ProtocolVersion, protocolVersions } from './network/handshake.js';

export const usage = `Usage: node dist/main.js HOST[:PORT] [options]
       node dist/main.js --offline [options]

Downloads the state of a DeSo node by hyper sync, computes its checksum, compares it with the one that the node
advertises, and says what that proves. An audit that is stopped goes on where it was when it is started again.

  --network NAME             mainnet (default), testnet or regtest
  --data FOLDER              where everything is kept; default deso-audit-NAME
  --fresh                    forget the state that was downloaded, and download the node's present snapshot
  --offline                  do not connect: compute and report again what was downloaded
  --expect HEX               compare with this checksum, of a node that you trust, instead
  --json                     print the report as JSON
  --protocol VERSION         protocol version to offer: 2 (default) or 1
  --snapshot-period BLOCKS   the node's --snapshot-block-height-period; default 600000
  --pos-height HEIGHT        height at which proof of stake begins, if the node was configured so
  --answer-timeout SECONDS   longest wait for an answer; default 300
  --retries COUNT            connections in a row that may get nothing done; default 5
  --max-restarts COUNT       times the node may go on to its next snapshot meanwhile; default 3
  --max-chunk-mib SIZE       largest answer with state; default 256
  --threads COUNT            threads that hash; default one for each core
  --ask-syncing-node         ask for the snapshot even if the node seems to be syncing; it may crash
  --quiet                    no progress on standard error
  --help                     this text

Exit codes: 0 the checksum is as advertised, or as expected; 1 it is not; 2 bad arguments; 3 the node advertises none;
4 the node cannot be audited; 5 the data folder cannot be used; 130 interrupted.
`;

/** What the program was asked to do. */
export interface Options {
  readonly isHelpWanted: boolean;
  readonly isOffline: boolean;
  readonly isFresh: boolean;
  readonly host: string;
  readonly port: number;
  readonly network: AuditNetwork;
  readonly folder: string;
  readonly expected: string | undefined;
  readonly isJson: boolean;
  readonly protocolVersion: ProtocolVersion;
  readonly snapshotPeriod: number;
  readonly answerTimeoutMs: number;
  readonly maxRetries: number;
  readonly maxRestarts: number;
  readonly maxChunkBytes: number;
  /** Undefined for one for each core. */
  readonly threads: number | undefined;
  readonly isSyncingNodeAsked: boolean;
  readonly isQuiet: boolean;
}

/** @throws Error with a message for the person who typed the arguments */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      network: text,
      data: text,
      offline: flag,
      fresh: flag,
      expect: text,
      json: flag,
      protocol: text,
      'snapshot-period': text,
      'pos-height': text,
      'answer-timeout': text,
      retries: text,
      'max-restarts': text,
      'max-chunk-mib': text,
      threads: text,
      'ask-syncing-node': flag,
      quiet: flag,
      help: flag,
    },
  });
  const isHelpWanted = values.help ?? false;
  const isOffline = values.offline ?? false;
  if (isOffline && values.fresh)
    throw new Error('--fresh needs a node to download from, so it does not go with --offline');
  const name = oneOf('--network', values.network ?? 'mainnet', networkNames);
  const posHeight = values['pos-height'];
  const network = auditNetwork(
    name,
    posHeight === undefined ? undefined : number('--pos-height', posHeight, 1, 2 ** 32 - 1),
  );
  if (!isHelpWanted && positionals.length !== (isOffline ? 0 : 1)) {
    throw new Error(isOffline ? '--offline takes no address' : `expected one address, got ${positionals.length}`);
  }
  const version = oneOf('--protocol', values.protocol ?? '2', ['1', '2']);
  return {
    isHelpWanted,
    isOffline,
    isFresh: values.fresh ?? false,
    ...addressOf(positionals[0] ?? 'localhost', network.wire.defaultPort),
    network,
    folder: values.data ?? `deso-audit-${name}`,
    expected: values.expect === undefined ? undefined : checksumOf(values.expect),
    isJson: values.json ?? false,
    protocolVersion: version === '1' ? protocolVersions[0] : protocolVersions[1],
    snapshotPeriod: number('--snapshot-period', values['snapshot-period'] ?? '600000', 1, 2 ** 32 - 1),
    answerTimeoutMs: 1000 * number('--answer-timeout', values['answer-timeout'] ?? '300', 1, 86_400),
    maxRetries: number('--retries', values.retries ?? '5', 0, 1_000_000),
    maxRestarts: number('--max-restarts', values['max-restarts'] ?? '3', 0, 1_000_000),
    maxChunkBytes: 1024 * 1024 * number('--max-chunk-mib', values['max-chunk-mib'] ?? '256', 1, 1000),
    threads: values.threads === undefined ? undefined : number('--threads', values.threads, 1, 1024),
    isSyncingNodeAsked: values['ask-syncing-node'] ?? false,
    isQuiet: values.quiet ?? false,
  };
}

/** `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`. */
function addressOf(address: string, defaultPort: number): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(address);
  if (match === null) throw new Error(`the address is HOST, HOST:PORT or [IPv6]:PORT, not ${address}`);
  const [, ipv6, host, port] = match;
  return {
    host: (ipv6 ?? host) as string,
    port: port === undefined ? defaultPort : number('the port', port, 1, 65_535),
  };
}

function checksumOf(text: string): string {
  const checksum = text.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(checksum)) throw new Error('--expect takes 64 hex digits');
  if (/^0*$/.test(checksum))
    throw new Error('--expect: a checksum of zero stands for no state, or for no checksum; it proves nothing');
  return checksum;
}

function number(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Error(`${name} takes a number from ${min} to ${max}, not ${text}`);
  return value;
}

function oneOf<T extends string>(name: string, text: string, values: readonly T[]): T {
  const value = values.find((each) => each === text);
  if (value === undefined)
    throw new Error(`${name} is ${values.slice(0, -1).join(', ')} or ${values.at(-1)}, not ${text}`);
  return value;
}
