/**
 * `npm run test:platforms`: the kernels, backends and pools of @hs/ellipticsum on every supported version of Node, with and
 * without the flags of the engine that matter, and in Chromium; then the pages of verify-checksum and of the node in Chromium.
 *
 * The Node binaries are those that tools/platforms pins. A platform that cannot be had is a failure, not a skip.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { evaluateOnPage, findChromium } from './chromium.mjs';
import { capture, environment, install, root, step } from './steps.mjs';

/** On each of these, `auto` must take `expected`. */
const nodes = [
  { name: 'node20', flags: [], expected: 'wasm' },
  { name: 'node20', flags: ['--experimental-wasm-relaxed-simd'], expected: 'wasm-simd' },
  { name: 'node22', flags: [], expected: 'wasm-simd' },
  { name: 'node24', flags: [], expected: 'wasm-simd' },
  { name: 'node24', flags: ['--experimental-wasm-revectorize'], expected: 'wasm-simd' },
  { name: 'node26', flags: [], expected: 'wasm-simd' },
  { name: 'node26', flags: ['--experimental-wasm-revectorize'], expected: 'wasm-simd' },
];

/**
 * Tests that say nothing about the engine: of the package as a file and its command, and of plain JavaScript that `npm test`
 * covers. All others run on every platform.
 */
const elsewhere = [
  'command-arguments.test.ts',
  'command.test.ts',
  'elliptic-sum.property.test.ts',
  'elliptic-sum.test.ts',
  'elliptic-sum.vectors.test.ts',
  'kernel/field-machines.test.ts',
  'package.test.ts',
  'packed-records.test.ts',
  'partial-sum.test.ts',
  'pool/browser-threads.test.ts',
  'readme.test.ts',
  'record-file.property.test.ts',
  'record-file.test.ts',
  'state-checksum.test.ts',
  'testing.test.ts',
];

const packageFolder = join(root, 'packages', 'ellipticsum');
/** What is tested on a page in Chromium, by `jest.platforms.config.mjs` of its folder. */
const pages = [
  { name: 'verify-checksum', folder: join(root, 'examples', 'verify-checksum') },
  { name: 'the node', folder: join(root, 'packages', 'node') },
];
const toolsFolder = join(root, 'tools', 'platforms');
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const jestFlags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const randomRecords = 5000;

const printSelection = `
  import { createBackend } from '@hs/ellipticsum';
  const { selection } = await createBackend();
  console.log(JSON.stringify(selection));
`;

const temporary = mkdtempSync(join(tmpdir(), 'hyper-sync-platforms-'));
const totals = { passed: 0, failed: 0 };
const started = Date.now();

/** The tests for every platform. Fails if one of those left out is not there any more. */
function platformTests() {
  const folder = join(packageFolder, 'test');
  const all = readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll(sep, '/'))
    .filter((name) => name.endsWith('.test.ts'));
  const unknown = elsewhere.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`scripts/test-platforms.mjs leaves out tests that are not there: ${unknown}`);
  return all.filter((name) => !elsewhere.includes(name)).map((name) => join('test', name));
}

/** Says how a platform did, in one line; what failed, before it. */
function report(platform, { selection, expected, counts, extra = '', problems, startedMs }) {
  const failures = [...problems];
  if (selection?.backend !== expected) {
    const why = selection?.refused.map(({ backend, message }) => `; not ${backend}: ${message}`).join('') ?? '';
    failures.push(`auto must take ${expected} here, and took ${selection?.backend ?? 'none'}${why}`);
  }
  const isGood = counts.failed + failures.length === 0 && counts.passed > 0;
  totals.passed += counts.passed;
  // Failed tests are a problem of their run too; count them once.
  totals.failed += isGood ? 0 : Math.max(1, counts.failed, failures.length);
  for (const failure of failures) console.error(`\n${platform}: ${failure}\n`);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  console.log(
    `${isGood ? 'ok    ' : 'FAILED'} ${platform}: auto took ${selection?.backend ?? 'nothing'}; ` +
      `${counts.passed} tests passed, ${counts.failed} failed${extra}; ${seconds} s`,
  );
}

/** What a run of jest counted; nothing passed counts as a failure. */
function countsOf(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
}

