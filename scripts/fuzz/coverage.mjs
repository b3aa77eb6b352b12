/**
 * Which parts of the decoders ran: V8's own precise block coverage, taken from within the process.
 *
 * Coverage must be started before the code under test is loaded, for V8 puts its counters into code as it compiles it. What V8 reports are
 * nested ranges of source text, and it leaves out those that ran as often as what surrounds them; painted onto the text, one over
 * the other, they say for each character how often it ran.
 *
 * V8 counts the calls of a function in its interpreter and its baseline code only: one that an optimizing compiler has taken looks as if it
 * were never called. So those are switched off.
 */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

export class Coverage {
  #session = new Session();
  #isCounted;
  /** For each script, what is known of each of its characters: a bit for each class of how often it ran, in all inputs so far. */
  #seen = new Map();
  #painted = new Map();
  #numbers = new Map();

  /** @param isCounted says by a script's URL whether its coverage matters */
  constructor(isCounted) {
    this.#isCounted = isCounted;
    setFlagsFromString('--no-opt');
    setFlagsFromString('--no-maglev');
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Forgets what ran since the last call. */
  clear() {
    this.#post('Profiler.takePreciseCoverage');
  }

  /**
   * How many characters ran, since the last call, that never had (or with `byCount` never about as often); remembers them unless told not to.
   */
  takeNew({ byCount = false, remembers = true } = {}) {
    let found = 0;
    for (const [url, painted] of this.#take(byCount)) {
      const seen = this.#seenOf(url, painted.length);
      for (let at = 0; at < painted.length; at++) {
        const fresh = painted[at] & ~seen[at];
        if (fresh === 0) continue;
        found++;
        if (remembers) seen[at] |= fresh;
      }
    }
    return found;
  }

  /** Everything that ran since the last call, as a set of places to compare with others. */
  takeSet() {
    const places = new Set();
    for (const [url, painted] of this.#take(false)) {
      if (!this.#numbers.has(url)) this.#numbers.set(url, this.#numbers.size);
      const first = this.#numbers.get(url) * 2 ** 24;
      for (let at = painted.indexOf(1); at !== -1; at = painted.indexOf(1, painted.indexOf(0, at))) {
        places.add(first + at);
        if (painted.indexOf(0, at) === -1) break;
      }
    }
    return places;
  }

  /** Characters that ever ran. */
  get characters() {
    let count = 0;
    for (const seen of this.#seen.values()) for (const bits of seen) if (bits !== 0) count++;
    return count;
  }

  /** Forgets everything. */
  reset() {
    this.#seen.clear();
    this.clear();
  }

  close() {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  *#take(byCount) {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    for (const { url, functions } of result) {
      if (!this.#isCounted(url)) continue;
      const painted = this.#canvas(url, functions);
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          painted.fill(byCount ? countClass(count) : Math.min(count, 1), startOffset, endOffset);
        }
      }
      yield [url, painted];
    }
  }

  #canvas(url, functions) {
    const length = functions.reduce((most, { ranges }) => Math.max(most, ranges[0].endOffset), 0);
    let painted = this.#painted.get(url);
    if (painted === undefined || painted.length < length) {
      painted = new Uint8Array(length);
      this.#painted.set(url, painted);
    }
    return painted.fill(0);
  }

  #seenOf(url, length) {
    const seen = this.#seen.get(url);
    if (seen !== undefined && seen.length >= length) return seen;
    const grown = new Uint8Array(length);
    if (seen !== undefined) grown.set(seen);
    this.#seen.set(url, grown);
    return grown;
  }

  #post(method, parameters) {
    let answer;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}

/** A bit for none, once, twice, up to 4, 8, 32, 128, and more. The bit of once is also that of having run at all. */
function countClass(count) {
  if (count === 0) return 0;
  if (count === 1) return 1;
  if (count === 2) return 3;
  if (count <= 4) return 5;
  if (count <= 8) return 9;
  if (count <= 32) return 17;
  if (count <= 128) return 33;
  return 65;
}
