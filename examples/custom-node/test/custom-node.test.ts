import { describe, expect, test } from '@jest/globals';
import { type Outcome, run } from './program.js';

function numbers({ stdout }: Outcome, pattern: RegExp): number[] {
  const match = pattern.exec(stdout);
  if (match === null) throw new Error(`${pattern} is not in:\n${stdout}`);
  return match.slice(1).map(Number);
}

describe('two nodes of a name registry', () => {
  test('a newcomer hyper-syncs over sockets and ends with the state of the producer', async () => {
    const outcome = await run(process.execPath, ['dist/main.js', '--verbose']);
    expect(outcome.code).toBe(0);
    const [height = 0, records = 0] = numbers(outcome, /^newcomer {2}snapshot (\d+): (\d+) records/m);
    expect(height % 20).toBe(0);
    expect(height).toBeGreaterThanOrEqual(20);
    expect(records).toBeGreaterThan(100);
    const [from = 0, to = 0] = numbers(outcome, /^newcomer {2}executed blocks (\d+) to (\d+)/m);
    expect(from).toBe(height + 1);
    expect(to).toBeGreaterThanOrEqual(26);
    const [, compared = 0] = numbers(outcome, /^both {6}snapshot (\d+): (\d+) records, all equal$/m);
    expect(compared).toBeGreaterThanOrEqual(records);
    expect(outcome.stderr).toContain('[newcomer] hyper sync: the snapshot is proved and complete');
    expect(outcome.leftovers).toEqual([]);
  });

  test('a newcomer takes nothing from a producer without a quorum, and bans it', async () => {
    const outcome = await run(process.execPath, ['dist/main.js', '--without-quorum', '--verbose']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('[newcomer] peer banned');
    expect(outcome.stderr).toContain('(HeaderQuorum)');
    expect(outcome.stdout).not.toContain('newcomer');
    expect(outcome.leftovers).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends both nodes and removes their folders', async (signal) => {
    let isSent = false;
    const outcome = await run(process.execPath, ['dist/main.js'], (stdout, kill) => {
      if (isSent || !stdout.includes('producer')) return;
      isSent = true;
      kill(signal);
    });
    expect(outcome.stderr).toMatch(/^custom-node: .*(interrupted|aborted)/);
    expect(outcome.code).toBe(1);
    expect(outcome.leftovers).toEqual([]);
  });

  test('an unknown option is refused before anything starts', async () => {
    const outcome = await run(process.execPath, ['dist/main.js', '--qorum']);
    expect(outcome.stderr).toContain("Unknown option '--qorum'");
    expect(outcome.stdout).toBe('');
    expect(outcome.code).toBe(2);
  });
});
