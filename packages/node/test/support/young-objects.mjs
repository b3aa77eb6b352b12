/** Preloaded into a process: makes objects of which many live for a while, and says how large the memory for new ones became. */
import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';

const newSpace = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;

async function makeObjects() {
  let most = 0;
  let kept = [];
  for (let round = 0; round < 3000; round++) {
    for (let i = 0; i < 2000; i++) kept.push({ i, list: [i] });
    if (kept.length > 200_000) kept = [];
    most = Math.max(most, newSpace());
    await turn();
  }
  process.stderr.write(`new objects took ${most} bytes\n`);
}

setTimeout(makeObjects, 1500);
