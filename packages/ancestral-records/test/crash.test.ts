import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { changesOf, hasher, period, stateRoot } from './crash/chain.mjs';
import { sorted } from './support/plain-state.js';
import { openStore, parameters } from './support/stores.js';
import { rawState, replay, verifyStore } from './support/verify-store.js';

const worker = join(import.meta.dirname, 'crash', 'worker.mjs');

/** Runs the worker, kills it some time after its first line, and returns its lines. */
async function runAndKill(folder: string, job: string, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [worker, folder, job], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let problems = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (data) => {
    output += data;
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  child.stderr.on('data', (data) => {
    problems += data;
  });
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_code, by) => resolve(by)));
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the worker ended by itself: ${problems}`);
  return output.slice(0, output.lastIndexOf('\n')).split('\n');
}

/** What the lines say must be in the database at least: a height, or nothing known. */
function lastHeight(lines: readonly string[]): number | undefined {
  const last = lines.at(-1) ?? '';
  return last.startsWith('height ') ? Number(last.slice(7)) : undefined;
}

describe.each(['blocks', 'download'])('after SIGKILL at a random moment of %s', (job) => {
  test('reopening gives the last completed batch with sums that match', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-crash-'));
    try {
      for (let round = 0; round < 10; round++) {
        const lines = await runAndKill(folder, job, Math.floor(Math.random() * (round % 2 === 0 ? 30 : 250)));
        const database = new ClassicLevel<Uint8Array, Uint8Array>(folder);
        await database.open();
        const store = await openStore(database, {
          hasher,
          stateRoot,
          parameters: parameters({ snapshotPeriod: period }),
        });
        await verifyStore(store, database);
        const { height } = store;
        const promised = lastHeight(lines);
        if (height !== undefined) {
          expect(sorted(await rawState(database))).toEqual(sorted(replay(height, changesOf)));
          if (promised !== undefined) expect(height).toBeGreaterThanOrEqual(promised);
          const marker = await store.get(Uint8Array.of(70));
          if (job === 'blocks' && height % period !== 0)
            expect(Buffer.from(marker ?? []).toString()).toBe(String(height));
        }
        if (job === 'download' && lines.at(-1)?.startsWith('proved ') === true && store.phase === 'downloading') {
          const [, at, index] = (lines.at(-1) as string).split(' ');
          const download = store.download();
          expect(download?.height === Number(at) ? download.proved.has(Number(index)) : true).toBe(true);
        }
        await store.close();
        await database.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
