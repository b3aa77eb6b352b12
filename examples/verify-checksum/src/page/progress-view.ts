import type { SumProgress } from '@hs/ellipticsum/record-file';
import { estimateProgress } from '../core/progress-estimate.js';
import { countText, durationText } from '../core/wording.js';
import { elementById } from './elements.js';

const showEveryMs = 100;
/** Screen readers hear of a quarter done, half, three quarters. */
const announcedSteps = 4;

/** Shows how far a sum is. */
export class ProgressView {
  readonly #section = elementById('progress', HTMLElement);
  readonly #bar = elementById('progress-bar', HTMLProgressElement);
  readonly #records = elementById('progress-records', HTMLElement);
  readonly #bytes = elementById('progress-bytes', HTMLElement);
  readonly #rate = elementById('progress-rate', HTMLElement);
  readonly #remaining = elementById('progress-remaining', HTMLElement);
  readonly #announce: (text: string) => void;
  #totalBytes = 0;
  #startedMs = 0;
  #shownMs = 0;
  #announced = 0;

  constructor(announce: (text: string) => void) {
    this.#announce = announce;
  }

  /** Begins with a file of that size. */
  start(totalBytes: number): void {
    this.#totalBytes = totalBytes;
    this.#startedMs = performance.now();
    this.#announced = 0;
    this.#show({ records: 0, bytes: 0, inputBytes: 0 });
    this.#section.hidden = false;
  }

  /** Takes note, and shows it now and then. */
  update(progress: SumProgress): void {
    if (performance.now() - this.#shownMs >= showEveryMs) this.#show(progress);
  }

  /** Hides the progress and gives the time it all took. */
  stop(): { readonly elapsedMs: number } {
    this.#section.hidden = true;
    return { elapsedMs: performance.now() - this.#startedMs };
  }

  #show(progress: SumProgress): void {
    this.#shownMs = performance.now();
    const elapsedMs = this.#shownMs - this.#startedMs;
    const estimate = estimateProgress(progress, { elapsedMs, totalBytes: this.#totalBytes });
    const percent = Math.floor(100 * estimate.fraction);
    this.#bar.value = estimate.fraction;
    this.#bar.textContent = `${percent} %`;
    this.#records.textContent = countText(progress.records);
    this.#bytes.textContent = `${countText(progress.inputBytes)} of ${countText(this.#totalBytes)} (${percent} %)`;
    this.#rate.textContent = `${countText(estimate.recordsPerSecond)} records/s`;
    const { remainingMs } = estimate;
    this.#remaining.textContent = remainingMs === undefined ? 'not known yet' : durationText(remainingMs);
    const step = Math.floor(estimate.fraction * announcedSteps);
    if (step > this.#announced && step < announcedSteps) {
      this.#announced = step;
      this.#announce(`${percent} %, ${this.#remaining.textContent} left`);
    }
  }
}
