/**
 * `npm run figures`: draws docs/kernels.svg from the tables of packages/ellipticsum/bench/kernels.md. Fails if these are not in the shape that
 * is expected, so that no figure shows something that was not measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const source = join(root, 'packages', 'ellipticsum', 'bench', 'kernels.md');
export const kernelsFigure = join(root, 'docs', 'kernels.svg');

const columns = '| backend | records | records/s, median | best | times noble |';
/** Records of this size are what is drawn. */
const drawnRecords = '150 bytes';

/**
 * One entry for each run: which Node.js with which flag, and how many times noble's rate each backend reached.
 *
 * @throws Error if a section has another table, or lacks a row
 */
export function readKernelRuns(markdown) {
  const sections = markdown.split(/^## /m).slice(1);
  const runs = sections.filter((section) => section.startsWith('Node ')).map(readRun);
  if (runs.length < 5) throw new Error(`${runs.length} runs are too few: were the sections renamed?`);
  const seen = new Map();
  return runs.map((run) => {
    const times = (seen.get(run.title) ?? 0) + 1;
    seen.set(run.title, times);
    return times === 1 ? run : { ...run, title: `${run.title}, run ${times}` };
  });
}

function readRun(section) {
  const [heading = '', ...lines] = section.split('\n');
  const match = /^Node v(\d+)\.[\d.]+(?: (--[\w-]+))?$/.exec(heading);
  if (match === null) throw new Error(`"${heading}" is no heading of a run`);
  const start = lines.indexOf(columns);
  if (start < 0) throw new Error(`the run "${heading}" has no table with the columns ${columns}`);
  const ratios = {};
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const cells = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const [backend, records, rate, , ratio] = cells;
    if (cells.length !== 5 || !/^\d+$/.test(rate) || !/^\d+\.\d$/.test(ratio)) throw new Error(`not a row: ${line}`);
    if (records === drawnRecords) ratios[backend] = Number(ratio);
  }
  if (ratios.noble !== 1 || ratios.wasm === undefined) throw new Error(`the run "${heading}" lacks rows`);
  const [, version, flag] = match;
  return { title: `Node ${version}${flag === undefined ? '' : ` ${flag}`}`, ratios };
}

const width = 860;
const left = 350;
const right = 60;
const bar = 13;
const gap = 12;
const top = 46;

/** Horizontal bars, in colours that are told apart on light and dark ground. */
export function drawKernels(runs) {
  const most = Math.max(...runs.flatMap(({ ratios }) => Object.values(ratios)));
  const scale = (width - left - right) / most;
  const parts = [];
  let y = top;
  for (const { title, ratios } of runs) {
    const drawn = ['wasm', 'wasm-simd'].filter((backend) => ratios[backend] !== undefined);
    const middle = y + (drawn.length * bar) / 2 + 4;
    parts.push(`<text class="run" x="${left - 10}" y="${middle}" text-anchor="end">${title}</text>`);
    for (const backend of drawn) {
      const length = (ratios[backend] * scale).toFixed(1);
      parts.push(`<rect class="${backend}" x="${left}" y="${y}" width="${length}" height="${bar - 2}" rx="2"/>`);
      const end = (left + ratios[backend] * scale + 6).toFixed(1);
      parts.push(`<text class="value" x="${end}" y="${y + 10}">${ratios[backend].toFixed(1)}</text>`);
      y += bar;
    }
    y += gap;
  }
  const base = (left + scale).toFixed(1);
  const summary = runs
    .map(
      ({ title, ratios }) =>
        `${title}: wasm ${ratios.wasm}${ratios['wasm-simd'] === undefined ? '' : `, wasm-simd ${ratios['wasm-simd']}`}`,
    )
    .join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 18}" role="img" aria-labelledby="title description">
<title id="title">Hashing on one thread, times noble</title>
<desc id="description">Records of ${drawnRecords}; noble in the same run is 1. ${summary}.</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2933 }
.head { font-weight: 600; font-size: 15px }
.value, .note { font-size: 11px }
.note { fill: #52606d }
.wasm { fill: #8a94a6 }
.wasm-simd { fill: #2563eb }
line { stroke: #52606d; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #e4e7eb } .note { fill: #9aa5b1 } .wasm { fill: #7b8794 } .wasm-simd { fill: #60a5fa } line { stroke: #9aa5b1 } }
</style>
<text class="head" x="10" y="20">Hashing on one thread, times noble</text>
<rect class="wasm" x="${left}" y="11" width="11" height="11" rx="2"/><text class="value" x="${left + 17}" y="20">wasm</text>
<rect class="wasm-simd" x="${left + 70}" y="11" width="11" height="11" rx="2"/><text class="value" x="${left + 87}" y="20">wasm-simd</text>
<line x1="${base}" x2="${base}" y1="${top - 10}" y2="${y - gap + 4}"/>
${parts.join('\n')}
<text class="note" x="10" y="${y + 8}">Records of ${drawnRecords}; the dashed line is noble in the same run. Drawn from packages/ellipticsum/bench/kernels.md.</text>
</svg>
`;
}

/** What docs/kernels.svg has to be. */
export function kernelsSvg() {
  return drawKernels(readKernelRuns(readFileSync(source, 'utf8')));
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) writeFileSync(kernelsFigure, kernelsSvg());
