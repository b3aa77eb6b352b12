import type { StoreContext } from './context.js';
import { epochsBefore } from './layout.js';

/**
 * Deletes the ancestral records of epochs before the oldest retained snapshot, in the background and in bounded steps.
 * Nothing marks how far it came: what is left to delete is what is left in the database.
 */
export class Retention {
  readonly #context: StoreContext;
  #running: Promise<void> | undefined;
  #isStopping = false;
  #clearedBefore = 0;
  #failure: unknown;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Starts deleting if a snapshot was retired since the last run. Never rejects. */
  start(): void {
    if (this.#running !== undefined || this.#isStopping) return;
    this.#failure = undefined;
    this.#running = this.#run()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when nothing is left to delete. @throws what the last run failed with */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the run after its present step, and keeps new ones from starting until {@link resume}. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  /** Allows runs again. `clearedBefore` is forgotten, since heights may begin anew. */
  resume(): void {
    this.#isStopping = false;
    this.#clearedBefore = 0;
    this.start();
  }

  async #run(): Promise<void> {
    for (;;) {
      const { tip, snapshots } = this.#context.standing;
      const oldest = snapshots[0]?.height;
      if (this.#isStopping || tip.phase !== 'ready' || oldest === undefined || oldest <= this.#clearedBefore) return;
      await this.#context.disk.clear(epochsBefore(oldest), () => this.#isStopping);
      if (!this.#isStopping) this.#clearedBefore = oldest;
    }
  }
}
