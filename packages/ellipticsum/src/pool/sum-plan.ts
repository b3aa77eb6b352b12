/**
 * A `sum` of the pool. Records are cut into slices in the order of their groups; a slice numbers the groups it has from
 * 0. Only the first and the last group of a slice can go on in others: their partial sums are added up here.
 */
import type { HashBatch } from '../hash-backend.js';
import { readPoint, uncompressedSumBytes, writePoint, zeroSums } from '../internal/curve.js';
import { recordOrder } from '../internal/record-order.js';
import type { CallPlan, Slice } from './call-plan.js';
import { givenBuffer, isShared } from './handover.js';
import { type RecordRange, RecordSlices } from './record-slices.js';
import type { SliceBuffers } from './slice-buffers.js';

type Point = NonNullable<ReturnType<typeof readPoint>>;

export class SumPlan implements CallPlan {
  readonly bytes: number;
  readonly #batch: HashBatch;
  readonly #count: number;
  readonly #groupCount: number;
  readonly #transfer: boolean;
  /** The groups of each slice under way, ascending. */
  readonly #groupsOf = new Map<number, readonly number[]>();
  /** Sums of groups that may go on in other slices. */
  readonly #open = new Map<number, Point>();
  #slices: RecordSlices | undefined;
  #order: Uint32Array | undefined;
  #result: Uint8Array | undefined;
  #ordinal = 0;

  /** The batch must be valid. With `transfer` its buffers may be given away. */
  constructor(batch: HashBatch, count: number, groupCount: number, transfer: boolean) {
    this.#batch = batch;
    this.#count = count;
    this.#groupCount = groupCount;
    this.#transfer = transfer;
    const { bytes, offsets, signs, groups } = batch;
    const arrays = [bytes, offsets, signs, groups].map((array) => array?.byteLength ?? 0);
    this.bytes = arrays.reduce((sum, length) => sum + length, groupCount * uncompressedSumBytes);
  }

