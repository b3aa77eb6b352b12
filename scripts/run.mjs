/**
 * `npm start` and `npm test`: everything a fresh clone needs, with only Node and npm on the machine.
 *
 * Installs the pinned pnpm and the locked dependencies if they are not there yet, builds, then runs the example or all
 * checks. Uses nothing but Node itself, since it runs before anything is installed.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, install, root, run, step } from './steps.mjs';

async function start(args) {
  await install();
  await step('build', 'turbo', ['run', 'build', '--filter=@hs/example-full-node', '--output-logs=errors-only']);
  process.exit(await run(process.execPath, [join('examples', 'full-node', 'dist', 'main.js'), ...args]));
}

async function test() {
  const started = Date.now();
  await install();
  await step('build', 'turbo', ['run', 'build', '--output-logs=errors-only']);
  await step('lint', 'biome', ['check', '--error-on-warnings', '.']);
  await step('types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only']);
  await step('dependency rule', process.execPath, [join('scripts', 'check-dependencies.mjs')]);

  const summaries = mkdtempSync(join(tmpdir(), 'hyper-sync-tests-'));
  try {
    const scriptTests = readdirSync(join(root, 'scripts')).filter((name) => name.endsWith('.test.mjs'));
    await step('script tests', process.execPath, ['--test', ...scriptTests.map((name) => join('scripts', name))]);
    // One package at a time: the end-to-end tests run networks of processes and want both cores.
    await step('tests', 'turbo', ['run', 'test', '--concurrency=1', '--output-logs=full'], {
      env: { ...environment, HS_TEST_SUMMARIES: summaries },
    });
    const totals = { passed: 0, failed: 0 };
    for (const file of readdirSync(summaries)) {
      const { name, passed, failed } = JSON.parse(readFileSync(join(summaries, file), 'utf8'));
      console.log(`${name}: ${passed} tests`);
      totals.passed += passed;
      totals.failed += failed;
      if (passed === 0) throw new Error(`${name} ran no test`);
    }
    console.log(`All checks held in ${Math.round((Date.now() - started) / 1000)} s.`);
    console.log(`${totals.passed} passed, ${totals.failed} failed`);
  } finally {
    rmSync(summaries, { recursive: true, force: true });
  }
}

const [job, ...args] = process.argv.slice(2);
if (job === 'start') await start(args);
else if (job === 'test') await test();
else {
  console.error('usage: node scripts/run.mjs start|test');
  process.exit(2);
}
