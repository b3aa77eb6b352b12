/**
 * One `sum` of a backend, in slices.
 *
 * Records are taken in the order of their groups. In a slice each stream of the kernel takes a consecutive part of them, and
 * adds to a slot of its own for each group it meets; so no two streams ever add to the same slot, and groups cost little.
 * At the end of a slice the slots of each group are merged and written out, except those of a last group that goes on:
 * these are carried into the next slice. Between slices the kernel's memory may be used for other work.
 */

import type { HashBatch } from '../hash-backend.js';
import { uncompressedSumBytes } from '../internal/curve.js';
import { recordOrder } from '../internal/record-order.js';
import { keyAt, valueAt } from '../packed-records.js';
import { expandRecord } from './expand-message.js';
import { type Kernel, writeZero } from './kernel.js';
import { inputBytes, maxRecordBytes, maxRecords, maxSlots, maxSums } from './kernel-memory.js';

/** Bytes that the encoding of a record has besides key and value, and the least padding of a hash. */
const messageOverhead = 24 + 16;
const blockBytes = 128;

export class SumTask {
  /** The sums, complete when `isDone`. */
  readonly result: Uint8Array;
  readonly #kernel: Kernel;
  readonly #batch: HashBatch;
  readonly #count: number;
  /** Records in the order of their groups, unless they are in it already. */
  readonly #order: Uint32Array | undefined;
  #next = 0;
  /** Slots of the group that goes on, one for each stream. */
  #carried: Uint8Array | undefined;
  /** How many of them are not zero. */
  #carriedSlots = 0;

  /** The batch must be valid. */
  constructor(kernel: Kernel, batch: HashBatch, count: number, groupCount: number) {
    this.#kernel = kernel;
    this.#batch = batch;
    this.#count = count;
    this.#order = batch.groups === undefined ? undefined : recordOrder(batch.groups, groupCount);
    this.result = new Uint8Array(groupCount * uncompressedSumBytes);
    for (let at = 0; at < this.result.length; at += uncompressedSumBytes) writeZero(this.result, at);
  }

  get isDone(): boolean {
    return this.#next === this.#count;
  }

  /** Adds the next records, at most `limit` and at least one. */
  step(limit: number): void {
    const end = this.#load(Math.min(limit, maxRecords, this.#count - this.#next));
    this.#accumulate(end);
    this.#next = end;
  }

