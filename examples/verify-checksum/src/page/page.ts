/**
 * The page: takes a file, sums it on all cores, shows what comes out.
 *
 * One file at a time: a new one ends the one before. Nothing is sent anywhere.
 */
import type { WorkerPool } from '@hs/ellipticsum/browser';
import { firstBytes } from '../core/first-bytes.js';
import { type FileFormat, formatOf } from '../core/record-format.js';
import { type StateSummary, summarise } from '../core/state-summary.js';
import { errorText, recordsText } from '../core/wording.js';
import { elementById, showText } from './elements.js';
import { ExpectedField } from './expected-field.js';
import { chunksOf } from './file-chunks.js';
import { listenForFiles } from './file-input.js';
import { openPool, poolText } from './open-pool.js';
import { ProgressView } from './progress-view.js';
import { ResultView } from './result-view.js';

const engine = elementById('engine', HTMLElement);
const status = elementById('status', HTMLElement);
const problem = elementById('problem', HTMLElement);
const format = elementById('format', HTMLSelectElement);
const cancel = elementById('cancel', HTMLButtonElement);

const announce = (text: string): void => {
  status.textContent = text;
};
const progress = new ProgressView(announce);
const result = new ResultView();
const expected = new ExpectedField(() => announce(result.compare(expected.read())));
const pool = openPool();
let running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

pool.then(
  (opened) => showText(engine, `Hashes with ${poolText(opened)}.`),
  (error: unknown) => showText(problem, `This browser cannot run the workers: ${errorText(error)}`),
);
listenForFiles((file) => void take(file));
cancel.addEventListener('click', () => running?.controller.abort());

/** Sums a file, after the one before was stopped. */
async function take(file: File): Promise<void> {
  const before = running;
  const controller = new AbortController();
  const ended = (async () => {
    before?.controller.abort();
    await before?.ended;
    await check(file, controller.signal);
  })();
  running = { controller, ended };
  await ended;
}

async function check(file: File, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  result.clear();
  showText(problem, '');
  announce(`Summing ${file.name}.`);
  try {
    const opened = await pool;
    progress.start(file.size);
    const summary = await sum(opened, file, signal);
    const { elapsedMs } = progress.stop();
    result.show(summary, { name: file.name, elapsedMs });
    announce(`Done: ${recordsText(summary.records)}. ${result.compare(expected.read())}`);
  } catch (error) {
    progress.stop();
    if (signal.aborted) announce('Cancelled.');
    else {
      announce('');
      showText(problem, `${file.name}: ${errorText(error)}`);
    }
  }
}

async function sum(pool: WorkerPool, file: File, signal: AbortSignal): Promise<StateSummary> {
  const { start, chunks } = await firstBytes(chunksOf(file));
  return summarise(chunks, {
    backend: pool,
    threads: pool.workers.length,
    format: format.value === 'automatic' ? formatOf(file.name, start) : (format.value as FileFormat),
    signal,
    onProgress: (soFar) => progress.update(soFar),
  });
}
