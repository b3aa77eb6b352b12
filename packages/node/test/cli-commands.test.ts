import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commands } from '../src/cli/commands.js';
import { type ExitCode, exitCodes } from '../src/cli/exit-codes.js';
import { makeFolder, removeFolder, testFolder } from './support/cleanups.js';
import { hsNode } from './support/hs-node.js';
import { NodeProcess } from './support/node-process.js';
import { type FrozenChain, freezeChain, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

const folder = makeFolder();
const at = (name: string): string => join(folder, name);
const publicKeys: string[] = [];
let frozen: FrozenChain;
let chainFile: string;
let keyFile: string;
let producer: NodeProcess;
let url: string;

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 34 });
  ({ chainFile, keyFile } = writeChainFiles(frozen, folder));
  await ok('snapshot', 'export', at('30.snapshot'), ...database(frozen.folder));
  cpSync(frozen.folder, at('producer'), { recursive: true });
  producer = new NodeProcess(
    [
      ...['run', '--chain', chainFile, '--data', at('producer'), '--listen', 'off', '--http', '127.0.0.1:0'],
      ...['--producer-key', keyFile, '--block-interval-ms', '80', '--log-level', 'info'],
    ],
    {},
    { isKept: true },
  );
  url = await producer.url();
  await waitFor('the tip', async () => (await producer.status()).sync.phase === 'synced');
  for (const index of [30, 31, 32]) {
    const account = publicKeys.length;
    const args = ['--chain', chainFile, '--index', String(index)];
    publicKeys.push((await ok('keys', 'account', at(`${account}.key`), ...args))['publicKey'] as string);
    if (account === 2) break;
    await ok('tx', 'create-profile', '--username', `owner${account}`, ...signedBy(account));
    await ok('tx', 'mint', '--amount', '1000', ...signedBy(account));
  }
  writeFileSync(at('holders.txt'), `${publicKeys[2]} 1\n`);
});

afterAll(async () => {
  await producer.signal('SIGTERM');
  removeFolder(folder);
  removeFolder(frozen.folder);
});

/** A command that must succeed; gives its JSON. */
async function ok(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stderr, json } = await hsNode(...args, '--json');
  if (code !== 0) throw new Error(`hs-node ${args.join(' ')} ended with ${code}: ${stderr}`);
  return json;
}

function database(data: string): string[] {
  return ['--chain', chainFile, '--data', data, '--hash-threads', '1'];
}

/** Settings that name a new copy of the frozen chain's database. */
function copy(): string[] {
  const data = join(testFolder(), 'data');
  cpSync(frozen.folder, data, { recursive: true });
  return database(data);
}

function signedBy(account: number): string[] {
  return ['--chain', chainFile, '--key', at(`${account}.key`), '--url', url];
}

const newFile = (): string => join(testFolder(), 'file');
const nobody = ['--url', 'http://127.0.0.1:9'];
const root = (): string => `30:${frozenRoot}`;
let frozenRoot: string;
beforeAll(async () => {
  frozenRoot = (await ok('snapshot', 'inspect', at('30.snapshot')))['stateRoot'] as string;
});

/** How a command is seen to succeed and to fail. */
interface Case {
  /** Arguments after the name. It succeeds once in words (0) and once as JSON (1), and may need others the second time. */
  readonly good: (round: 0 | 1) => readonly string[] | Promise<readonly string[]>;
  /** What its JSON has, at least. */
  readonly data: Record<string, unknown>;
  readonly bad: () => readonly string[];
  readonly code: ExitCode;
  /** The code in the JSON of the failure. */
  readonly error: string;
}

const { usage, untrusted, damaged, unreachable, refused, failed } = exitCodes;
const configuration = { code: usage, error: 'NODE_CONFIGURATION' } as const;
const isRefused = { code: refused, error: 'NODE_TRANSACTION_REFUSED' } as const;
const included = { status: 'included', id: expect.any(String) };

async function plan(round: number, ...more: readonly string[]): Promise<string> {
  const file = newFile();
  const args = ['--coin', `@owner${round}`, '--holders', at('holders.txt'), '--amount', '1', ...more];
  await ok('airdrop', 'plan', file, ...args, '--chain', chainFile, '--url', url);
  return file;
}

