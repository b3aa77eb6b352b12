import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { committedReport, fuzzReport, readLog, reportFile } from './fuzz-report.mjs';

const line = (more) =>
  JSON.stringify({
    startedAt: '2026-01-02T03:04',
    node: 'v20.0.0',
    seed: 1,
    target: 'a-target',
    cpuSeconds: 30.5,
    executions: 1_000,
    charactersGiven: 10,
    characters: 20,
    corpus: 2,
    added: 1,
    findings: [],
    ...more,
  });

test('the committed report is what the log gives; after a run: npm run fuzz:report', () => {
  assert.equal(readFileSync(reportFile, 'utf8'), committedReport());
});

test('runs of a target are added up, from the first corpus to the last', () => {
  const log = [line({}), line({ seed: 2, charactersGiven: 20, characters: 25, corpus: 3 })].join('\n');
  const report = fuzzReport(readLog(log), []);
  assert.match(report, /\| `a-target` \| 2 \| 61 \| 2,000 \| 10 to 25 \| 3 \| 2 \| 0 \|/);
  assert.match(report, /\| 2026-01-02 03:04 \| 2 \| v20\.0\.0 \| 1 \| 0\.5 \|/);
  assert.match(report, /1 targets, 2,000 inputs, 1\.0 minutes/);
});

test('a finding that nothing is said of is no report', () => {
  const log = readLog(line({ findings: [{ kind: 'crash', message: 'decode: TypeError: x', input: '00' }] }));
  const known = { target: 'a-target', kind: 'crash', message: 'TypeError', finding: 'It failed.', became: 'Mended.' };
  assert.match(fuzzReport(log, [known]), /\| `a-target` \| crash \| It failed\. \| Mended\. \|/);
  for (const other of [{ target: 'b' }, { kind: 'time' }, { message: 'RangeError' }]) {
    assert.throws(() => fuzzReport(log, [{ ...known, ...other }]), /nothing is said of a finding of a-target/);
  }
});
