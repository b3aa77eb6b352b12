/** Adds up how long each kind of work was under way; work that overlaps counts once for each kind. */
export class Stopwatch {
  #running = new Map();
  #since = 0;
  #ms = { alone: 0 };

  reset() {
    this.#ms = { alone: 0 };
    this.#since = performance.now();
  }

  /** Milliseconds by kind since the reset; `alone` is time in which none was under way. */
  read() {
    this.#tick();
    return this.#ms;
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

  #tick() {
    const now = performance.now();
    const passed = now - this.#since;
    this.#since = now;
    let isAlone = true;
    for (const [kind, count] of this.#running) {
      if (count === 0) continue;
      isAlone = false;
      this.#ms[kind] = (this.#ms[kind] ?? 0) + passed;
    }
    if (isAlone) this.#ms.alone += passed;
  }
}

/** Times the reads of a database as `read`; everything else stays its own. */
export function timeReads(database, stopwatch) {
  const getMany = database.getMany.bind(database);
  database.getMany = (keys, options) => stopwatch.during('read', () => getMany(keys, options));
}

/** A hasher whose hashing is timed as `hash`, and whose work on sums is timed as `root`. */
export function timedHasher(hasher, stopwatch) {
  return {
    sum: (batch, options) => stopwatch.during('hash', () => hasher.sum(batch, options)),
    combine: (left, right, options) => stopwatch.during('root', () => hasher.combine(left, right, options)),
    ...(hasher.addUp && {
      addUp: (sums, sizes, options) => stopwatch.during('root', () => hasher.addUp(sums, sizes, options)),
    }),
    encode: (sums, options) => stopwatch.during('root', () => hasher.encode(sums, options)),
    decode: (encoded, options) => stopwatch.during('root', () => hasher.decode(encoded, options)),
  };
}
