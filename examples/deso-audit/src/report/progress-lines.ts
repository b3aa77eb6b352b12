import type { HeaderMark } from '../chain/header-rules.js';
import type { DownloadState } from '../state/download-state.js';

/** Tells on standard error, at most once a second, how far the audit is. */
export class ProgressLines {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(write: (line: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  headers(tip: HeaderMark): void {
    this.#show(() => `headers: ${tip.height}`);
  }

  state({ claim, progress, chunks, bytes, restarts }: DownloadState): void {
    const where = progress.prefix === undefined ? 'complete' : `prefix ${progress.prefix}`;
    const again = restarts === 0 ? '' : `, begun anew ${restarts} times`;
    const mib = (bytes / 1024 / 1024).toFixed(1);
    this.#show(() => `snapshot ${claim?.height ?? '?'}: ${where}, ${chunks} answers, ${mib} MiB${again}`);
  }

  sum({ prefix, records }: { readonly prefix: number; readonly records: number }): void {
    this.#show(() => `checksum: prefix ${prefix}, ${records} records`);
  }

  /** Shown in any case. */
  note(line: string): void {
    this.#write(line);
  }

  #show(line: () => string): void {
    const now = this.#now();
    if (now - this.#shownAt < 1000) return;
    this.#shownAt = now;
    this.#write(line());
  }
}
