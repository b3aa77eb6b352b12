import { Heap } from './heap.js';

interface Entry<K> {
  readonly key: K;
  readonly atMs: number;
  readonly order: number;
}

/** Times at which something is due, one per key. Starts no timer: the owner asks what is due. */
export class Timers<K> {
  readonly #heap = new Heap<Entry<K>>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  readonly #entries = new Map<K, Entry<K>>();
  #order = 0;

  /** Sets or moves the time of a key. */
  schedule(key: K, atMs: number): void {
    const entry = { key, atMs, order: this.#order++ };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
  }

  cancel(key: K): void {
    this.#entries.delete(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** The earliest time, or undefined if nothing is scheduled. */
  nextMs(): number | undefined {
    return this.#top()?.atMs;
  }

  /** Takes one key that is due, the earliest first. */
  takeDue(nowMs: number): K | undefined {
    const entry = this.#top();
    if (entry === undefined || entry.atMs > nowMs) return undefined;
    this.#heap.pop();
    this.#entries.delete(entry.key);
    return entry.key;
  }

  /** Moved and cancelled entries stay in the heap until they come to the top. */
  #top(): Entry<K> | undefined {
    for (;;) {
      const entry = this.#heap.peek();
      if (entry === undefined || this.#entries.get(entry.key) === entry) return entry;
      this.#heap.pop();
    }
  }
}
