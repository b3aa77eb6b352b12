import { checkInput, defaultMaxBytes } from './check-input.mjs';
import { cpuMs } from './cpu-time.mjs';
import { mutate } from './mutate.mjs';
import { Random } from './random.mjs';

/** Taking coverage costs as much as some hundred inputs, and hardly any input runs anything new. */
const batchInputs = 256;
/** Inputs of a batch that are looked at alone, for how often they run what they run. */
const aloneInputs = 2;

/**
 * Looks for inputs that `target` takes wrongly, for `maxCpuMs` of processor time or `maxExecutions`.
 *
 * Keeps each input that runs a part of the code that none has run before, or about as often as none has, and makes new inputs of those it
 * keeps. Returns findings, corpus, and how much was done: executions, processor time, and how many characters of the code what was given ran
 * and what was found runs.
 */
export async function fuzzTarget(target, options) {
  const { coverage, seed, corpus: given = [], maxCpuMs = Number.POSITIVE_INFINITY, onInput = () => {} } = options;
  const { maxExecutions = Number.POSITIVE_INFINITY, maxFindings = 20, isGuided = true } = options;
  const random = new Random(seed);
  const maxBytes = target.maxBytes ?? defaultMaxBytes;
  const dictionary = target.dictionary ?? [];
  const corpus = [];
  const findings = new Map();
  let executions = 0;
  const start = cpuMs();

  const execute = async (input) => {
    executions++;
    onInput(input);
    const finding = await checkInput(target, input);
    if (finding === undefined) return;
    // What crashes in one place is one finding, and what breaks another rule is one.
    const name = finding.place ?? finding.kind;
    const known = findings.get(name);
    if (known === undefined || input.length < known.input.length) findings.set(name, { ...finding, input });
  };
  /** Keeps the inputs of a batch that run something new, found by halving. */
  const keepNew = async (inputs) => {
    if (inputs.length === 1) {
      corpus.push(inputs[0]);
      return;
    }
    for (const half of [inputs.slice(0, inputs.length >> 1), inputs.slice(inputs.length >> 1)]) {
      coverage.clear();
      for (const input of half) await execute(input);
      if (coverage.takeNew({ remembers: half.length === 1 }) > 0) await keepNew(half);
    }
  };

  coverage.reset();
  for (const input of [...target.seeds, ...(target.hints ?? []), ...given]) {
    await execute(input);
    if (coverage.takeNew({ byCount: true }) > 0 || corpus.length === 0) corpus.push(input);
  }
  const charactersGiven = coverage.characters;
  while (cpuMs() - start < maxCpuMs && executions < maxExecutions && findings.size < maxFindings) {
    const parents = corpus;
    // The newest have been worked on least.
    const parent = () =>
      random.oneIn(2) ? random.pick(parents) : parents[parents.length - 1 - random.below(Math.min(parents.length, 16))];
    const fresh = () => mutate(parent(), { random, corpus: parents, dictionary, maxBytes });
    const batch = Array.from({ length: batchInputs }, fresh);
    coverage.clear();
    for (const input of batch) await execute(input);
    if (isGuided && coverage.takeNew({ remembers: false }) > 0) await keepNew(batch);
    for (let alone = 0; isGuided && alone < aloneInputs; alone++) {
      const input = random.pick(batch);
      coverage.clear();
      await execute(input);
      if (coverage.takeNew({ byCount: true }) > 0) corpus.push(input);
    }
  }
  const { characters } = coverage;
  return { findings: [...findings.values()], corpus, executions, cpuMs: cpuMs() - start, charactersGiven, characters };
}
