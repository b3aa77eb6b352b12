const terminalIntervalMs = 200;
const plainIntervalMs = 5000;

/** Where progress is written. */
export interface ProgressTarget {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Progress of long work on standard error: on a terminal one line that changes, otherwise a line now and then. Work that
 * is soon done shows nothing.
 */
export class ProgressLine {
  readonly #target: ProgressTarget;
  readonly #nowMs: () => number;
  #shownAtMs: number;
  #isDrawn = false;

  constructor(target: ProgressTarget, options: { readonly nowMs: () => number }) {
    this.#target = target;
    this.#nowMs = options.nowMs;
    this.#shownAtMs = options.nowMs();
  }

  /** Shows what `describe` gives, unless something was shown a moment ago. */
  show(describe: () => string): void {
    const { isTTY, columns = 80 } = this.#target;
    const nowMs = this.#nowMs();
    if (nowMs - this.#shownAtMs < (isTTY === true ? terminalIntervalMs : plainIntervalMs)) return;
    this.#shownAtMs = nowMs;
    const line = describe();
    this.#target.write(isTTY === true ? `\r\x1b[K${line.slice(0, Math.max(20, columns - 1))}` : `${line}\n`);
    this.#isDrawn = isTTY === true;
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#isDrawn) this.#target.write('\r\x1b[K');
    this.#isDrawn = false;
  }
}
