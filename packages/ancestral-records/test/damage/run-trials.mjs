// Chooses bytes to flip and runs the trials in processes of their own, since a damaged database may take its process down.
import { spawn } from 'node:child_process';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { numbersFrom } from './chain.mjs';

const trial = new URL('./trial.mjs', import.meta.url).pathname;

/** Share of the flips that goes to each kind of file; within a kind every byte is as likely as any other. */
const shares = [
  [/\.ldb$/, 0.7],
  [/\.log$/, 0.2],
  [/^MANIFEST-/, 0.08],
  [/^CURRENT$/, 0.02],
];

/** `count` flips of one bit or of several bits of a byte, in the files of a prepared database. */
export async function chooseFlips(folder, { count, seed }) {
  const random = numbersFrom(seed);
  const kinds = [];
  const names = (await readdir(join(folder, 'db'))).sort();
  for (const [pattern, share] of shares) {
    const found = [];
    for (const file of names.filter((name) => pattern.test(name))) {
      const { size } = await stat(join(folder, 'db', file));
      if (size > 0) found.push({ file, size });
    }
    if (found.length === 0) throw new Error(`the database has no file like ${pattern}`);
    kinds.push({ share, files: found, size: found.reduce((sum, { size }) => sum + size, 0) });
  }
  return Array.from({ length: count }, (_, id) => {
    let share = (random() / 2 ** 32) * 0.999;
    const kind = kinds.find((each) => {
      share -= each.share;
      return share < 0;
    });
    let offset = random() % kind.size;
    let file = kind.files[0].file;
    for (const each of kind.files) {
      file = each.file;
      if (offset < each.size) break;
      offset -= each.size;
    }
    const mask = random() % 2 === 0 ? 1 << (random() % 8) : 1 + (random() % 255);
    return { id, file, offset, mask };
  });
}

/** Runs all flips; `onResult` hears of each. Gives the results in the order of the flips. */
export async function runTrials(folder, flips, { workers = 1, timeoutMs = 120_000, onResult = () => undefined } = {}) {
  const results = new Map();
  const waiting = [...flips];
  const work = async (worker) => {
    const copy = join(folder, `copy-${worker}`);
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 25);
      const ended = await runProcess(folder, copy, batch, timeoutMs, (id, result) => {
        results.set(id, result);
        onResult(
          flips.find((one) => one.id === id),
          result,
        );
      });
      const unfinished = batch.filter(({ id }) => !results.has(id));
      if (ended.isComplete) continue;
      const victim = unfinished.shift();
      if (victim === undefined) throw new Error(`a trial ended badly: ${ended.problems}`);
      waiting.unshift(...unfinished);
      if (victim.mustRebuild === true) throw new Error(`rebuilding from the file ended badly: ${ended.problems}`);
      await runProcess(folder, copy, [{ ...victim, mustRebuild: true }], timeoutMs, (id, result) => {
        const whole = { ...result, stage: ended.stage, signal: ended.signal };
        results.set(id, whole);
        onResult(victim, whole);
      });
      if (!results.has(victim.id)) throw new Error(`rebuilding after flip ${victim.id} ended badly`);
    }
    await rm(copy, { recursive: true, force: true });
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return flips.map(({ id }) => results.get(id));
}

function runProcess(folder, copy, batch, timeoutMs, onResult) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [trial, folder, copy, JSON.stringify(batch)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stage = 'starting';
    let problems = '';
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    };
    watch();
    createInterface({ input: child.stdout }).on('line', (line) => {
      watch();
      const message = JSON.parse(line);
      if (message.result === undefined) stage = message.stage;
      else onResult(message.at, message.result);
    });
    child.stderr.on('data', (data) => {
      problems += data;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ isComplete: code === 0 || code === 1, stage, signal: signal ?? `code ${code}`, problems });
    });
  });
}

/** What is wrong with a result, in words; nothing if it is as it has to be. */
export function verdict(result) {
  const { isFound, isSound, unnamed = [] } = result;
  if (result.class === 'failed') return `the trial failed: ${result.why}`;
  if (result.class === 'no effect') return isFound ? 'damage was reported where there is none' : undefined;
  if (isSound !== true) return 'the state is not clean after repair, compaction and reopening';
  if (['altered', 'lookups', 'batches lost', 'unreadable', 'hidden in scans', 'own records'].includes(result.class)) {
    if (!isFound) return 'the damage was not found';
    if (unnamed.length > 0) return `the place of ${unnamed.length} records was not named`;
  }
  return undefined;
}
