/**
 * Shares the thread: work asks it often whether to pause, and it pauses once more than `intervalMs` has passed since the
 * event loop last had a turn. One pacer serves all calls of a backend, so that many short calls in a row pause too.
 */
export class Pacer {
  readonly #intervalMs: number;
  #lastPause = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get isDue(): boolean {
    return performance.now() - this.#lastPause >= this.#intervalMs;
  }

  /** Lets the event loop run its tasks. */
  async pause(): Promise<void> {
    await nextTask();
    this.#lastPause = performance.now();
  }
}

/** What browsers and Node agree on about the receiving end of a channel. */
interface Receiver {
  onmessage?: ((event: never) => void) | null;
  close(): void;
}

/** A message to itself, because browsers stretch timers of zero to four milliseconds. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const receiver: Receiver = port1;
    receiver.onmessage = () => {
      receiver.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
