/**
 * Damage to the files of a real database: one byte is flipped in a copy, and everything that verification, repair and
 * rebuilding promise is checked, hundreds of times. After a build:
 *
 * `node bench/damage.mjs [--flips 400] [--seed text] [--records 8000] [--changes 300] [--workers 2]`
 *
 * The seed chooses the flips; the database itself is made anew, and LevelDB cuts its files a little differently each time.
 * Ends with status 1 if a single flip did not end as it has to.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from '../test/damage/prepare.mjs';
import { chooseFlips, runTrials, verdict } from '../test/damage/run-trials.mjs';
import { count, machine, printTable } from './support/report.mjs';

const { values: chosen } = parseArgs({
  options: {
    flips: { type: 'string', default: '400' },
    seed: { type: 'string', default: randomBytes(6).toString('hex') },
    records: { type: 'string', default: '8000' },
    changes: { type: 'string', default: '300' },
    workers: { type: 'string', default: '2' },
  },
});
const [flipCount, records, changes, workers] = ['flips', 'records', 'changes', 'workers'].map((name) =>
  count(chosen[name], name),
);

const outcomes = {
  'no effect': 'in unused bytes, or nothing readable changes: not detectable',
  'older state': 'the log ends earlier: an older state that the chain had, in order',
  'healed by compaction': 'only lookups or seeks failed, and the database rewrote the file before it could be verified',
  altered: 'records altered, hidden or added',
  lookups: 'records hidden from lookups, not from iterators',
  'hidden in scans': 'records in place that longer scans lose',
  'batches lost': 'batches in the middle of the log lost',
  unreadable: 'the database throws while it is read',
  'own records': 'only what the store keeps about itself is altered',
  'open failed': 'database or store cannot be opened',
  'process died': 'the database takes the process down',
};

const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-damage-'));
try {
  console.log(`${machine()}, seed ${chosen.seed}`);
  await prepare(folder, { records, changes });
  const flips = await chooseFlips(folder, { count: flipCount, seed: chosen.seed });
  const wrong = [];
  const tally = new Map();
  const kindOf = (file) => (/\.ldb$/.test(file) ? 'tables' : file.replace(/^.*\.|-.*$/g, ''));
  let plain = 0;
  let thorough = 0;
  let salvaged = 0;
  let rebuiltRanges = 0;
  await runTrials(folder, flips, {
    workers,
    onResult(flip, result) {
      const problem = verdict(result);
      if (problem !== undefined) wrong.push({ flip, problem, result });
      const key = JSON.stringify([result.class, kindOf(flip.file), result.how ?? (result.ranges ? 'rebuilt' : '')]);
      tally.set(key, (tally.get(key) ?? 0) + 1);
      if (result.isFound && result.class !== 'no effect') {
        thorough++;
        if (result.isFoundPlain) plain++;
      }
      if (result.ranges !== undefined) {
        salvaged += result.salvaged;
        rebuiltRanges += result.ranges;
      }
    },
  });
  const rows = [...tally].map(([key, flipsOfKind]) => [...JSON.parse(key), flipsOfKind]);
  const order = Object.keys(outcomes);
  rows.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]) || a[1].localeCompare(b[1]) || b[3] - a[3]);
  console.log(`\n${flips.length} flips of one byte, each in a copy of a database of ${records} records.`);
  printTable(
    ['what it did', 'where', 'what mended it', 'flips'],
    rows.map(([kind, where, how, number]) => [outcomes[kind] ?? kind, where, how, number]),
  );
  console.log(`\nOf ${thorough} found by verification, ${plain} were found without lookups.`);
  console.log(`Of ${rebuiltRanges} rebuilt ranges, ${salvaged} came from the damaged databases.`);
  console.log(`${wrong.length} flips did not end as they have to.`);
  for (const { flip, problem, result } of wrong) {
    console.error(problem, JSON.stringify(flip), JSON.stringify(result).slice(0, 2000));
  }
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
