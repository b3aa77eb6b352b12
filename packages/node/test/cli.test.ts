import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commands } from '../src/cli/commands.js';
import { exitCodeMeanings, exitCodes } from '../src/cli/exit-codes.js';
import { nodeSettings } from '../src/config/settings.js';
import { testFolder } from './support/cleanups.js';
import { hsNode } from './support/hs-node.js';
import { NodeProcess } from './support/node-process.js';
import { makeChain, type TestChain, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

let made: Promise<TestChain> | undefined;

/** A chain of few records, made once. */
function smallChain(): Promise<TestChain> {
  made ??= makeChain({ followPairs: 5 });
  return made;
}

describe('the help of hs-node', () => {
  test('names every command and every exit code, and ends with 0', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { code, stdout, stderr } = await hsNode(...args);
      expect([code, stderr]).toEqual([0, '']);
      for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}`, 'm'));
      for (const meaning of Object.values(exitCodeMeanings)) expect(stdout).toContain(meaning);
    }
    expect(Object.values(exitCodes).map(String)).toEqual(Object.keys(exitCodeMeanings));
  });

  test.each(commands.map((command) => [command.name, command] as const))(
    '%s --help names its flags, settings and examples, and ends with 0',
    async (name, command) => {
      const { code, stdout, stderr } = await hsNode(...name.split(' '), '--help');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`^usage: hs-node ${name} `));
      const settings = command.settings.map((each) => nodeSettings[each].name);
      const options = Object.values(command.options).map((option) => option.name);
      for (const flag of [...settings, ...options, 'json', 'config']) expect(stdout).toContain(`  --${flag}`);
      for (const example of command.examples) {
        expect(example.startsWith(name)).toBe(true);
        expect(stdout).toContain(`  hs-node ${example}\n`);
      }
    },
  );

  test('of a group names its commands, and "help" says the same', async () => {
    const { code, stdout } = await hsNode('keys', '--help');
    expect([code, stdout.match(/^ {2}keys \w+/gm)]).toEqual([0, ['  keys generate', '  keys show', '  keys account']]);
    for (const topic of [['keys'], ['keys', 'show']]) {
      expect((await hsNode('help', ...topic)).stdout).toBe((await hsNode(...topic, '-h')).stdout);
    }
  });

  test('--markdown prints the manual, --json wraps it', async () => {
    const manual = readFileSync(join(import.meta.dirname, '..', 'docs', 'cli.md'), 'utf8');
    expect(await hsNode('help', '--markdown')).toMatchObject({ code: 0, stdout: manual });
    expect((await hsNode('help', '--markdown', '--json')).json).toEqual({ text: manual });
    expect(await hsNode('help', 'walk')).toMatchObject({ code: 2, stdout: '' });
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
    expect(await hsNode('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a wrong command line', () => {
  test.each([
    ['no command', [], 'no command is given'],
    ['an unknown command', ['walk'], 'there is no command "walk"'],
    ['a command with a typing error', ['stauts'], 'did you mean "status"?'],
    ['a group alone', ['keys'], 'there is generate, show, account'],
    ['a group with a typing error', ['keys', 'genrate'], 'did you mean "keys generate"?'],
    ['an unknown flag', ['run', '--chian', 'x'], 'run has no flag --chian; did you mean --chain?'],
    ['a missing argument', ['keys', 'show'], 'FILE is needed'],
    ['one argument too many', ['keys', 'show', 'a', 'b'], '"b" is one argument too many'],
    ['no chain', ['run'], '--chain is needed'],
    ['a chain file that is not there', ['run', '--chain', '/nowhere/chain.json'], 'cannot read the chain spec'],
    ['a port that is none', ['run', '--chain', 'x', '--listen', '127.0.0.1:99999'], 'listen (from --listen)'],
    ['a peer that is none', ['run', '--chain', 'x', '--connect', 'nobody'], 'connect (from --connect)'],
    ['a sync mode that is none', ['run', '--chain', 'x', '--sync', 'fast'], 'must be one of hyper, block'],
    ['a number that is none', ['run', '--chain', 'x', '--cache-bytes=-1'], 'must be a positive integer, not "-1"'],
    ['a positional argument', ['run', 'here', '--chain', 'x'], '"here" is one argument too many'],
    ['no HTTP server to ask', ['status', '--http', 'off'], 'name one with --url'],
    ['a URL that is none', ['status', '--url', 'here'], 'must be a URL such as'],
  ] as const)('%s ends with 2 and says what is wrong', async (_name, args, message) => {
    const { code, stdout, stderr } = await hsNode(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^hs-node: /);
    expect(stderr).toContain(message);
  });

  test('is a JSON document with --json', async () => {
    const { code, json, stderr } = await hsNode('run', '--json');
    expect(code).toBe(2);
    expect(json).toMatchObject({ error: { code: 'NODE_CONFIGURATION', details: { name: 'chain' } } });
    expect(stderr).toContain(json.error.message);
  });
});

describe('hs-node keys', () => {
  test('generates keys that only their owner may read, shows them, and never overwrites one', async () => {
    const file = join(testFolder(), 'new.key');
    const made = await hsNode('keys', 'generate', file, '--json');
    expect([made.code, made.stderr, made.json.file]).toEqual([0, '', file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const secret = readFileSync(file, 'utf8').trim();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const { publicKey } = made.json;
    const shown = await hsNode('keys', 'show', file);
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain(publicKey);
    expect(made.stdout + shown.stdout).not.toContain(secret);
    expect((await hsNode('keys', 'show', file, '--reveal', '--json')).json).toEqual({
      publicKey,
      file,
      privateKey: secret,
    });
    const again = await hsNode('keys', 'generate', file);
    expect([again.code, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('never overwritten');
    expect(readFileSync(file, 'utf8').trim()).toBe(secret);
  });

  test('writes the key of a genesis account, and warns of a file that others may read', async () => {
    const folder = testFolder();
    const chain = await smallChain();
    const { chainFile, keyFile } = writeChainFiles(chain, folder);
    const file = join(folder, 'account.key');
    const { json } = await hsNode('keys', 'account', file, '--chain', chainFile, '--index', '3', '--json');
    expect(json.publicKey).toBe(Buffer.from(chain.wallets[3]?.publicKey ?? []).toString('hex'));
    expect((await hsNode('keys', 'show', file, '--json')).json.publicKey).toBe(json.publicKey);
    const beyond = await hsNode('keys', 'account', `${file}2`, '--chain', chainFile, '--index', '4000000');
    expect([beyond.code, beyond.stdout]).toEqual([2, '']);
    expect((await hsNode('keys', 'show', keyFile)).stderr).toBe('');
    chmodSync(keyFile, 0o640);
    expect((await hsNode('keys', 'show', keyFile)).stderr).toContain(`chmod 600 ${keyFile}`);
    const none = await hsNode('keys', 'show', chainFile, '--json');
    expect([none.code, none.json.error.code]).toEqual([2, 'NODE_CONFIGURATION']);
  });
});

describe('hs-node config print', () => {
  test('shows values and where they are from, and variables that are no setting', async () => {
    const folder = testFolder();
    const config = join(folder, 'node.json');
    writeFileSync(config, JSON.stringify({ data: 'here', connect: ['a:1', 'b:2'], 'cache-bytes': 5 }));
    const environment = { HS_NODE_CONFIG: config, HS_NODE_SYNC: 'block', HS_NODE_SNYC: 'hyper' };
    const shown = new NodeProcess(['config', 'print', '--log-level', 'debug', '--json'], environment);
    expect([await shown.exited, shown.stderr]).toEqual([0, '']);
    const { settings, origins, configFile, unknownVariables } = JSON.parse(shown.stdout);
    expect(settings).toMatchObject({ data: 'here', connect: ['a:1', 'b:2'], 'cache-bytes': '5', sync: 'block' });
    expect(origins).toMatchObject({ data: `the config file ${config}`, sync: 'HS_NODE_SYNC', http: 'the default' });
    expect([origins['log-level'], configFile, unknownVariables]).toEqual(['--log-level', config, ['HS_NODE_SNYC']]);
    // What it prints is a config file with the same meaning.
    const copy = join(folder, 'copy.json');
    writeFileSync(copy, JSON.stringify(settings));
    expect((await hsNode('config', 'print', '--config', copy, '--json')).json.settings).toEqual(settings);
    const text = await hsNode('config', 'print');
    expect(text.stdout).toMatch(/^sync +hyper +from the default$/m);
  });

  test('refuses values that are wrong', async () => {
    expect(await hsNode('config', 'print', '--sync', 'fast', '--json')).toMatchObject({
      code: 2,
      json: { error: { code: 'NODE_CONFIGURATION', details: { name: 'sync', source: '--sync' } } },
    });
  });
});

describe('a node that hs-node runs', () => {
  test('takes settings from all sources, answers status and peers, and ends with 0 at SIGTERM; the state is there again', async () => {
    const folder = testFolder();
    const { chainFile, keyFile } = writeChainFiles(await smallChain(), folder);
    const configFile = join(folder, 'config.json');
    const data = join(folder, 'data');
    const settings = { chain: chainFile, data, listen: '127.0.0.1:0', http: 'off', 'block-interval-ms': 30 };
    writeFileSync(configFile, JSON.stringify(settings));
    const args = ['run', '--config', configFile, '--http', '127.0.0.1:0'];
    const producer = new NodeProcess(args, { HS_NODE_PRODUCER_KEY: keyFile });
    await waitFor('blocks', async () => ((await producer.status()).height ?? 0) >= 3);
    const url = await producer.url();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    const { code, json } = await hsNode('status', '--url', url, '--json');
    expect([code, json.sync.phase, json.chain.name]).toEqual([0, 'synced', 'hyper-sync-example']);
    const text = await hsNode('status', '--url', `${url}/`);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^phase +synced for \d+ s: at the header tip, \d+$/m);
    expect(await hsNode('peers', '--url', url)).toMatchObject({ code: 0, stdout: 'no peers\n' });

    const connect = await producer.peerAddress();
    const follower = new NodeProcess([...args, '--connect', connect], { HS_NODE_DATA: join(folder, 'follower') });
    await waitFor('the follower', async () => (await follower.status()).sync.phase === 'synced');
    expect((await hsNode('peers', '--url', url)).stdout).toMatch(/^1 peer:\n\S+ +inbound +@hs\/node /);
    const listed = await hsNode('peers', '--url', url, '--json');
    expect(listed.json).toMatchObject({ peers: [{ direction: 'inbound', layout: 'extended' }], bans: [] });
    expect(await follower.signal('SIGTERM')).toBe(0);

    const second = await hsNode(...args, '--json');
    const [lastLine = ''] = second.stdout.trim().split('\n').slice(-1);
    expect([second.code, JSON.parse(lastLine).error.details.isLocked]).toEqual([6, true]);
    expect(second.stderr).toContain('another process has it open');

    expect(await producer.signal('SIGTERM')).toBe(0);
    expect(producer.stderr).toBe('');
    expect(producer.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['node is up', 'stopping']));
    expect(await hsNode('status', '--url', url)).toMatchObject({ code: 5, stdout: '' });
    expect(await hsNode('peers', '--url', url, '--json')).toMatchObject({
      code: 5,
      json: { error: { code: 'NODE_UNREACHABLE', details: { url } } },
    });

    const logFile = join(folder, 'logs', 'node.log');
    const again = new NodeProcess([...args, '--log-file', logFile, '--log-level', 'debug']);
    const up = await waitFor('the log file', async () => {
      const content = await readFile(logFile, 'utf8').catch(() => '');
      return content.includes('node is up') && content;
    });
    expect(again.stdout).toMatch(/^node is up: peers \S+, status http:\S+, log \S+\n$/);
    expect(up).toContain('"level":30');
    expect(await again.signal('SIGINT')).toBe(0);
  });

  test('tells where it listens as JSON, and is ended at once by a second signal', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(await smallChain(), folder);
    const args = ['--chain', chainFile, '--data', join(folder, 'data'), '--listen', 'off', '--http', '127.0.0.1:0'];
    const node = new NodeProcess(['run', ...args, '--log-file', join(folder, 'log'), '--json']);
    await waitFor('the node', () => node.stdout.endsWith('\n'));
    const { url, logFile, pid } = JSON.parse(node.stdout);
    expect([(await fetch(`${url}/status`)).status, logFile, pid]).toEqual([200, join(folder, 'log'), node.pid]);
    // The request that is under way keeps the first signal from being all there is to do.
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGCONT');
    expect([130, 143]).toContain(await node.exited);
    expect(node.stderr).toContain('ended at once');
  });

  test('a chain file that is no chain spec, and a producer key that is none, end with 2', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(await smallChain(), folder);
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, '{"name":"x"}');
    expect(await hsNode('run', '--chain', wrong, '--data', join(folder, 'a'))).toMatchObject({ code: 2 });
    const args = ['run', '--chain', chainFile, '--data', join(folder, 'b'), '--producer-key'];
    expect(await hsNode(...args, join(folder, 'none'))).toMatchObject({ code: 2 });
    const { code, stderr } = await hsNode(...args, wrong);
    expect(code).toBe(2);
    expect(stderr).toContain('64 hex digits');
  });

  test('a data folder that cannot be made ends with 1 and the reason', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(await smallChain(), folder);
    const data = join(folder, 'file');
    writeFileSync(data, 'in the way');
    mkdirSync(join(folder, 'other'));
    const { code, stderr } = await hsNode('run', '--chain', chainFile, '--data', data, '--http', 'off');
    expect(code).toBe(1);
    expect(stderr).toContain('cannot open the database');
    expect(stderr).toContain('because: ');
  });
});
