// Kills a worker of every job again and again: `node test/crash/loop.mjs [rounds of each job] [seed] [job...]` after a build.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { round } from './round.mjs';
import { jobs } from './settings.mjs';

const [rounds = '30', seed = String(Date.now() % 1_000_000), ...chosen] = process.argv.slice(2);
let state = Number(seed) * 2_654_435_761 + 1;
const random = () => {
  state = (Math.imul(Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ (state >>> 12), 0x297a2d39) + 0x9e3779b9) | 0;
  return (state >>> 0) / 2 ** 32;
};

console.log(`${rounds} rounds of each job, seed ${seed}`);
let failures = 0;
for (const name of chosen.length > 0 ? chosen : Object.keys(jobs)) {
  const folder = await mkdtemp(join(tmpdir(), `ancestral-records-${name}-`));
  const found = new Map();
  let lines = 0;
  try {
    for (let i = 0; i < Number(rounds); i++) {
      const { left, lines: printed } = await round({ folder, name, random });
      found.set(left, (found.get(left) ?? 0) + 1);
      lines += printed;
    }
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    failures++;
    console.log(`${name}: FAILED, see ${folder}\n${error.stack}`);
    continue;
  }
  const kills = [...found].sort(([, a], [, b]) => b - a).map(([left, count]) => `${count} ${left}`);
  console.log(`${name}: ${rounds} kills, ${lines} lines; left behind: ${kills.join(', ')}`);
}
console.log(failures === 0 ? 'all sound' : `${failures} jobs failed`);
process.exitCode = failures === 0 ? 0 : 1;
