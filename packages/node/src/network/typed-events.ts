type Listeners<Events> = { [Name in keyof Events]?: Set<Events[Name]> };

type Listener = (...args: never[]) => unknown;

/** Listeners by event name, each called with what the event's type says. */
export class TypedEvents<Events extends { [Name in keyof Events]: Listener }> {
  readonly #listeners: Listeners<Events> = {};

  /** Gives the function that takes the listener away. */
  on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void {
    const listeners: Set<Events[Name]> = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** The listeners at this moment. */
  of<Name extends keyof Events>(name: Name): readonly Events[Name][] {
    return [...(this.#listeners[name] ?? [])];
  }

  clear(): void {
    for (const name of Object.keys(this.#listeners) as (keyof Events)[]) delete this.#listeners[name];
  }
}
