/** How {@link firstAnswer} asks. */
export interface FirstAnswerOptions<Source, Result> {
  /** In the order in which they are asked, each at most once; new ones may come while others are waited for. */
  readonly sources: () => readonly Source[];
  /** Gives `undefined` if this source has no answer, or failed in a way that was dealt with; rejects if asking others is no use. */
  readonly ask: (source: Source, signal: AbortSignal) => Promise<Result | undefined>;
  /** Bytes that have come from a source: while they grow, it is at work. */
  readonly bytesFrom: (source: Source) => number;
  /** How long a source may send nothing before the next one is asked too. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** The next source is asked although this one has not answered. */
  readonly onSlow?: (source: Source) => void;
}

/** Less than this in the time of one patience is as good as nothing: pings and announcements come anyway. */
const leastBytes = 16 * 1024;

/**
 * Asks one source after another, the next one as soon as the last has failed or has sent nothing for a while, and gives the
 * first answer; the others are told to stop. `undefined` if no source has an answer.
 */
export function firstAnswer<Source, Result>(options: FirstAnswerOptions<Source, Result>): Promise<Result | undefined> {
  const { sources, ask, bytesFrom, patienceMs, signal, onSlow } = options;
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const asked = new Set<Source>();
    let pending = 0;
    let isOver = false;
    const finish = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      settle();
      stop.abort(signal.reason);
    };
    const onAbort = () => finish(() => reject(signal.reason));
    const watch = (source: Source, bytesBefore: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const bytes = bytesFrom(source);
        if (bytes - bytesBefore >= leastBytes) return watch(source, bytes);
        onSlow?.(source);
        askNext();
      }, patienceMs);
    };
    const askNext = () => {
      if (isOver) return;
      const source = sources().find((candidate) => !asked.has(candidate));
      if (source === undefined) {
        clearTimeout(timer);
        if (pending === 0) finish(() => resolve(undefined));
        else timer = setTimeout(askNext, patienceMs);
        return;
      }
      asked.add(source);
      pending++;
      watch(source, bytesFrom(source));
      ask(source, stop.signal).then(
        (result) => {
          pending--;
          if (result === undefined) askNext();
          else finish(() => resolve(result));
        },
        (error: unknown) => finish(() => reject(error)),
      );
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    askNext();
  });
}
