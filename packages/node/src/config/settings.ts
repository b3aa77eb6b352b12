import type { BackendName } from '@hs/ellipticsum';
import type { LogFormat } from '../log/open-log.js';
import { formatAddress, parseAddress } from '../network/address.js';
import type { HostAndPort } from '../network/transport.js';
import type { SyncMode } from '../sync/sync-manager.js';
import { parseTrustedChecksum, type TrustedChecksum } from '../sync/trusted-checksums.js';
import { parseTrustedRoot, type TrustedRoot } from '../sync/trusted-roots.js';
import { choice, integer, list, optional, type Setting, text, value } from './setting.js';

/** All settings that `hs-node` has: each can be a flag, an environment variable, or a key of the config file. */
export interface NodeSettings {
  /** File with the chain spec. */
  readonly chain: string;
  /** Folder of the database. */
  readonly data: string;
  readonly listen: HostAndPort | undefined;
  readonly http: HostAndPort | undefined;
  /** Names under which the HTTP server may be asked, beside those of this machine. */
  readonly httpHosts: readonly string[];
  readonly connect: readonly string[];
  readonly peerExchange: 'on' | 'off';
  readonly advertise: HostAndPort | undefined;
  readonly sync: SyncMode;
  readonly trustedRoots: readonly TrustedRoot[];
  readonly trustedChecksums: readonly TrustedChecksum[];
  readonly agreeingPeers: number | undefined;
  readonly allowUnpinnedSync: 'on' | 'off';
  /** Bytes of state that may be downloaded before anything of it is proved. */
  readonly maxUnprovedBytes: number;
  /** File with a producer's private key in hex. */
  readonly producerKey: string | undefined;
  readonly blockIntervalMs: number;
  /** Bytes of one chunk of a download. */
  readonly chunkBytes: number;
  readonly cacheBytes: number;
  /** Bytes a second of the database that are verified while the node runs; undefined for none. */
  readonly scrubBytesPerSecond: number | undefined;
  readonly hashBackend: BackendName | 'auto';
  readonly hashThreads: number | 'all' | 'all-but-one';
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly logFormat: LogFormat;
  /** File for the log; standard output if not given. */
  readonly logFile: string | undefined;
  /** Base URL of a running node, for commands that ask one. */
  readonly url: string | undefined;
  /** File with the private key that signs transactions. */
  readonly key: string;
}

