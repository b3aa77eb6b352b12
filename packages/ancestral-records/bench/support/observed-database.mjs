/** Adds up how long each kind of work was under way; work that overlaps counts once for each kind. */
export class Stopwatch {
  #running = new Map();
  #since = 0;
  /** Milliseconds by kind; `alone` is time in which none was under way. */
  ms = { alone: 0 };

  #tick() {
    const now = performance.now();
    const passed = now - this.#since;
    this.#since = now;
    let isAlone = true;
    for (const [kind, count] of this.#running) {
      if (count === 0) continue;
      isAlone = false;
      this.ms[kind] = (this.ms[kind] ?? 0) + passed;
    }
    if (isAlone) this.ms.alone += passed;
  }

  reset() {
    this.ms = { alone: 0 };
    this.#since = performance.now();
  }

  stop() {
    this.#tick();
    return this.ms;
  }

  async during(kind, work) {
    this.#tick();
    this.#running.set(kind, (this.#running.get(kind) ?? 0) + 1);
    try {
      return await work();
    } finally {
      this.#tick();
      this.#running.set(kind, this.#running.get(kind) - 1);
    }
  }
}

/** A database that measures reads and writes, and keeps what was last asked of it in `seen`, for a bare database to repeat. */
export function observedDatabase(database, stopwatch) {
  const seen = { reads: [], batches: [] };
  return {
    seen,
    get status() {
      return database.status;
    },
    supports: database.supports,
    get: (key, options) => database.get(key, options),
    getMany(keys, options) {
      seen.reads.push([keys, options]);
      return stopwatch.during('read', () => database.getMany(keys, options));
    },
    batch(writes, options) {
      seen.batches.push([writes, options]);
      return stopwatch.during('batch', () => database.batch(writes, options));
    },
    iterator: (options) => database.iterator(options),
    snapshot: () => database.snapshot(),
  };
}

/** A hasher that measures hashing (`sum`) and the work on sums (`combine`, `encode`, `decode`). */
export function observedHasher(hasher, stopwatch) {
  return {
    sum: (batch, options) => stopwatch.during('hash', () => hasher.sum(batch, options)),
    combine: (left, right, options) => stopwatch.during('root', () => hasher.combine(left, right, options)),
    encode: (sums, options) => stopwatch.during('root', () => hasher.encode(sums, options)),
    decode: (encoded, options) => stopwatch.during('root', () => hasher.decode(encoded, options)),
  };
}