  begin(threads: number): void {
    const { groups } = this.#batch;
    this.#slices = new RecordSlices(this.#batch, this.#count, threads);
    if (this.#slices.isWhole) return;
    if (groups !== undefined) this.#order = recordOrder(groups, this.#groupCount);
    this.#result = zeroSums(this.#groupCount);
  }

  get hasNext(): boolean {
    return this.#slices?.hasNext ?? true;
  }

  next(buffers: SliceBuffers): Slice {
    const slices = this.#slices as RecordSlices;
    const range = slices.next(this.#order);
    return slices.isWhole ? this.#whole(range, buffers) : this.#part(range, buffers);
  }

  accept({ ordinal }: Slice, result: Uint8Array): void {
    if (this.#slices?.isWhole === true) {
      requireSums(result, this.#groupCount);
      this.#result = result;
      return;
    }
    const groups = this.#groupsOf.get(ordinal) ?? [];
    this.#groupsOf.delete(ordinal);
    requireSums(result, groups.length);
    const last = groups.length - 1;
    for (const [index, group] of groups.entries()) {
      const at = index * uncompressedSumBytes;
      if (index === 0 || index === last) this.#add(group, readPoint(result, at));
      else this.#result?.set(result.subarray(at, at + uncompressedSumBytes), group * uncompressedSumBytes);
    }
  }

  finish(): Uint8Array {
    const result = this.#result ?? zeroSums(this.#groupCount);
    for (const [group, point] of this.#open) writePoint(result, group * uncompressedSumBytes, point);
    return result;
  }

  #add(group: number, sum: Point | undefined): void {
    if (sum === undefined) throw new Error('a worker answered with bytes that are no sum');
    const before = this.#open.get(group);
    this.#open.set(group, before === undefined ? sum : before.add(sum));
  }

  /** All records as one slice, with their groups as they are. */
  #whole(range: RecordRange, buffers: SliceBuffers): Slice {
    const { bytes, offsets, signs, groups, groupCount } = this.#batch;
    const given: (ArrayBuffer | undefined)[] = [];
    /** The array as it is if the worker can have it, or undefined if it must be copied. */
    const hand = <T extends Uint8Array | Uint32Array | Int8Array>(array: T | undefined): T | undefined => {
      if (array === undefined || isShared(array)) return array;
      const buffer = givenBuffer(array, this.#transfer);
      given.push(buffer);
      return buffer === undefined ? undefined : array;
    };
    const handedBytes = hand(bytes);
    const packed = this.#pack(range, buffers, {
      bytes: handedBytes,
      offsets: handedBytes === undefined ? undefined : hand(offsets),
      signs: hand(signs),
      groups: hand(groups),
      copiesGroups: groups !== undefined,
    });
    const batch = groupCount === undefined ? packed.batch : { ...packed.batch, groupCount };
    return this.#slice(range, batch, packed.buffer, given);
  }

  #part(range: RecordRange, buffers: SliceBuffers): Slice {
    const { bytes, offsets, signs, groups } = this.#batch;
    const { from, to } = range;
    const hasOrder = this.#order !== undefined;
    const sharedBytes = isShared(bytes) ? bytes : undefined;
    const canShareOffsets = sharedBytes !== undefined && !hasOrder && isShared(offsets);
    const packed = this.#pack(range, buffers, {
      bytes: sharedBytes,
      offsets: canShareOffsets ? offsets.subarray(4 * from, 4 * to) : undefined,
      signs: signs !== undefined && !hasOrder && isShared(signs) ? signs.subarray(from, to) : undefined,
      groups: undefined,
      copiesGroups: groups !== undefined,
    });
    const global = packed.batch.groups === undefined ? [0] : numberGroups(packed.batch.groups);
    this.#groupsOf.set(this.#ordinal, global);
    return this.#slice(range, { ...packed.batch, groupCount: global.length }, packed.buffer, []);
  }

  #slice(
    { from }: RecordRange,
    batch: HashBatch,
    buffer: ArrayBuffer | undefined,
    given: readonly (ArrayBuffer | undefined)[],
  ): Slice {
    const transfer = new Set([...given, buffer].filter((item) => item !== undefined));
    return { ordinal: this.#ordinal++, first: from, work: { method: 'sum', batch }, buffer, transfer: [...transfer] };
  }

  /** The slice as a batch; what is not `ready` is copied into one buffer. */
  #pack(
    { from, to, length, start, end }: RecordRange,
    buffers: SliceBuffers,
    ready: {
      readonly bytes: Uint8Array | undefined;
      readonly offsets: Uint32Array | undefined;
      readonly signs: Int8Array | undefined;
      readonly groups: Uint32Array | undefined;
      readonly copiesGroups: boolean;
    },
  ): { readonly batch: HashBatch; readonly buffer: ArrayBuffer | undefined } {
    const source = this.#batch;
    const order = this.#order;
    const count = to - from;
    const copiesGroups = ready.copiesGroups && ready.groups === undefined;
    const copiesSigns = source.signs !== undefined && ready.signs === undefined;
    // Records that lie close together are copied at one go; others, and those that lie far apart, one by one.
    const isSpan = end - start <= length + (length >>> 2) + 4096;
    const byteCount = ready.bytes === undefined ? (isSpan ? end - start : length) : 0;
    const offsetCount = ready.offsets === undefined ? 4 * count : 0;
    const groupCount = copiesGroups ? count : 0;
    const signCount = copiesSigns ? count : 0;
    const size = 4 * offsetCount + 4 * groupCount + signCount + byteCount;
    const buffer = size === 0 ? undefined : buffers.take(size);
    const memory = buffer ?? new ArrayBuffer(0);
    const offsets = new Uint32Array(memory, 0, offsetCount);
    const groups = new Uint32Array(memory, 4 * offsetCount, groupCount);
    const signs = new Int8Array(memory, 4 * (offsetCount + groupCount), signCount);
    const bytes = new Uint8Array(memory, 4 * (offsetCount + groupCount) + signCount, byteCount);

    if (order === undefined) {
      offsets.set(source.offsets.subarray(4 * from, 4 * from + offsetCount));
      if (copiesGroups) groups.set((source.groups as Uint32Array).subarray(from, to));
      if (copiesSigns) signs.set((source.signs as Int8Array).subarray(from, to));
    } else {
      for (let index = 0; index < count; index++) {
        const record = order[from + index] as number;
        for (let at = 0; at < 4; at++) offsets[4 * index + at] = source.offsets[4 * record + at] as number;
        if (copiesGroups) groups[index] = source.groups?.[record] as number;
        if (copiesSigns) signs[index] = source.signs?.[record] as number;
      }
    }
    if (ready.bytes === undefined) {
      if (isSpan) copySpan(source.bytes, start, end, bytes, offsets);
      else copyEach(source.bytes, bytes, offsets);
    }
    const batch: HashBatch = {
      bytes: ready.bytes ?? bytes,
      offsets: ready.offsets ?? offsets,
      ...(source.signs === undefined ? {} : { signs: ready.signs ?? signs }),
      ...(ready.copiesGroups ? { groups: ready.groups ?? groups } : {}),
    };
    return { batch, buffer };
  }
}

function copySpan(source: Uint8Array, start: number, end: number, target: Uint8Array, offsets: Uint32Array): void {
  target.set(source.subarray(start, end));
  if (start === 0) return;
  for (let at = 0; at < offsets.length; at++) offsets[at] = (offsets[at] as number) - start;
}

/** Copies key after value after key; `offsets` says where they are, and then where they went. */
function copyEach(source: Uint8Array, target: Uint8Array, offsets: Uint32Array): void {
  let position = 0;
  for (let at = 0; at < offsets.length; at += 2) {
    const start = offsets[at] as number;
    const end = offsets[at + 1] as number;
    offsets[at] = position;
    // A view for each costs more than the bytes of a short one.
    if (end - start > 256) target.set(source.subarray(start, end), position);
    else for (let from = start, to = position; from < end; from++, to++) target[to] = source[from] as number;
    position += end - start;
    offsets[at + 1] = position;
  }
}

/** Numbers ascending groups from 0 without gaps, in place, and returns what they were. */
function numberGroups(groups: Uint32Array): readonly number[] {
  const numbers: number[] = [];
  for (let index = 0; index < groups.length; index++) {
    const group = groups[index] as number;
    if (numbers.length === 0 || numbers[numbers.length - 1] !== group) numbers.push(group);
    groups[index] = numbers.length - 1;
  }
  return numbers;
}

function requireSums(bytes: Uint8Array, count: number): void {
  if (bytes.length !== count * uncompressedSumBytes) throw new Error('a worker answered with another number of sums');
}
