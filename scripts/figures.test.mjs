import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { drawKernels, kernelsFigure, kernelsSvg, readKernelRuns } from './figures.mjs';

const section = (heading, rows) =>
  `## ${heading}\n\n| backend | records | records/s, median | best | times noble |\n|---|---|---|---|---|\n${rows.join('\n')}\n\n`;
const rows = ['| noble | 150 bytes | 4000 | 4100 | 1.0 |', '| wasm | 150 bytes | 48000 | 49000 | 12.0 |'];
const five = (change = (text) => text) =>
  change(['20.1.0', '22.1.0', '24.1.0', '24.1.0', '26.1.0 --x'].map((v) => section(`Node v${v}`, rows)).join(''));

test('the committed figure is what the results give; after a change: npm run figures', () => {
  assert.equal(readFileSync(kernelsFigure, 'utf8'), kernelsSvg());
});

test('a run is its version, its flag and the ratios of its table', () => {
  const runs = readKernelRuns(five());
  assert.deepEqual(
    runs.map(({ title }) => title),
    ['Node 20', 'Node 22', 'Node 24', 'Node 24, run 2', 'Node 26 --x'],
  );
  assert.deepEqual(runs[0].ratios, { noble: 1, wasm: 12 });
  assert.match(drawKernels(runs), /Node 26 --x: wasm 12\./);
});

test('results in another shape are refused', () => {
  assert.throws(() => readKernelRuns(five((text) => text.replace('best', 'greatest'))), /no table/);
  assert.throws(() => readKernelRuns(five((text) => text.replace('| 12.0 |', '| fast |'))), /not a row/);
  assert.throws(() => readKernelRuns(five((text) => text.replace('| wasm |', '| wazm |'))), /lacks rows/);
  assert.throws(() => readKernelRuns(five((text) => text.replace('Node v22', 'Node 22'))), /no heading/);
  assert.throws(() => readKernelRuns(section('Node v20.1.0', rows)), /too few/);
});