async function testNode({ name, flags, expected }, { tests, seed }) {
  const startedMs = Date.now();
  const binary = join(toolsFolder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const problems = [];
  const options = {
    cwd: packageFolder,
    // Whoever runs `node` runs this one; and the tests set no flags of the engine by themselves.
    env: { ...environment, PATH: `${dirname(binary)}${delimiter}${environment.PATH}`, HS_V8_FLAGS: 'none' },
  };
  const runNode = async (...args) => {
    const { code, output } = await capture(binary, [...flags, ...args], options);
    if (code !== 0) throw new Error(`exit code ${code} of ${[...flags, ...args].slice(0, 5).join(' ')}\n${output}`);
    return output.trim();
  };
  const outputFile = join(temporary, `${[name, ...flags].join('')}.json`);
  let selection;
  let version = name;
  const parts = [
    async () => {
      version = await runNode('--version');
    },
    async () => {
      selection = JSON.parse(await runNode('--input-type=module', '--eval', printSelection));
    },
    async () => {
      const output = ['--json', `--outputFile=${outputFile}`];
      await runNode(...jestFlags, jest, '--runInBand', ...output, '--runTestsByPath', ...tests);
    },
    async () => {
      await runNode(join('scripts', 'exactness.mjs'), String(randomRecords), String(seed));
    },
  ];
  for (const part of parts) await part().catch((error) => problems.push(error.message));
  const platform = ['Node', version.replace('v', ''), ...flags].join(' ');
  const extra = problems.length === 0 ? `; ${randomRecords} random records agree` : '';
  report(platform, { selection, expected, counts: countsOf(outputFile), extra, problems, startedMs });
}

async function testChromium(executablePath) {
  const startedMs = Date.now();
  const folder = join(temporary, 'suite');
  const problems = [];
  const counts = { passed: 0, failed: 0 };
  let selection;
  let platform = 'Chromium';
  try {
    const { build } = await import('tsup');
    await build({
      config: false,
      silent: true,
      entry: {
        suite: join(packageFolder, 'test', 'browser', 'suite.mjs'),
        // The pool looks for it under this name, next to its own code.
        'browser-worker': join(packageFolder, 'dist', 'browser-worker.js'),
      },
      outDir: folder,
      format: ['esm'],
      platform: 'browser',
      target: 'es2022',
      splitting: false,
      noExternal: [/./],
    });
    cpSync(join(packageFolder, 'test', 'browser', 'index.html'), join(folder, 'index.html'));
    const { value, version } = await evaluateOnPage(executablePath, folder, 'runSuite()');
    platform = `Chromium ${version}`;
    selection = value.selection;
    for (const { name, error } of value.results) {
      counts[error === undefined ? 'passed' : 'failed']++;
      if (error !== undefined) console.error(`\n${platform}: ${name}\n${error}\n`);
    }
  } catch (error) {
    problems.push(`cannot be run: ${error.message}`);
  }
  report(platform, { selection, expected: 'wasm-simd', counts, problems, startedMs });
}

async function testPage(executablePath, { name, folder }) {
  const startedMs = Date.now();
  const outputFile = join(temporary, `${name}.json`);
  const config = join(folder, 'jest.platforms.config.mjs');
  const args = [...jestFlags, jest, '--runInBand', '--json', `--outputFile=${outputFile}`, '--config', config];
  const options = { cwd: folder, env: { ...environment, HS_CHROMIUM: executablePath } };
  const { code, output } = await capture(process.execPath, args, options);
  const counts = countsOf(outputFile);
  if (code !== 0) {
    console.error(`\nThe page of ${name}: exit code ${code}\n${output}`);
    if (counts.failed === 0) counts.failed = 1;
  }
  totals.passed += counts.passed;
  totals.failed += counts.failed;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  console.log(
    `${code === 0 ? 'ok    ' : 'FAILED'} page of ${name} in Chromium: ` +
      `${counts.passed} tests passed, ${counts.failed} failed; ${seconds} s`,
  );
}

/** Runs jobs, as many at a time as there are processors, but no more than two: some tests look at the clock. */
async function runAll(jobs) {
  const rest = [...jobs];
  const lanes = Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) await job();
  });
  await Promise.all(lanes);
}

try {
  await install();
  const built = ['--filter=@hs/example-verify-checksum', '--filter=@hs/node', '--output-logs=errors-only'];
  await step('build', 'turbo', ['run', 'build', ...built]);
  await step('Node versions', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: toolsFolder });
  console.log('');
  const tests = platformTests();
  await runAll(nodes.map((node, seed) => () => testNode(node, { tests, seed })));
  try {
    const executablePath = findChromium();
    await testChromium(executablePath);
    for (const page of pages) await testPage(executablePath, page);
  } catch (error) {
    totals.failed++;
    console.error(`FAILED Chromium: ${error.message}`);
  }
  console.log(`All platforms took ${Math.round((Date.now() - started) / 1000)} s.`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
