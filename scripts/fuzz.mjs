/**
 * Coverage-guided fuzzing of every decoder. Run after a build:
 *
 *   node scripts/fuzz.mjs [--target NAME]... [--seconds 60] [--seed 1] [--save]
 *
 * Gives each target the same share of the time. `--save` adds what was found to the corpus, minimised; findings are printed in hex, and make
 * the exit code 1.
 */
import { parseArgs } from 'node:util';
import { watchAllocations } from './fuzz/allocations.mjs';
import { readCorpus, writeCorpus } from './fuzz/corpus.mjs';
import { Coverage } from './fuzz/coverage.mjs';
import { fuzzTarget } from './fuzz/fuzz-target.mjs';
import { isCounted } from './fuzz/load.mjs';
import { minimise } from './fuzz/minimise.mjs';
import { loadTargets } from './fuzz/targets.mjs';
import { startWatchdog } from './fuzz/watchdog.mjs';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    save: { type: 'boolean', default: false },
  },
});
watchAllocations();
// Every refusal is an error: long traces would cost more than decoding.
Error.stackTraceLimit = 4;
const coverage = new Coverage(isCounted);
const targets = (await loadTargets()).filter(({ name }) => values.target?.includes(name) ?? true);
const onInput = startWatchdog({ maxSeconds: 20, maxBytes: 65_536 });
const share = (Number(values.seconds) * 1_000) / targets.length;
let hasFindings = false;
console.log(
  '| target | seconds | executions | characters of code run | corpus | findings |\n| --- | --- | --- | --- | --- | --- |',
);
for (const target of targets) {
  const start = performance.now();
  const corpus = readCorpus(target.name);
  const result = await fuzzTarget(target, {
    coverage,
    seed: Number(values.seed),
    corpus,
    untilMs: start + share,
    onInput,
  });
  if (values.save) writeCorpus(target.name, await minimise(target, result.corpus, { coverage, onInput }));
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(
    `| ${target.name} | ${seconds} | ${result.executions} | ${result.characters} | ${result.corpus.length} | ${result.findings.length} |`,
  );
  for (const { kind, message, input, stack } of result.findings) {
    hasFindings = true;
    console.log(`\n${target.name}: ${kind}: ${message}\n  input ${Buffer.from(input).toString('hex')}\n${stack ?? ''}`);
  }
}
coverage.close();
process.exit(hasFindings ? 1 : 0);
