/** For how long after a line of the log a request may still be on its way that was sent before. */
const toleranceMs = 500;

/** The ranges of a manifest as plain data, byte strings in hex. */
export function entriesOf(manifest) {
  const hex = (bytes) => (bytes === undefined ? null : Buffer.from(bytes).toString('hex'));
  return manifest.entries.map(({ depth, count, sum }, i) => {
    const { startKey, endKey } = manifest.range(i);
    return { startKey: hex(startKey), endKey: hex(endKey), depth, count, sum: hex(sum) };
  });
}

/** Remembers which ranges a newcomer has proved, life after life, and finds requests for what it had. */
export class RangeHistory {
  #problems;
  /** What the database held when the life began: height, and entries by start key. */
  #before;
  /** Manifests by height, each by start key. */
  #manifests = new Map();
  /** Requests looked at, ranges that they were compared with, and those that were asked for although they were proved. */
  checked = 0;
  compared = 0;
  repeated = 0;
  /** Proved ranges that were still proved under a newer manifest. */
  kept = 0;

  constructor(problems) {
    this.#problems = problems;
  }

  /** A manifest that the newcomer was given. */
  learn(height, entries) {
    this.#manifests.set(height, entries);
  }

  /** What a life asked for and logged, and what its database holds now. */
  judge({ life, asked, committed, found }) {
    for (const request of asked) this.#checkAcrossLives(life, request);
    for (const request of asked) this.#checkWithinLife(life, request, committed);
    if (found.entries === undefined) return;
    const proved = new Map(found.proved.map((i) => [found.entries[i].startKey, found.entries[i]]));
    if (this.#before !== undefined && this.#before.height !== found.height) this.#countKept(life, found, proved);
    this.#before = { height: found.height, proved };
  }

  /** Nothing that the database held when the life began, and that is the same in the manifest asked for. */
  #checkAcrossLives(life, request) {
    const manifest = this.#manifests.get(request.height);
    if (manifest === undefined) {
      this.#problems.push(`life ${life} asked for snapshot ${request.height}, whose manifest it was not given`);
      return;
    }
    this.checked++;
    if (this.#before === undefined) return;
    for (const entry of manifest) {
      const old = this.#before.proved.get(entry.startKey);
      if (old === undefined || old.sum !== entry.sum || old.depth !== entry.depth) continue;
      this.compared++;
      if (!overlaps(entry, request)) continue;
      this.repeated++;
      this.#problems.push(
        `life ${life} asked again for a range that was proved in an earlier life (${entry.startKey})`,
      );
    }
  }

  /** Nothing that was committed clearly before the request came. */
  #checkWithinLife(life, request, committed) {
    const manifest = this.#manifests.get(request.height);
    for (const { height, range, atMs } of committed) {
      if (height !== request.height || atMs + toleranceMs > request.atMs) continue;
      this.compared++;
      if (manifest === undefined || !overlaps(manifest[range], request)) continue;
      this.repeated++;
      this.#problems.push(`life ${life} asked again for range ${range}, which it had committed`);
    }
  }

  #countKept(life, found, proved) {
    for (const entry of found.entries) {
      const old = this.#before.proved.get(entry.startKey);
      if (old === undefined || old.sum !== entry.sum || old.depth !== entry.depth) continue;
      if (proved.has(entry.startKey)) this.kept++;
      else this.#problems.push(`life ${life} lost a proved range that has not changed (${entry.startKey})`);
    }
  }
}

/** Keys in hex; an empty or missing end is the end of the prefix. */
function overlaps(entry, { startKey, endKey }) {
  const entryEnd = entry.endKey ?? 'ff'.repeat(40);
  return entry.startKey < (endKey === '' ? 'ff'.repeat(40) : endKey) && startKey < entryEnd;
}