/** By name of the command. */
const cases: Readonly<Record<string, Case>> = {
  run: {
    good: () => [
      '--chain',
      chainFile,
      '--data',
      newFile(),
      '--listen',
      'off',
      '--http',
      '127.0.0.1:0',
      '--log-file',
      newFile(),
    ],
    data: { url: expect.any(String), pid: expect.any(Number) },
    bad: () => [],
    ...configuration,
  },
  status: {
    good: () => ['--url', url],
    data: { chain: { name: 'hyper-sync-example' } },
    bad: () => nobody,
    code: unreachable,
    error: 'NODE_UNREACHABLE',
  },
  peers: {
    good: () => ['--url', url],
    data: { peers: [], bans: [] },
    bad: () => nobody,
    code: unreachable,
    error: 'NODE_UNREACHABLE',
  },
  'snapshot export': {
    good: () => [newFile(), ...copy(), '--height', '20'],
    data: { height: 20 },
    bad: () => [newFile(), ...copy(), '--height', '7'],
    ...configuration,
  },
  'snapshot import': {
    good: () => [at('30.snapshot'), ...database(newFile()), '--trusted-root', root()],
    data: { height: 30, vouchedForBy: 'trusted-root' },
    bad: () => [at('30.snapshot'), ...database(newFile())],
    code: untrusted,
    error: 'NODE_UNTRUSTED',
  },
  'snapshot inspect': {
    good: () => [at('30.snapshot')],
    data: { height: 30, checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
    bad: () => [chainFile],
    code: damaged,
    error: 'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE',
  },
  'snapshot verify': {
    good: () => [at('30.snapshot'), '--trusted-root', root()],
    data: { isIntact: true, isTrusted: true },
    bad: () => [at('30.snapshot'), '--trusted-root', `30:${'ab'.repeat(32)}`],
    code: untrusted,
    error: 'ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH',
  },
  verify: {
    good: () => copy(),
    data: { isClean: true },
    bad: () => database(newFile()),
    code: failed,
    error: 'NODE_DATABASE',
  },
  repair: {
    good: () => [...copy(), '--from', at('30.snapshot')],
    data: { outcome: 'clean' },
    bad: () => copy(),
    ...configuration,
  },
  rebuild: {
    good: () => [
      ...database(newFile()),
      '--damaged',
      copy()[3] ?? '',
      '--from',
      at('30.snapshot'),
      '--trusted-root',
      root(),
    ],
    data: { height: 30, salvaged: expect.any(Number) },
    bad: () => [...database(newFile()), '--damaged', copy()[3] ?? ''],
    ...configuration,
  },
  rewind: {
    good: () => ['20', ...copy()],
    data: { rewoundTo: 20, height: 20 },
    bad: () => ['7', ...copy()],
    ...configuration,
  },
  'chain create': {
    good: () => [newFile(), '--producer', publicKeys[0] ?? ''],
    data: { genesisHash: expect.any(String) },
    bad: () => [newFile()],
    ...configuration,
  },
  'chain show': {
    good: () => ['--chain', chainFile],
    data: { genesisHash: expect.any(String) },
    bad: () => ['--chain', at('holders.txt')],
    ...configuration,
  },
  'keys generate': {
    good: () => [newFile()],
    data: { publicKey: expect.any(String) },
    bad: () => [keyFile],
    ...configuration,
  },
  'keys show': {
    good: () => [keyFile],
    data: { publicKey: expect.any(String) },
    bad: () => [chainFile],
    ...configuration,
  },
  'keys account': {
    good: () => [newFile(), '--chain', chainFile, '--index', '1'],
    data: { publicKey: expect.any(String) },
    bad: () => [newFile(), '--chain', chainFile, '--index', '4000'],
    ...configuration,
  },
  'tx create-profile': {
    good: (round) => ['--username', `renamed${round}`, ...signedBy(2)],
    data: included,
    bad: () => ['--username', 'owner0', ...signedBy(2)],
    ...isRefused,
  },
  'tx mint': {
    good: (round) => ['--amount', '5', ...signedBy(round)],
    data: included,
    bad: () => ['--amount', '0', ...signedBy(0)],
    ...isRefused,
  },
  'tx burn': {
    good: (round) => ['--coin', `@owner${round}`, '--amount', '1', ...signedBy(round)],
    data: included,
    bad: () => ['--coin', '@owner0', '--amount', '999999', ...signedBy(0)],
    ...isRefused,
  },
  'tx transfer': {
    good: (round) => ['--coin', `@owner${round}`, '--to', publicKeys[2] ?? '', '--amount', '2', ...signedBy(round)],
    data: included,
    bad: () => ['--coin', '@owner0', '--to', publicKeys[2] ?? '', '--amount', '999999', ...signedBy(0)],
    ...isRefused,
  },
  'tx restrict': {
    good: (round) => ['--transfers', 'profile-owner-only', ...signedBy(round)],
    data: included,
    bad: () => ['--transfers', 'permanently-unrestricted', ...signedBy(0)],
    ...configuration,
  },
  'tx disable-minting': {
    good: (round) => ['--yes', ...signedBy(round)],
    data: included,
    bad: () => signedBy(0),
    ...configuration,
  },
  'tx send': {
    good: (round) => ['--to', '@owner0', '--nanos', '7', ...signedBy(1 + round)],
    data: included,
    bad: () => ['--to', '@nobody', '--nanos', '7', ...signedBy(1)],
    ...configuration,
  },
  'airdrop plan': {
    good: (round) => [
      ...[newFile(), '--coin', `@owner${round}`, '--holders', at('holders.txt'), '--amount', '1'],
      ...['--chain', chainFile, '--url', url],
    ],
    data: { payments: 1 },
    bad: () => [newFile(), '--coin', '@owner0', '--holders', at('holders.txt'), '--chain', chainFile, '--url', url],
    ...configuration,
  },
  'airdrop run': {
    good: async (round) => [await plan(round), ...signedBy(round)],
    data: { paid: 1 },
    bad: () => [chainFile, ...signedBy(0)],
    ...configuration,
  },
  'airdrop status': {
    good: async (round) => [await plan(round)],
    data: { paid: 0 },
    bad: () => [chainFile],
    ...configuration,
  },
  'config print': {
    good: () => ['--sync', 'block'],
    data: { settings: expect.objectContaining({ sync: 'block' }) },
    bad: () => ['--sync', 'fast'],
    ...configuration,
  },
  help: {
    good: () => ['keys', 'show'],
    data: { text: expect.stringContaining('usage: hs-node keys show') },
    bad: () => ['walk'],
    ...configuration,
  },
};

describe('every command of hs-node', () => {
  test('has a case here', () => {
    expect(Object.keys(cases).sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  describe.each(commands.map(({ name }) => [name, cases[name] as Case] as const))(
    '%s',
    (name, { good, data, bad, code, error }) => {
      /** A node runs until it is told to stop, and is up when its first line is out. */
      async function run(args: readonly string[]): Promise<Awaited<ReturnType<typeof hsNode>>> {
        if (name !== 'run') return hsNode(...name.split(' '), ...args);
        const node = new NodeProcess(['run', ...args]);
        await waitFor('the node', () => node.stdout.endsWith('\n'));
        const ended = await node.signal('SIGTERM');
        const { stdout, stderr } = node;
        return { code: ended, stdout, stderr, json: args.includes('--json') ? JSON.parse(stdout) : undefined };
      }

      test('succeeds, in words and as JSON', async () => {
        const args = [await good(0), [...(await good(1)), '--json']];
        const [words, json] = await Promise.all(args.map(run));
        expect(words).toMatchObject({ code: 0, stderr: '', json: undefined });
        expect(words?.stdout).toMatch(/\S\n$/);
        expect(json).toMatchObject({ code: 0, stderr: '', json: data });
      });

      test('fails with its exit code and the reason, in words and as JSON', async () => {
        const args = [bad(), [...bad(), '--json']];
        const [words, json] = await Promise.all(args.map((each) => hsNode(...name.split(' '), ...each)));
        expect(words).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^hs-node: \S+ \S+/) });
        expect(json).toMatchObject({ code, json: { error: { code: error } } });
        expect(json?.stderr).toContain(json?.json.error.message);
      });
    },
  );
});