/** The one table of settings: help, documentation, `config print` and all three sources read it. */
export const nodeSettings: { readonly [Name in keyof NodeSettings]: Setting<NodeSettings[Name]> } = {
  chain: text('chain', { placeholder: 'FILE', help: 'chain spec, a JSON file' }),
  data: text('data', { placeholder: 'FOLDER', help: 'folder of the database', default: './hs-node-data' }),
  listen: value('listen', addressOrOff, {
    placeholder: 'HOST:PORT',
    help: 'where peers connect, or "off"; port 0 takes a free one',
    default: '127.0.0.1:18000',
  }),
  http: value('http', addressOrOff, {
    placeholder: 'HOST:PORT',
    help: 'where the HTTP server listens, or "off"; commands that ask a node find it there',
    default: '127.0.0.1:18001',
  }),
  httpHosts: list('http-host', hostName, {
    placeholder: 'NAME',
    help: 'a name under which the HTTP server may be asked, beside those of this machine',
  }),
  connect: list('connect', peerAddress, { placeholder: 'HOST:PORT', help: 'a peer to stay connected to' }),
  peerExchange: choice('peer-exchange', ['on', 'off'], {
    help: 'on: ask peers for addresses and dial some of them; off',
    default: 'off',
  }),
  advertise: optional(
    value('advertise', addressOrOff, {
      placeholder: 'HOST:PORT',
      help: 'where others reach this node, told to peers by peer exchange',
    }),
  ),
  sync: choice('sync', ['hyper', 'block'], {
    help: 'hyper: download a snapshot if that is shorter; block: execute all blocks. Nothing else decides it',
    default: 'hyper',
  }),
  trustedRoots: list('trusted-root', parseTrustedRoot, {
    placeholder: 'HEIGHT:ROOT',
    help: 'the state root that the header at HEIGHT must have',
  }),
  trustedChecksums: list('trusted-checksum', parseTrustedChecksum, {
    placeholder: 'HEIGHT:SUM',
    help: 'the checksum of the whole state at a snapshot, for a chain whose headers carry no roots',
  }),
  agreeingPeers: optional(
    integer('agreeing-peers', { help: 'so many peers named by --connect must agree on a checksum, for such a chain' }),
  ),
  allowUnpinnedSync: choice('allow-unpinned-sync', ['off', 'on'], {
    help: "on: take any peer's word for the state of such a chain; off",
    default: 'off',
  }),
  maxUnprovedBytes: integer('max-unproved-bytes', {
    help: 'bytes of state that may be downloaded before anything of it is proved',
    default: '68719476736',
  }),
  producerKey: optional(
    text('producer-key', { placeholder: 'FILE', help: 'private key of a producer, as `keys generate` writes it' }),
  ),
  blockIntervalMs: integer('block-interval-ms', { help: 'time between blocks of a producer', default: '1000' }),
  chunkBytes: integer('chunk-bytes', { help: 'bytes of records asked for at once', default: '2097152' }),
  cacheBytes: integer('cache-bytes', { help: 'bytes of state values kept in memory', default: '134217728' }),
  scrubBytesPerSecond: value('scrub', mebibytesOrOff, {
    placeholder: 'MIB',
    help: 'verify the database while the node runs, reading at most so many MiB a second, or "off"',
    default: 'off',
  }),
  hashBackend: choice('hash-backend', ['auto', 'wasm-simd', 'wasm', 'noble'], {
    help: 'auto, wasm-simd, wasm or noble; auto takes the fastest that works',
    default: 'auto',
  }),
  hashThreads: value('hash-threads', threads, {
    placeholder: 'NUMBER',
    help: 'all, all-but-one, or a number of threads for hashing',
    default: 'all',
  }),
  logLevel: choice('log-level', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
    help: 'trace, debug, info, warn, error or silent',
    default: 'info',
  }),
  logFormat: choice('log-format', ['auto', 'json', 'pretty'], {
    help: 'json: one object a line; pretty: for people; auto: pretty on a terminal, else json',
    default: 'auto',
  }),
  logFile: optional(text('log-file', { placeholder: 'FILE', help: 'file for the log instead of standard output' })),
  url: optional(
    value('url', baseUrl, { placeholder: 'URL', help: 'a running node to ask; without it, the one at --http' }),
  ),
  key: text('key', { placeholder: 'FILE', help: 'private key that signs, as `keys generate` writes it' }),
};

/** Those that `hs-node run` takes. */
export type RunConfig = Omit<NodeSettings, 'url' | 'key'>;

/** Names of {@link RunConfig}, in the order of the table. */
export const runSettings: readonly (keyof RunConfig)[] = Object.keys(nodeSettings).filter(
  (name): name is keyof RunConfig => name !== 'url' && name !== 'key',
);

function addressOrOff(given: string): HostAndPort | undefined {
  return given === 'off' ? undefined : parseAddress(given, { isPortZeroAllowed: true });
}

function hostName(given: string): string {
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(given))
    throw new RangeError(`must be a host name without a port, not "${given}"`);
  return given;
}

function peerAddress(given: string): string {
  return formatAddress(parseAddress(given));
}

function mebibytesOrOff(given: string): number | undefined {
  if (given === 'off') return undefined;
  const mebibytes = /^\d{1,4}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  if (mebibytes === 0) throw new RangeError(`must be a number of MiB such as 8 or 0.5, or off, not "${given}"`);
  return Math.ceil(mebibytes * 1024 * 1024);
}

function threads(given: string): number | 'all' | 'all-but-one' {
  if (given === 'all' || given === 'all-but-one') return given;
  const number = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (number < 1 || number > 1024) throw new RangeError('must be all, all-but-one, or a number from 1 to 1024');
  return number;
}

function baseUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new RangeError(`must be a URL such as http://127.0.0.1:18001, not "${given}"`);
  }
  return url.href.replace(/\/+$/, '');
}
