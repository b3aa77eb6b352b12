import type { BackendSelection } from '../../create-backend.js';
import type { SumProgress } from '../../record-file/index.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const terminalIntervalMs = 250;
const lineIntervalMs = 1000;

/** `1 record`, `2,000 records`. */
export function recordsText(records: number): string {
  return `${whole.format(records)} ${records === 1 ? 'record' : 'records'}`;
}

/** `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function durationText(seconds: number): string {
  const rounded = Math.ceil(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`;
}

/** How far a sum is, how fast it goes and, if the size of the input is known, how long it will take. */
export function progressText(progress: SumProgress, elapsedMs: number, inputBytes: number | undefined): string {
  const seconds = elapsedMs / 1000;
  const parts = [recordsText(progress.records), `${tenths.format(progress.inputBytes / 2 ** 20)} MiB`];
  if (inputBytes) parts.push(`${Math.floor((100 * progress.inputBytes) / inputBytes)} %`);
  parts.push(`${whole.format(progress.records / seconds)} records/s`);
  if (inputBytes && progress.inputBytes > 0) {
    const left = Math.max(0, inputBytes - progress.inputBytes);
    parts.push(`${durationText((seconds * left) / progress.inputBytes)} left`);
  }
  return parts.join(', ');
}

/** Which backend hashes, and why no faster one. */
export function selectionText({ backend, refused }: BackendSelection, threads: number): string {
  const head = `backend ${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return [head, ...refused.map((refusal) => `  not ${refusal.backend}: ${refusal.message}`), ''].join('\n');
}

/** What was done in the end. */
export function doneText({ records }: SumProgress, elapsedMs: number): string {
  const seconds = Math.max(elapsedMs, 1) / 1000;
  const rate = `${whole.format(records / seconds)} records/s`;
  return `${recordsText(records)} in ${tenths.format(seconds)} s, ${rate}`;
}

/** Where progress is written: a terminal shows one line that changes, everything else gets a line now and then. */
export interface ProgressTarget {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What a report of progress says besides the progress. */
export interface ProgressOptions {
  readonly inputBytes: number | undefined;
  readonly selection: BackendSelection;
  readonly threads: number;
}

/** Reports progress while work goes on. */
export class ProgressReport {
  readonly #target: ProgressTarget;
  readonly #inputBytes: number | undefined;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #progress: SumProgress = { records: 0, bytes: 0, inputBytes: 0 };

  constructor(target: ProgressTarget, { inputBytes, selection, threads }: ProgressOptions) {
    this.#target = target;
    this.#inputBytes = inputBytes;
    target.write(selectionText(selection, threads));
    this.#timer = setInterval(() => this.#show(), target.isTTY ? terminalIntervalMs : lineIntervalMs);
  }

  /** Takes note; what is shown next says so. */
  update(progress: SumProgress): void {
    this.#progress = progress;
  }

  /** Ends the report with how much was done, if it was done. */
  stop({ isDone }: { readonly isDone: boolean }): void {
    clearInterval(this.#timer);
    if (this.#target.isTTY) this.#target.write('\r\x1b[K');
    if (isDone) this.#target.write(`${doneText(this.#progress, performance.now() - this.#startedMs)}\n`);
  }

  #show(): void {
    const text = progressText(this.#progress, performance.now() - this.#startedMs, this.#inputBytes);
    this.#target.write(this.#target.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  }
}
