/**
 * Coverage-guided fuzzing of every decoder. Run after a build:
 *
 *   node scripts/fuzz.mjs [--target NAME]... [--seconds 60] [--seed 1] [--save] [--log FILE] [--list]
 *
 * Gives each target the same share of the time, which is processor time of this process: being one of many, or stopped for a while, costs
 * nothing of it. `--save` adds what was found to the corpus, minimised; `--log` appends a line of JSON for each target to a file, from which
 * scripts/fuzz-report.mjs makes docs/fuzzing.md; `--list` names the targets. Findings are printed in hex, and make the exit code 1.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { watchAllocations } from './fuzz/allocations.mjs';
import { readCorpus, writeCorpus } from './fuzz/corpus.mjs';
import { Coverage } from './fuzz/coverage.mjs';
import { cpuMs } from './fuzz/cpu-time.mjs';
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
    log: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
watchAllocations();
// Every refusal is an error: long traces would cost more than decoding.
Error.stackTraceLimit = 4;
const coverage = new Coverage(isCounted);
const all = await loadTargets();
if (values.list) {
  console.log(all.map(({ name }) => name).join('\n'));
  process.exit(0);
}
const unknown = values.target?.find((wanted) => !all.some(({ name }) => name === wanted));
if (unknown !== undefined) throw new Error(`there is no target ${unknown}; --list names them`);
const targets = all.filter(({ name }) => values.target?.includes(name) ?? true);
const onInput = startWatchdog({ maxSeconds: 20, maxBytes: 65_536 });
const maxCpuMs = (Number(values.seconds) * 1_000) / targets.length;
const startedAt = new Date().toISOString().slice(0, 16);
let hasFindings = false;
console.log(
  '| target | CPU seconds | executions | code run, in characters | corpus | new in it | findings |\n|---|---|---|---|---|---|---|',
);
for (const target of targets) {
  const before = readCorpus(target.name);
  const result = await fuzzTarget(target, { coverage, seed: Number(values.seed), corpus: before, maxCpuMs, onInput });
  const { executions, charactersGiven, characters, findings } = result;
  const corpus = await minimise(target, result.corpus, { coverage, onInput });
  const known = new Set(before.map((input) => Buffer.from(input).toString('hex')));
  const added = corpus.filter((input) => !known.has(Buffer.from(input).toString('hex'))).length;
  if (values.save) writeCorpus(target.name, corpus);
  const cpuSeconds = Math.round(result.cpuMs / 100) / 10;
  const grown = characters === charactersGiven ? `${characters}` : `${charactersGiven} to ${characters}`;
  console.log(`| ${[target.name, cpuSeconds, executions, grown, corpus.length, added, findings.length].join(' | ')} |`);
  for (const { kind, message, input, stack } of findings) {
    hasFindings = true;
    console.log(`\n${target.name}: ${kind}: ${message}\n  input ${Buffer.from(input).toString('hex')}\n${stack ?? ''}`);
  }
  if (values.log !== undefined) {
    const line = {
      startedAt,
      node: process.version,
      seed: Number(values.seed),
      target: target.name,
      cpuSeconds,
      executions,
      charactersGiven,
      characters,
      corpus: corpus.length,
      added,
      findings: findings.map(({ kind, message, input }) => ({
        kind,
        message,
        input: Buffer.from(input).toString('hex'),
      })),
    };
    appendFileSync(values.log, `${JSON.stringify(line)}\n`);
  }
}
const minutes = (cpuMs() / 60_000).toFixed(1);
console.log(
  `\n${targets.length} targets, seed ${values.seed}, Node ${process.version}: ${minutes} minutes of processor time, loading included`,
);
coverage.close();
process.exit(hasFindings ? 1 : 0);