  #record(position: number): number {
    return this.#order?.[position] ?? position;
  }

  #group(position: number): number {
    return this.#batch.groups?.[this.#record(position)] ?? 0;
  }

  /** Brings records into the kernel's memory and hashes them; returns the position after the last. */
  #load(limit: number): number {
    const { image, numbers, exports } = this.#kernel;
    const { memory, hashLanes } = image;
    const { end, start, isCompact } = this.#plan(limit);
    const { bytes, offsets } = this.#batch;
    const tailLength = numbers[memory.tailLength / 4] as number;
    const hashed = new Uint32Array(maxRecords + hashLanes);
    let count = 0;
    let isEven = true;
    let input = memory.input;
    if (isCompact) this.#kernel.bytes.set(bytes.subarray(start, start + isCompact.length), memory.input);
    for (let position = this.#next; position < end; position++) {
      const index = position - this.#next;
      const record = this.#record(position);
      const keyStart = offsets[4 * record] as number;
      const keyEnd = offsets[4 * record + 1] as number;
      const valueStart = offsets[4 * record + 2] as number;
      const valueEnd = offsets[4 * record + 3] as number;
      const length = keyEnd - keyStart + valueEnd - valueStart;
      if (length > maxRecordBytes) {
        const uniform = expandRecord(keyAt(this.#batch, record), valueAt(this.#batch, record), this.#kernel.domain);
        this.#kernel.bytes.set(uniform, memory.uniform + 64 * index);
        continue;
      }
      const at = memory.records / 4 + 4 * index;
      if (isCompact) {
        const shift = memory.input - start;
        numbers[at] = keyStart + shift;
        numbers[at + 1] = keyEnd + shift;
        numbers[at + 2] = valueStart + shift;
        numbers[at + 3] = valueEnd + shift;
      } else {
        this.#kernel.bytes.set(bytes.subarray(keyStart, keyEnd), input);
        numbers[at] = input;
        input += keyEnd - keyStart;
        numbers[at + 1] = input;
        numbers[at + 2] = input;
        this.#kernel.bytes.set(bytes.subarray(valueStart, valueEnd), input);
        input += valueEnd - valueStart;
        numbers[at + 3] = input;
      }
      const blocks = Math.ceil((length + messageOverhead + tailLength) / blockBytes);
      hashed[count] = blocks * maxRecords + index;
      isEven &&= ((hashed[0] as number) / maxRecords) >>> 0 === blocks;
      count++;
    }
    if (count === 0) return end;
    // Lanes work as long as the longest of their records takes, so those of like length go together.
    const sorted = hashed.subarray(0, count);
    if (!isEven) sorted.sort();
    const padded = Math.ceil(count / hashLanes) * hashLanes;
    for (let index = 0; index < padded; index++) {
      numbers[memory.order / 4 + index] = (sorted[Math.min(index, count - 1)] as number) % maxRecords;
    }
    exports.hash(padded);
    return end;
  }

  /** How far the next slice goes, and whether its records lie close enough together to be copied as one piece. */
  #plan(limit: number): { end: number; start: number; isCompact: { length: number } | undefined } {
    const { offsets } = this.#batch;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    let total = 0;
    let end = this.#next;
    for (; end < this.#next + limit; end++) {
      const at = 4 * this.#record(end);
      let length = 0;
      for (let part = at; part < at + 4; part += 2) {
        const from = offsets[part] as number;
        const to = offsets[part + 1] as number;
        length += to - from;
      }
      if (end > this.#next && total + length > inputBytes) break;
      total += length;
      if (length > maxRecordBytes) continue;
      for (let part = at; part < at + 4; part += 2) {
        lowest = Math.min(lowest, offsets[part] as number);
        highest = Math.max(highest, offsets[part + 1] as number);
      }
    }
    if (lowest > highest) lowest = highest;
    const length = highest - lowest;
    const isCompact = length <= inputBytes && length <= 2 * total + 4096 ? { length } : undefined;
    return { end, start: lowest, isCompact };
  }

  /** Adds the hashed records up to `end`, and writes out the groups that are complete. */
  #accumulate(end: number): void {
    const { image, numbers, exports, bytes } = this.#kernel;
    const { memory, streams, slotBytes } = image;
    const { signs } = this.#batch;
    const count = end - this.#next;
    const steps = Math.ceil(count / streams);
    const slotAddress = (slot: number): number => memory.slots + slot * slotBytes;
    const firstGroup = this.#group(this.#next);

    /** Runs of one group in one stream, in the order of groups: the first group's slots are those of the streams. */
    const runGroups: number[] = [];
    const runSlots: number[] = [];
    let slots = streams;
    for (let stream = 0; stream < streams; stream++) {
      let group = -1;
      let slot = 0;
      for (let step = 0; step < steps; step++) {
        const index = stream * steps + step;
        const at = memory.steps / 4 + 4 * (step * streams + stream);
        if (index >= count) {
          // Zeros map to the sum of nothing.
          numbers[at] = memory.uniform + 64 * maxRecords;
          numbers[at + 1] = slotAddress(maxSlots);
          numbers[at + 2] = 0;
          continue;
        }
        const nextGroup = this.#group(this.#next + index);
        if (nextGroup !== group) {
          group = nextGroup;
          slot = group === firstGroup ? stream : slots++;
          runGroups.push(group);
          runSlots.push(slot);
        }
        numbers[at] = memory.uniform + 64 * index;
        numbers[at + 1] = slotAddress(slot);
        numbers[at + 2] = signs?.[this.#record(this.#next + index)] === -1 ? 0xffff_ffff : 0;
      }
    }
    exports.clear(memory.slots, slots);
    exports.clear(slotAddress(maxSlots), 1);
    if (this.#carried !== undefined) bytes.set(this.#carried, memory.slots);
    exports.accumulate(steps);

    // Slots that were carried and that no run of this slice names still count.
    const firstRuns = runGroups.lastIndexOf(firstGroup) + 1;
    for (let slot = firstRuns; slot < this.#carriedSlots; slot++) {
      runGroups.splice(slot, 0, firstGroup);
      runSlots.splice(slot, 0, slot);
    }
    const lastGroup = this.#group(end - 1);
    const goesOn = end < this.#count && this.#group(end) === lastGroup;
    this.#finish(runGroups, runSlots, goesOn ? lastGroup : -1);
  }

  /** Merges and writes out the runs of all groups but one, whose slots it carries on. */
  #finish(runGroups: readonly number[], runSlots: readonly number[], goingOn: number): void {
    const { image, numbers, exports, bytes } = this.#kernel;
    const { memory, streams, slotBytes, lanes } = image;
    const slotAddress = (run: number): number => memory.slots + (runSlots[run] as number) * slotBytes;
    let firstRun = 0;
    let listed: number[] = [];
    const flush = (): void => {
      const padded = Math.ceil(listed.length / lanes) * lanes;
      for (let index = 0; index < padded; index++) {
        numbers[memory.list / 4 + index] = slotAddress(listed[Math.min(index, listed.length - 1)] as number);
      }
      exports.finalize(padded);
      for (const [index, run] of listed.entries()) {
        const from = memory.results + index * uncompressedSumBytes;
        const target = (runGroups[run] as number) * uncompressedSumBytes;
        this.result.set(bytes.subarray(from, from + uncompressedSumBytes), target);
      }
      listed = [];
    };
    for (let run = 0; run < runGroups.length && runGroups[run] !== goingOn; run++) {
      if (run > 0 && runGroups[run] === runGroups[firstRun]) {
        exports.merge(slotAddress(firstRun), slotAddress(run));
        continue;
      }
      if (listed.length === maxSums) flush();
      firstRun = run;
      listed.push(run);
    }
    // The first run of a group is listed before the others are merged into it, but read only now.
    if (listed.length > 0) flush();

    const from = goingOn < 0 ? -1 : runGroups.indexOf(goingOn);
    if (from < 0) {
      this.#carried = undefined;
      this.#carriedSlots = 0;
      return;
    }
    const carried = new Uint8Array(streams * slotBytes);
    this.#carriedSlots = runGroups.length - from;
    exports.clear(memory.slots + maxSlots * slotBytes, 1);
    for (let stream = 0; stream < streams; stream++) {
      const source =
        from + stream < runGroups.length ? slotAddress(from + stream) : memory.slots + maxSlots * slotBytes;
      carried.set(bytes.subarray(source, source + slotBytes), stream * slotBytes);
    }
    this.#carried = carried;
  }
}
