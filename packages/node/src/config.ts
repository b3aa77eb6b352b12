import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BackendName } from '@hs/ellipticsum';
import type { HostAndPort } from './network/transport.js';
import { parseAddress } from './network/transport.js';
import { NodeError } from './node-error.js';
import type { SyncMode } from './sync/sync-manager.js';
import { parseTrustedRoot, type TrustedRoot } from './sync/trusted-roots.js';

/** Settings of `hs-node run`. */
export interface RunConfig {
  /** File with the chain spec. */
  readonly chain: string;
  /** Folder of the database. */
  readonly data: string;
  readonly listen: HostAndPort | undefined;
  readonly http: HostAndPort | undefined;
  readonly connect: readonly string[];
  readonly peerExchange: 'on' | 'off';
  readonly advertise: HostAndPort | undefined;
  readonly sync: SyncMode;
  readonly trustedRoots: readonly TrustedRoot[];
  /** File with a producer's private key in hex. */
  readonly producerKey: string | undefined;
  readonly blockIntervalMs: number;
  /** Bytes of one chunk of a download. */
  readonly chunkBytes: number;
  readonly cacheBytes: number;
  readonly hashBackend: BackendName | 'auto';
  readonly hashThreads: number | 'all' | 'all-but-one';
  readonly logLevel: string;
  /** File for the log; standard output if not given. */
  readonly logFile: string | undefined;
}

interface Setting {
  readonly type: 'string' | 'list' | 'integer';
  readonly help: string;
  readonly default?: string;
}

/** Every setting once: the flag, the environment variable and the key in the config file come from its name. */
const settings: Readonly<Record<string, Setting>> = {
  chain: { type: 'string', help: 'chain spec, a JSON file' },
  data: { type: 'string', help: 'folder of the database', default: './hs-node-data' },
  listen: {
    type: 'string',
    help: 'host:port for peers, or "off"; port 0 takes a free one',
    default: '127.0.0.1:18000',
  },
  http: { type: 'string', help: 'host:port for /status and /healthz, or "off"', default: '127.0.0.1:18001' },
  connect: { type: 'list', help: 'host:port of a peer to stay connected to; may be repeated' },
  'peer-exchange': { type: 'string', help: 'on: ask peers for addresses and dial some of them; off', default: 'off' },
  advertise: { type: 'string', help: 'host:port at which others reach this node, told to peers by peer exchange' },
  sync: { type: 'string', help: 'hyper: download a snapshot if that is shorter; block: all blocks', default: 'hyper' },
  'trusted-root': {
    type: 'list',
    help: 'HEIGHT:ROOT, the state root that the header at HEIGHT must have; may be repeated',
  },
  'producer-key': { type: 'string', help: 'file with the private key (hex) of a producer' },
  'block-interval-ms': { type: 'integer', help: 'time between blocks of a producer', default: '1000' },
  'chunk-bytes': { type: 'integer', help: 'bytes of records asked for at once', default: '2097152' },
  'cache-bytes': { type: 'integer', help: 'bytes of state values kept in memory', default: '67108864' },
  'hash-backend': {
    type: 'string',
    help: 'auto, wasm-simd, wasm or noble; auto takes the fastest that works',
    default: 'auto',
  },
  'hash-threads': {
    type: 'string',
    help: 'all, all-but-one, or a number of threads for hashing',
    default: 'all-but-one',
  },
  'log-level': { type: 'string', help: 'trace, debug, info, warn, error or silent', default: 'info' },
  'log-file': { type: 'string', help: 'file for the log instead of standard output' },
};

