import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'main.js');
const running = new Set<ChildProcess>();
const strays = new Set<number>();

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

function start(...args: string[]): { child: ChildProcess; output: () => string; finished: Promise<Finished> } {
  const child = spawn(process.execPath, [program, '--scale', '0.03', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
  return { child, output: () => output, finished };
}

function pidsIn(output: string): number[] {
  return [...output.matchAll(/\bpid (\d+)/g)].map((match) => Number(match[1]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function networkFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^hyper-sync-[A-Za-z0-9]{6}$/.test(name));
}

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const pid of strays) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  running.clear();
  strays.clear();
});

describe('the full-node example', () => {
  test('every check of the report holds, with exit code 0, and nothing is left behind', async () => {
    const before = networkFolders();
    const { finished } = start();
    const { code, output } = await finished;
    expect(output).toContain('Every check held.');
    expect(output).not.toContain('FAILED');
    expect(output.match(/^ {2}ok {4} /gm)?.length).toBeGreaterThanOrEqual(12);
    expect(output).toMatch(/the snapshot came from all three providers/);
    expect(output).toMatch(/block sync took [\d.]+ times as long/);
    expect(code).toBe(0);
    expect(pidsIn(output).some(isAlive)).toBe(false);
    expect(networkFolders().filter((name) => !before.includes(name))).toEqual([]);
  }, 120_000);

  test('Ctrl-C in the middle stops every node and removes the folder', async () => {
    const before = networkFolders();
    const { child, output, finished } = start();
    while (!output().includes('Filling the chain')) await sleep(50);
    const pids = pidsIn(output());
    for (const pid of pids) strays.add(pid);
    expect(pids).toHaveLength(3);
    expect(pids.every(isAlive)).toBe(true);
    child.kill('SIGINT');
    expect((await finished).code).toBe(130);
    expect(pids.some(isAlive)).toBe(false);
    expect(networkFolders().filter((name) => !before.includes(name))).toEqual([]);
  }, 120_000);

  test('--keep leaves a network that runs and says how to look at it and how to stop it', async () => {
    const { finished } = start('--keep');
    const { code, output } = await finished;
    const pids = [...new Set(pidsIn(output.slice(output.indexOf('The network is still running'))))];
    for (const pid of pids) strays.add(pid);
    expect(code).toBe(0);
    expect(pids).toHaveLength(5);
    const [, url] = /curl -s (\S+)/.exec(output) ?? [];
    const heightOf = async () => ((await (await fetch(url ?? '')).json()) as { height: number }).height;
    const height = await heightOf();
    const deadline = Date.now() + 20_000;
    while ((await heightOf()) <= height && Date.now() < deadline) await sleep(200);
    expect(await heightOf()).toBeGreaterThan(height);

    const [, stop, folder] = /Stop: {2}kill ([\d ]+); rm -r (\S+)/.exec(output) ?? [];
    expect(stop?.split(' ').map(Number)).toEqual(pids);
    expect(existsSync(folder ?? '')).toBe(true);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    while (pids.some(isAlive) && Date.now() < deadline + 20_000) await sleep(100);
    expect(pids.some(isAlive)).toBe(false);
    rmSync(folder ?? '', { recursive: true });
  }, 120_000);

  test('wrong options are named, with exit code 2 and nothing started', async () => {
    for (const [args, message] of [
      [['--scale', '0'], '--scale must be a number above 0'],
      [['--speed'], "Unknown option '--speed'"],
    ] as const) {
      const { code, output } = await start(...args).finished;
      expect(code).toBe(2);
      expect(output).toContain(message);
      expect(output).toContain('usage: npm start');
      expect(pidsIn(output)).toEqual([]);
    }
  });
});
