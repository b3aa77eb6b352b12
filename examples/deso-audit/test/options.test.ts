import { describe, expect, test } from '@jest/globals';
import { parseOptions, usage } from '../src/options.js';
import { run } from './support/program.js';

describe('options', () => {
  test('have defaults that audit a node of main net', () => {
    expect(parseOptions(['node.example'])).toMatchObject({
      host: 'node.example',
      port: 17_000,
      folder: 'deso-audit-mainnet',
      protocolVersion: 2,
      snapshotPeriod: 600_000,
      answerTimeoutMs: 300_000,
      maxRetries: 5,
      maxRestarts: 3,
      maxChunkBytes: 268_435_456,
      threads: undefined,
      isOffline: false,
      isJson: false,
      isSyncingNodeAsked: false,
    });
  });

  test.each([
    ['10.0.0.1:18000', '10.0.0.1', 18_000],
    ['[::1]', '::1', 18_000],
    ['[fe80::1%eth0]:5', 'fe80::1%eth0', 5],
  ])('address %s', (address, host, port) => {
    expect(parseOptions([address, '--network', 'regtest'])).toMatchObject({ host, port });
  });

  test.each([
    [[], 'expected one address'],
    [['a', 'b'], 'expected one address'],
    [['a:b'], 'the address is'],
    [['::1'], 'the address is'],
    [['a:0'], 'the port'],
    [['a', '--network', 'devnet'], '--network is mainnet, testnet or regtest'],
    [['a', '--protocol', '3'], '--protocol is 1 or 2'],
    [['a', '--expect', 'aa'], '64 hex digits'],
    [['a', '--expect', '0'.repeat(64)], 'proves nothing'],
    [['a', '--retries', '-1'], '--retries'],
    [['a', '--retries', '1e3'], '--retries takes a number'],
    [['a', '--answer-timeout', '0'], '--answer-timeout'],
    [['a', '--offline'], '--offline takes no address'],
    [['--offline', '--fresh'], '--fresh'],
    [['a', '--unknown'], 'unknown'],
  ])('%p is refused', (args, words) => {
    expect(() => parseOptions(args)).toThrow(words);
  });

  test('bad ones end the program with exit code 2, and --help with 0', async () => {
    expect(await run(['a', '--protocol', '9'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^deso-audit: --protocol/),
    });
    expect(await run(['--help'])).toMatchObject({ code: 0, stdout: usage, stderr: '' });
  });
});