const hashBackends = ['auto', 'wasm-simd', 'wasm', 'noble'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** The settings as a table for `--help`. */
export function describeSettings(): string {
  return Object.entries(settings)
    .map(([name, { help, default: preset }]) => {
      const flag = `  --${name}`.padEnd(24);
      return `${flag}${help}${preset === undefined ? '' : ` (default ${preset})`}`;
    })
    .join('\n');
}

/**
 * Settings from flags, then environment (`HS_NODE_LOG_LEVEL`), then the JSON file that `--config` names, then defaults.
 *
 * @throws NODE_CONFIGURATION naming the setting, where it came from and what is expected
 */
export function readRunConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): RunConfig {
  const flags = parseFlags(args);
  const file = readConfigFile(flags['config'] as string | undefined);
  const lookUp = (name: string): { value: unknown; source: string } => {
    const variable = `HS_NODE_${name.toUpperCase().replaceAll('-', '_')}`;
    if (flags[name] !== undefined) return { value: flags[name], source: `--${name}` };
    if (environment[variable] !== undefined) return { value: environment[variable], source: variable };
    if (file[name] !== undefined) return { value: file[name], source: 'the config file' };
    return { value: settings[name]?.default, source: 'the default' };
  };
  const text = (name: string): string | undefined => {
    const { value, source } = lookUp(name);
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(name, source, 'a string');
  };
  const integer = (name: string): number => {
    const { value, source } = lookUp(name);
    const number = typeof value === 'number' ? value : /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number <= 0) throw invalid(name, source, 'a positive integer');
    return number;
  };
  const list = <Item>(name: string, expected: string, read: (text: string) => Item): Item[] => {
    const { value, source } = lookUp(name);
    if (value === undefined) return [];
    const items = typeof value === 'string' ? value.split(',') : value;
    if (!Array.isArray(items) || items.some((item) => typeof item !== 'string')) {
      throw invalid(name, source, `a list of ${expected}`);
    }
    return items.map((item: string) => checked(name, source, () => read(item)));
  };
  const oneOf = <Value extends string>(name: string, allowed: readonly Value[]): Value => {
    const value = text(name);
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw invalid(name, lookUp(name).source, `one of ${allowed.join(', ')}`);
    return found;
  };
  const threads = (name: string): number | 'all' | 'all-but-one' => {
    const value = text(name);
    if (value === 'all' || value === 'all-but-one') return value;
    if (value === undefined || !/^\d{1,4}$/.test(value) || Number(value) < 1 || Number(value) > 1024) {
      throw invalid(name, lookUp(name).source, 'all, all-but-one, or a number from 1 to 1024');
    }
    return Number(value);
  };
  const address = (name: string): HostAndPort | undefined => {
    const value = text(name);
    if (value === undefined || value === 'off') return undefined;
    return checked(name, lookUp(name).source, () => parseAddress(value, { isPortZeroAllowed: true }));
  };

  const chain = text('chain');
  if (chain === undefined) {
    throw new NodeError('NODE_CONFIGURATION', 'no chain spec: name its file with --chain', {
      details: { name: 'chain' },
    });
  }
  return {
    chain,
    data: text('data') ?? '',
    listen: address('listen'),
    http: address('http'),
    connect: list('connect', 'host:port', (item) => {
      parseAddress(item);
      return item;
    }),
    peerExchange: oneOf('peer-exchange', ['on', 'off'] as const),
    advertise: address('advertise'),
    sync: oneOf('sync', ['hyper', 'block'] as const),
    trustedRoots: list('trusted-root', 'HEIGHT:ROOT', parseTrustedRoot),
    producerKey: text('producer-key'),
    blockIntervalMs: integer('block-interval-ms'),
    chunkBytes: integer('chunk-bytes'),
    cacheBytes: integer('cache-bytes'),
    hashBackend: oneOf('hash-backend', hashBackends),
    hashThreads: threads('hash-threads'),
    logLevel: oneOf('log-level', logLevels),
    logFile: text('log-file'),
  };
}

function parseFlags(args: readonly string[]): Record<string, unknown> {
  const options: Record<string, { type: 'string'; multiple?: boolean }> = { config: { type: 'string' } };
  for (const [name, { type }] of Object.entries(settings)) {
    options[name] = type === 'list' ? { type: 'string', multiple: true } : { type: 'string' };
  }
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function readConfigFile(path: string | undefined): Record<string, unknown> {
  if (path === undefined) return {};
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot read the config file ${path}`, { cause, details: { path } });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new NodeError('NODE_CONFIGURATION', `the config file ${path} is not a JSON object`, { details: { path } });
  }
  for (const name of Object.keys(content)) {
    if (!(name in settings)) {
      throw new NodeError('NODE_CONFIGURATION', `the config file ${path} has an unknown setting: ${name}`, {
        details: { path, name },
      });
    }
  }
  return content as Record<string, unknown>;
}

/** Says which setting a text that cannot be read came from. */
function checked<Value>(name: string, source: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('NODE_CONFIGURATION', `${name} (from ${source}): ${why}`, { cause, details: { name, source } });
  }
}

function invalid(name: string, source: string, expected: string): NodeError {
  return new NodeError('NODE_CONFIGURATION', `${name} (from ${source}) must be ${expected}`, {
    details: { name, source, expected },
  });
}
