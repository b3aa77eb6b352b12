// One round: a worker works on a folder until it is killed, then what it left is checked.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { check } from './check.mjs';

const worker = join(import.meta.dirname, 'worker.mjs');

/** Runs a worker and kills it `afterMs` after its first line, or after its start. */
async function runAndKill({ folder, name, afterMs, fromStart }) {
  const child = spawn(process.execPath, [worker, folder, name], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let problems = '';
  let timer;
  const arm = () => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  };
  if (fromStart) child.on('spawn', arm);
  child.stdout.on('data', (data) => {
    output += data;
    arm();
  });
  child.stderr.on('data', (data) => {
    problems += data;
  });
  const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the worker ended by itself: ${problems}`);
  return output
    .slice(0, Math.max(output.lastIndexOf('\n'), 0))
    .split('\n')
    .filter((line) => line !== '');
}

/** Kills the worker at a moment that `random` (numbers from 0 to 1) chooses; checks the folder, where the next round goes on. */
export async function round({ folder, name, random }) {
  const fromStart = random() < 0.15;
  const afterMs = Math.floor(random() ** 2 * (fromStart ? 600 : 500));
  const lines = await runAndKill({ folder, name, afterMs, fromStart });
  try {
    return { ...(await check({ folder, name, lines })), lines: lines.length };
  } catch (error) {
    error.message += ` (killed after ${afterMs} ms; last lines: ${lines.slice(-4).join(', ')})`;
    throw error;
  }
}
