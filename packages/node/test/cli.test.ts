import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeSettings } from '../src/config.js';
import { testFolder } from './support/cleanups.js';
import { NodeProcess } from './support/node-process.js';
import { makeChain, type TestChain, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

let made: Promise<TestChain> | undefined;

/** A chain of few records, made once. */
function smallChain(): Promise<TestChain> {
  made ??= makeChain({ followPairs: 5 });
  return made;
}

async function end(args: readonly string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const hsNode = new NodeProcess(args);
  const code = await hsNode.exited;
  return { code, stdout: hsNode.stdout, stderr: hsNode.stderr };
}

describe('hs-node', () => {
  test('--help names every setting and the exit codes, and ends with 0', async () => {
    for (const args of [['--help'], ['-h'], ['run', '--help']]) {
      const { code, stdout, stderr } = await end(args);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(describeSettings());
      expect(stdout).toContain('Exit codes: 0');
    }
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
    expect(await end(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    ['no command', []],
    ['an unknown command', ['walk']],
    ['an unknown flag', ['run', '--chian', 'x']],
    ['no chain', ['run']],
    ['a chain file that is not there', ['run', '--chain', '/nowhere/chain.json']],
    ['a port that is none', ['run', '--chain', 'x', '--listen', '127.0.0.1:99999']],
    ['a peer that is none', ['run', '--chain', 'x', '--connect', 'nobody']],
    ['a sync mode that is none', ['run', '--chain', 'x', '--sync', 'fast']],
    ['a number that is none', ['run', '--chain', 'x', '--cache-bytes', '-1']],
    ['a positional argument', ['run', 'here', '--chain', 'x']],
  ] as const)('%s ends with 2 and says what is wrong', async (_name, args) => {
    const { code, stdout, stderr } = await end(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^(hs-node: .+|usage: hs-node)/);
  });

  test('a chain file that is no chain spec, and a producer key that is none, end with 2', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(await smallChain(), folder);
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, '{"name":"x"}');
    expect(await end(['run', '--chain', wrong, '--data', join(folder, 'a')])).toMatchObject({ code: 2 });
    const args = ['run', '--chain', chainFile, '--data', join(folder, 'b'), '--producer-key'];
    expect(await end([...args, join(folder, 'none')])).toMatchObject({ code: 2 });
    const { code, stderr } = await end([...args, wrong]);
    expect(code).toBe(2);
    expect(stderr).toContain('64 hex digits');
  });

  test('a producer runs, takes settings from all sources, and ends with 0 at SIGTERM; the state is there again', async () => {
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

    const second = await end(args);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another process has it open');

    expect(await producer.signal('SIGTERM')).toBe(0);
    expect(producer.stderr).toBe('');
    expect(producer.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['node is up', 'stopping']));

    const logFile = join(folder, 'logs', 'node.log');
    const again = new NodeProcess([...args, '--log-file', logFile, '--log-level', 'debug']);
    const up = await waitFor('the log file', async () => {
      const text = await readFile(logFile, 'utf8').catch(() => '');
      return text.includes('node is up') && text;
    });
    expect(again.stdout).toMatch(/^node is up: peers \S+, status http:\S+, log \S+\n$/);
    expect(up).toContain('"level":30');
    expect(await again.signal('SIGINT')).toBe(0);
  });

  test('a data folder that cannot be made ends with 1 and the reason', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(await smallChain(), folder);
    const data = join(folder, 'file');
    writeFileSync(data, 'in the way');
    mkdirSync(join(folder, 'other'));
    const { code, stderr } = await end(['run', '--chain', chainFile, '--data', data, '--http', 'off']);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot open the database');
    expect(stderr).toContain('because: ');
  });
});
