/** What bounds the ranges that are worked on at a time. */
export interface RangeTaskLimits {
  readonly maxTasks: number;
  /** Sum of the weights of what is worked on; a heavier item is worked on alone. */
  readonly maxWeight: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Works on items side by side, in the order they come, within limits. The first failure aborts what is under way, the
 * making of further items too, and is thrown once nothing works any more.
 */
export async function runTasks<Item>(
  itemsOf: (signal: AbortSignal) => AsyncIterable<Item>,
  limits: RangeTaskLimits,
  task: { weightOf(item: Item): number; run(item: Item, signal: AbortSignal): Promise<void> },
): Promise<void> {
  const failing = new AbortController();
  const signal = limits.signal === undefined ? failing.signal : AbortSignal.any([failing.signal, limits.signal]);
  const running = new Set<Promise<void>>();
  let weight = 0;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failing.abort(error);
  };
  try {
    for await (const item of itemsOf(signal)) {
      const own = task.weightOf(item);
      while (running.size > 0 && (running.size >= limits.maxTasks || weight + own > limits.maxWeight)) {
        await Promise.race(running);
      }
      if (signal.aborted) break;
      weight += own;
      const work = task
        .run(item, signal)
        .catch(fail)
        .finally(() => {
          weight -= own;
          running.delete(work);
        });
      running.add(work);
    }
  } catch (error) {
    fail(error);
  }
  await Promise.all(running);
  limits.signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}

/** Ranges that are worked on at a time unless it is told otherwise: enough to overlap reading, hashing and writing. */
export const defaultRangesInFlight = 4;

/** Bytes of ranges that are worked on at a time, if there is more than one. */
export const maxBytesInFlight: number = 32 * 1024 * 1024;
