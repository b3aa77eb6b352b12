import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { watchAllocations } from './fuzz/allocations.mjs';
import { checkInput } from './fuzz/check-input.mjs';
import { corpusFolder, readCorpus } from './fuzz/corpus.mjs';
import { Coverage } from './fuzz/coverage.mjs';
import { fuzzTarget } from './fuzz/fuzz-target.mjs';
import { isCounted } from './fuzz/load.mjs';
import { minimise } from './fuzz/minimise.mjs';
import { loadTargets } from './fuzz/targets.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'fuzz');
watchAllocations();
const coverage = new Coverage((url) => isCounted(url) || url.endsWith('/faulty-decoder.mjs'));
const { faultless, faults, targetOf } = await import('./fuzz/faulty-decoder.mjs');
const targets = await loadTargets();

test('every target has its own name, seeds that it takes, and a corpus; all corpora together are small', async () => {
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  let bytes = 0;
  for (const target of targets) {
    assert.ok(target.seeds.length > 0, target.name);
    for (const seed of target.seeds) await target.decode(seed.slice());
    assert.ok(readCorpus(target.name).length > 0, target.name);
    bytes += statSync(join(corpusFolder, `${target.name}.txt`)).size;
  }
  assert.ok(bytes < 1024 * 1024, `${bytes} bytes of corpus`);
});

for (const target of targets) {
  test(`${target.name}: seeds, corpus, and what is near them keep the rules`, async () => {
    for (const input of [...target.seeds, ...(target.hints ?? []), ...readCorpus(target.name)]) {
      assert.equal(await checkInput(target, input), undefined, Buffer.from(input).toString('hex'));
    }
    const { findings } = await fuzzTarget(target, {
      coverage,
      seed: 7,
      corpus: readCorpus(target.name),
      maxExecutions: 300,
      isGuided: false,
    });
    assert.deepEqual(findings, []);
  });
}

/** Breaks a decoder in one way: what the rules must notice of every target, whatever it takes for a refusal. */
const breaks = {
  crash: () => ({
    decode() {
      undefined.planted();
    },
  }),
  allocation: (target) => ({
    decode(input) {
      new Uint8Array(64 * 2 ** 20);
      return target.decode(input);
    },
  }),
  input: (target) => ({
    async decode(input) {
      const value = await target.decode(input.slice());
      input[0] ^= 1;
      return value;
    },
  }),
  trailing: (target) => ({
    canContinue: target.canContinue,
    encode: undefined,
    // Whatever was taken once is taken with anything behind it.
    decode: (input) =>
      target.decode(target.seeds.find((seed) => Buffer.compare(seed, input.subarray(0, seed.length)) === 0)),
  }),
  unstable(target) {
    let calls = 0;
    return { isCanonical: false, encode: async (value) => Uint8Array.of(...(await target.encode(value)), calls++ & 1) };
  },
};

for (const [kind, make] of Object.entries(breaks)) {
  test(`every target notices a planted mistake: ${kind}`, async () => {
    let tried = 0;
    for (const target of targets) {
      if (kind === 'trailing' && target.canContinue) continue;
      if (kind === 'unstable' && target.encode === undefined) continue;
      tried++;
      const [seed] = [...target.seeds].sort((a, b) => b.length - a.length);
      const broken = { ...target, ...make(target) };
      const finding = await checkInput(broken, seed);
      // What no longer encodes to itself may also no longer decode.
      const isFound = finding?.kind === kind || (kind === 'unstable' && finding?.kind === 'crash');
      assert.ok(isFound, `${target.name}: ${JSON.stringify(finding)}`);
    }
    assert.ok(tried > 30, `${tried} targets`);
  });
}

test('the fuzzer finds nothing where nothing is wrong', async () => {
  const { findings, corpus } = await fuzzTarget(targetOf(faultless), { coverage, seed: 1, maxExecutions: 10_000 });
  assert.deepEqual(findings, []);
  assert.ok(corpus.length > 5);
});

for (const [kind, decode] of Object.entries(faults)) {
  test(`the fuzzer finds a planted mistake: ${kind}`, async () => {
    let executions = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const options = { coverage, seed, maxExecutions: 20_000, maxFindings: 1 };
      const result = await fuzzTarget(targetOf(decode), options);
      executions += result.executions;
      if (result.findings.some((finding) => finding.kind === kind.split(' of ')[0])) return;
    }
    assert.fail(`not found in ${executions} executions`);
  });
}

test('coverage is what leads there: without it the same number of inputs finds no crash', async () => {
  const { findings } = await fuzzTarget(targetOf(faults.crash), {
    coverage,
    seed: 1,
    maxExecutions: 60_000,
    isGuided: false,
  });
  assert.deepEqual(findings, []);
});

test('a corpus is minimised to few short inputs that run the same code', async () => {
  const target = targetOf(faultless);
  const { corpus } = await fuzzTarget(target, { coverage, seed: 2, maxExecutions: 20_000 });
  const placesOf = async (inputs) => {
    coverage.clear();
    for (const input of inputs) await checkInput(target, input);
    return coverage.takeSet();
  };
  const minimised = await minimise(target, corpus, { coverage });
  assert.ok(minimised.length < corpus.length);
  const [before, after] = [await placesOf(corpus), await placesOf(minimised)];
  assert.deepEqual(
    [...before].filter((place) => !after.has(place)),
    [],
  );
});

test('an input that takes for ever ends the process, which says which input it was', () => {
  const script = `
    import { startWatchdog } from ${JSON.stringify(join(folder, 'watchdog.mjs'))};
    const onInput = startWatchdog({ maxSeconds: 1, maxBytes: 100 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    onInput(Uint8Array.of(0xab, 0xcd));
    for (;;);
  `;
  const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL');
  assert.match(stderr, /for the input abcd/);
});
