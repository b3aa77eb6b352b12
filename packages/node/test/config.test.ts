import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commands } from '../src/cli/commands.js';
import { parseCommandLine } from '../src/cli/parse-command-line.js';
import { nodeSettings, type RunConfig } from '../src/config/settings.js';
import { formatTrustedRoot, parseTrustedRoot } from '../src/sync/trusted-roots.js';
import { testFolder } from './support/cleanups.js';

function withFile(settings: unknown): string {
  const file = join(testFolder(), 'config.json');
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
  return file;
}

/** What `hs-node run` would be run with. */
function readRunConfig(args: readonly string[], environment: Record<string, string>): RunConfig {
  const line = parseCommandLine(['run', ...args], { commands, environment });
  if (line.kind !== 'command') throw new Error('no command');
  return line.settings;
}

/** The error of settings that are refused. */
function refused(args: readonly string[], environment: Record<string, string> = {}): { code: string; message: string } {
  try {
    readRunConfig(args, environment);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error('nothing was refused');
}

describe('the settings of a run', () => {
  test('have defaults for all but the chain', () => {
    expect(readRunConfig(['--chain', 'c.json'], {})).toEqual({
      chain: 'c.json',
      data: './hs-node-data',
      listen: { host: '127.0.0.1', port: 18000 },
      http: { host: '127.0.0.1', port: 18001 },
      httpHosts: [],
      connect: [],
      peerExchange: 'off',
      advertise: undefined,
      sync: 'hyper',
      trustedRoots: [],
      trustedChecksums: [],
      agreeingPeers: undefined,
      allowUnpinnedSync: 'off',
      maxUnprovedBytes: 64 * 1024 ** 3,
      producerKey: undefined,
      blockIntervalMs: 1000,
      chunkBytes: 2 * 1024 * 1024,
      cacheBytes: 128 * 1024 * 1024,
      scrubBytesPerSecond: undefined,
      hashBackend: 'auto',
      hashThreads: 'all',
      logLevel: 'info',
      logFormat: 'auto',
      logFile: undefined,
    } satisfies RunConfig);
  });

  test('come from flags before environment before file before defaults', () => {
    const config = withFile({ chain: 'file', data: 'file', sync: 'block', 'cache-bytes': 1, connect: ['file:1'] });
    const environment = { HS_NODE_CHAIN: 'environment', HS_NODE_DATA: 'environment', HS_NODE_CACHE_BYTES: '2' };
    const args = ['--config', config, '--chain', 'flag'];
    expect(readRunConfig(args, environment)).toMatchObject({
      chain: 'flag',
      data: 'environment',
      cacheBytes: 2,
      hashBackend: 'auto',
      hashThreads: 'all',
      sync: 'block',
      connect: ['file:1'],
      chunkBytes: 2 * 1024 * 1024,
    });
  });

  test('of a sync without roots in headers: a checksum that is zero, short or without a height is refused', () => {
    const sum = 'ab'.repeat(32);
    const given = (text: string) => readRunConfig(['--chain', 'c', '--trusted-checksum', text], {}).trustedChecksums;
    expect(given(`20:${sum}`)).toEqual([{ height: 20, checksum: new Uint8Array(32).fill(0xab) }]);
    for (const wrong of [`20:${'00'.repeat(32)}`, `20:${sum.slice(2)}`, sum, `-1:${sum}`, `9999999999:${sum}`, '']) {
      expect(() => given(wrong)).toThrow(expect.objectContaining({ code: 'NODE_CONFIGURATION' }));
    }
    const others = ['--agreeing-peers', '2', '--allow-unpinned-sync', 'on', '--max-unproved-bytes', '5'];
    expect(readRunConfig(['--chain', 'c', ...others], {})).toMatchObject({
      ...{ agreeingPeers: 2, allowUnpinnedSync: 'on', maxUnprovedBytes: 5 },
    });
    expect(() => readRunConfig(['--chain', 'c', '--agreeing-peers', '0'], {})).toThrow(/positive integer/);
  });

  test('a list is a repeated flag, a text with commas, or an array in the file', () => {
    const connect = ['a:1', '[::1]:2'];
    const chain = ['--chain', 'c'];
    expect(readRunConfig([...chain, '--connect', 'a:1', '--connect', '[::1]:2'], {}).connect).toEqual(connect);
    expect(readRunConfig(chain, { HS_NODE_CONNECT: 'a:1,[::1]:2' }).connect).toEqual(connect);
    expect(readRunConfig([...chain, '--config', withFile({ connect })], {}).connect).toEqual(connect);
  });

  test('trusted roots are read as height, state root and, if given, hash', () => {
    const [root, hash] = ['ab'.repeat(32), 'CD'.repeat(32)];
    const args = ['--chain', 'c', '--trusted-root', `7:${root}`, '--trusted-root', `1000:${root}:${hash}`];
    const stateRoot = new Uint8Array(32).fill(0xab);
    const expected = [
      { height: 7, stateRoot },
      { height: 1000, stateRoot, hash: new Uint8Array(32).fill(0xcd) },
    ];
    expect(readRunConfig(args, {}).trustedRoots).toEqual(expected);
    expect(expected.map(formatTrustedRoot).map(parseTrustedRoot)).toEqual(expected);
  });

  test('"off" closes a port', () => {
    const { listen, http } = readRunConfig(['--chain', 'c', '--listen', 'off', '--http', 'off'], {});
    expect([listen, http]).toEqual([undefined, undefined]);
  });

  test.each([
    ['an unknown flag', ['--speed', '9'], {}, /--speed/],
    ['an integer that is none', ['--chunk-bytes', '1.5'], {}, /chunk-bytes \(from --chunk-bytes\)/],
    ['zero', [], { HS_NODE_BLOCK_INTERVAL_MS: '0' }, /block-interval-ms \(from HS_NODE_BLOCK_INTERVAL_MS\)/],
    ['a sync mode that is none', [], { HS_NODE_SYNC: 'fast' }, /sync \(from HS_NODE_SYNC\).*hyper, block/],
    ['a log level that is none', ['--log-level', 'loud'], {}, /log-level \(from --log-level\)/],
    ['an address that is none', [], { HS_NODE_HTTP: 'here' }, /http \(from HS_NODE_HTTP\).*host:port/],
    ['a peer that is none', ['--connect', 'a:0'], {}, /connect \(from --connect\).*host:port/],
    [
      'a trusted root that is none',
      ['--trusted-root', '5:abcd'],
      {},
      /trusted-root \(from --trusted-root\).*HEIGHT:ROOT/,
    ],
  ] as const)('%s is refused, with the name and the source', (_name, args, environment, message) => {
    expect(refused(['--chain', 'c', ...args], environment)).toMatchObject({
      code: 'NODE_CONFIGURATION',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test.each([
    ['that is not there', (): string => '/nowhere/config.json', /cannot read/],
    ['that is no JSON', (): string => withFile('{'), /cannot read/],
    ['that is no object', (): string => withFile([]), /not a JSON object/],
    ['with an unknown setting', (): string => withFile({ chain: 'c', speed: 9 }), /unknown setting: speed/],
    [
      'with a text where a number belongs',
      (): string => withFile({ chain: 'c', 'cache-bytes': 'much' }),
      /from the config file/,
    ],
    [
      'with a number where a text belongs',
      (): string => withFile({ chain: 7 }),
      /chain \(from the config file .+\) must be a string/,
    ],
    [
      'with a list of no addresses',
      (): string => withFile({ chain: 'c', connect: [7] }),
      /connect \(from the config file .+\) must be a list of strings/,
    ],
  ] as const)('a config file %s is refused', (_name, file, message) => {
    expect(refused(['--config', file()])).toMatchObject({
      code: 'NODE_CONFIGURATION',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('no chain is refused', () => {
    expect(refused([])).toMatchObject({
      code: 'NODE_CONFIGURATION',
      message: expect.stringContaining('--chain') as unknown,
    });
  });

  test.each([
    ['given twice', ['--sync', 'hyper', '--sync', 'hyper'], /--sync is given 2 times/],
    ['with a typing error', ['--snyc', 'hyper'], /no flag --snyc; did you mean --sync\?/],
    ['without its value', ['--data'], /--data/],
  ] as const)('a flag %s is refused', (_name, args, message) => {
    expect(refused(['--chain', 'c', ...args]).message).toMatch(message);
  });

  test('the config file is named by --config before HS_NODE_CONFIG, and an empty variable counts as none', () => {
    const [one, two] = [withFile({ chain: 'one' }), withFile({ chain: 'two' })];
    const environment = { HS_NODE_CONFIG: two, HS_NODE_DATA: '' };
    expect(readRunConfig([], environment)).toMatchObject({ chain: 'two', data: './hs-node-data' });
    expect(readRunConfig(['--config', one], environment).chain).toBe('one');
  });

  test('a config file can hold every setting, also those of other commands', () => {
    const all = Object.values(nodeSettings).map(({ name }) => name);
    const content = { chain: 'c', url: 'http://127.0.0.1:1', key: 'k', 'cache-bytes': 7, connect: [] };
    expect(all).toEqual(expect.arrayContaining(Object.keys(content)));
    expect(readRunConfig(['--config', withFile(content)], {}).cacheBytes).toBe(7);
  });

  test('nothing but --sync decides how a node syncs', () => {
    // What may be downloaded where headers carry no roots is another matter: that decides whether, not how.
    const names = Object.values(nodeSettings).map(({ name }) => name);
    expect(names.filter((name) => /sync|mode|snapshot/.test(name))).toEqual(['sync', 'allow-unpinned-sync']);
  });
});
