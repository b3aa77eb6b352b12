/** The functions that a kernel exports besides `hash`, on any field machine. */
import { CurvePrograms, coordinatesOf, type Point } from './curve-programs.js';
import { prime } from './field-constants.js';
import type { FieldMachine } from './field-machine.js';
import type { KernelMemory } from './kernel-memory.js';
import { loadWords } from './lane-bytes.js';
import { type Code, i32, i64 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

/** Bytes of a slot: the extended coordinates of one stream. */
export function slotBytesOf(field: FieldMachine): number {
  return 4 * field.streamBytes;
}

/** Streams that a field machine works on at once, each on a record of its own. */
export function streamsOf(field: FieldMachine): number {
  return field.lanes / field.streamLanes;
}

/**
 * - `clear(slot, count)` sets slots to zero, from the one at an address on.
 * - `accumulate(count)` maps the uniform bytes of so many steps and adds them to their slots. Within a step no slot may be named twice.
 * - `merge(target, source)` adds one slot to another.
 * - `finalize(count)` writes the sums of the slots that `list` names.
 * - `combine(count)`, `encode(count)` and `decode(count)` write results, and return the index of the first operand that is
 *   invalid, or -1.
 *
 * The last four counts are multiples of the field machine's lanes.
 */
export function exportSums(module: ModuleBuilder, field: FieldMachine, memory: KernelMemory): void {
  const programs = new CurvePrograms(module, field);
  exportClear(module, field);
  exportAccumulate(module, field, memory, programs);
  exportMerge(module, field, programs);
  exportFinalize(module, field, memory, programs);

  const isCanonical = isCanonicalFunction(module);
  const point = pointReader(field, programs, isCanonical);
  exportConversion(module, 'combine', field.lanes, (builder, index) => {
    const [left, right, result] = [memory.sums, memory.otherSums, memory.results].map((base) =>
      builder.let('i32', addressOf(builder, base, index, 128)),
    ) as [Local, Local, Local];
    const isLeftValid = point(builder, left);
    builder.do(
      ...coordinatesOf(programs.point).map((from, c) => copyElement(field, coordinatesOf(programs.sum)[c] ?? 0, from)),
    );
    const isRightValid = point(builder, right);
    builder.do(call(programs.add));
    storePoints(builder, field, programs.sum, result);
    return isLeftValid.map((isValid, lane) => i32.and(isValid, isRightValid[lane] as Code));
  });
  exportConversion(module, 'encode', field.lanes, (builder, index) => {
    const isValid = point(builder, builder.let('i32', addressOf(builder, memory.sums, index, 128)));
    builder.do(call(programs.encode));
    const result = builder.let('i32', addressOf(builder, memory.results, index, 32));
    eachLane(field, (lane) => {
      builder.do(field.storeLane(i32.add(builder.get(result), i32.const(32 * lane)), programs.encoded, lane));
    });
    return isValid;
  });
  exportConversion(module, 'decode', field.lanes, (builder, index) => {
    const source = builder.let('i32', addressOf(builder, memory.sums, index, 32));
    const isValid = eachLane(field, (lane) => {
      const at = builder.let('i32', i32.add(builder.get(source), i32.const(32 * lane)));
      builder.do(field.loadLane(programs.root, lane, builder.get(at)));
      const isEven = i32.eqz(i32.and(i32.load(builder.get(at)), i32.const(1)));
      return builder.let('i32', i32.and(isEven, call(isCanonical, builder.get(at))));
    });
    builder.do(field.normalize(programs.root), call(programs.decode));
    storePoints(builder, field, programs.point, builder.let('i32', addressOf(builder, memory.results, index, 128)));
    return isValid.map((valid, lane) => {
      const isDecoded = i32.ne(field.isMaskSet(programs.isDecoded, lane), i32.const(0));
      const isOnCurve = i32.and(isDecoded, i32.eqz(field.isZeroLane(programs.point.y, lane)));
      return i32.and(builder.get(valid), isOnCurve);
    });
  });
}

function exportClear(module: ModuleBuilder, field: FieldMachine): void {
  const builder = module.export('clear', ['i32', 'i32']);
  const zero = [0n, 1n, 1n, 0n].map((value) => field.constant(value));
  builder.count(builder.get(1), () => {
    builder.do(...zero.map((value, c) => field.storeStream(builder.get(0), c * field.streamBytes, value, 0)));
    builder.set(0, i32.add(builder.get(0), i32.const(slotBytesOf(field))));
  });
}

function exportAccumulate(
  module: ModuleBuilder,
  field: FieldMachine,
  memory: KernelMemory,
  programs: CurvePrograms,
): void {
  const builder = module.export('accumulate', ['i32']);
  const streams = streamsOf(field);
  const coordinates = coordinatesOf(programs.sum);
  const step = builder.let('i32', i32.const(memory.steps));
  builder.count(builder.get(0), () => {
    const slots = Array.from({ length: streams }, (_, stream) =>
      builder.let('i32', i32.load(builder.get(step), 16 * stream + 4)),
    );
    for (const [stream, slot] of slots.entries()) {
      builder.do(field.loadMask(programs.isSubtracted, stream, builder.get(step), 16 * stream + 8));
      for (const [c, coordinate] of coordinates.entries()) {
        builder.do(field.loadStream(coordinate, stream, builder.get(slot), c * field.streamBytes));
      }
    }
    // A record has two halves, which map to two points.
    for (let half = 0; half < 2; half += field.streamLanes) {
      eachLane(field, (lane) => {
        const stream = Math.floor(lane / field.streamLanes);
        const offset = 32 * (half + (lane % field.streamLanes));
        const uniform = i32.add(i32.load(builder.get(step), 16 * stream), i32.const(offset));
        builder.do(field.loadLane(programs.root, lane, uniform));
      });
      builder.do(field.normalize(programs.root), call(programs.map), call(programs.add));
    }
    for (const [stream, slot] of slots.entries()) {
      for (const [c, coordinate] of coordinates.entries()) {
        builder.do(field.storeStream(builder.get(slot), c * field.streamBytes, coordinate, stream));
      }
    }
    builder.set(step, i32.add(builder.get(step), i32.const(16 * streams)));
  });
}

function exportMerge(module: ModuleBuilder, field: FieldMachine, programs: CurvePrograms): void {
  const builder = module.export('merge', ['i32', 'i32']);
  const [target, source] = [builder.get(0), builder.get(1)];
  const sum = coordinatesOf(programs.sum);
  for (const [c, coordinate] of coordinatesOf(programs.point).entries()) {
    builder.do(field.loadStream(coordinate, 0, source, c * field.streamBytes));
    builder.do(field.loadStream(sum[c] ?? 0, 0, target, c * field.streamBytes));
  }
  builder.do(call(programs.add));
  for (const [c, coordinate] of sum.entries()) {
    builder.do(field.storeStream(target, c * field.streamBytes, coordinate, 0));
  }
}

function exportFinalize(
  module: ModuleBuilder,
  field: FieldMachine,
  memory: KernelMemory,
  programs: CurvePrograms,
): void {
  const builder = module.export('finalize', ['i32']);
  builder.count(
    builder.get(0),
    (index) => {
      const list = builder.let('i32', addressOf(builder, memory.list, index, 4));
      eachLane(field, (lane) => {
        const slot = builder.let('i32', i32.load(builder.get(list), 4 * lane));
        for (const [from, point] of [programs.sum, programs.point].slice(0, field.streamLanes).entries()) {
          for (const [c, coordinate] of coordinatesOf(point).entries()) {
            builder.do(field.loadLaneOfStream(coordinate, lane, builder.get(slot), c * field.streamBytes, from));
          }
        }
      });
      if (field.streamLanes === 2) builder.do(call(programs.add));
      storePoints(builder, field, programs.sum, builder.let('i32', addressOf(builder, memory.results, index, 128)));
    },
    field.lanes,
  );
}

/** A function (count) that runs a body for each group of lanes; the body returns for each lane whether it was valid. */
function exportConversion(
  module: ModuleBuilder,
  name: string,
  lanes: number,
  body: (builder: FunctionBuilder, index: Local) => readonly Code[],
): void {
  const builder = module.export(name, ['i32'], 'i32');
  builder.count(
    builder.get(0),
    (index) => {
      for (const [lane, isValid] of body(builder, index).entries()) {
        builder.if(i32.eqz(isValid), () => builder.return(i32.add(builder.get(index), i32.const(lane))));
      }
    },
    lanes,
  );
  builder.return(i32.const(-1));
  builder.do([0x00]);
}

/** Emits the loading of `point` from sums at an address, and gives for each lane whether it is a point on the curve. */
function pointReader(
  field: FieldMachine,
  programs: CurvePrograms,
  isCanonical: FunctionBuilder,
): (builder: FunctionBuilder, source: Local) => readonly Code[] {
  const coordinates = coordinatesOf(programs.point);
  return (builder, source) => {
    const canonical = eachLane(field, (lane) => {
      const checks = coordinates.map((coordinate, c) => {
        const at = i32.add(builder.get(source), i32.const(128 * lane + 32 * c));
        builder.do(field.loadLane(coordinate, lane, at));
        return call(isCanonical, at);
      });
      return builder.let('i32', checks.reduce(i32.and));
    });
    builder.do(...coordinates.map((coordinate) => field.normalize(coordinate)), call(programs.check));
    return canonical.map((valid, lane) => {
      const isOnCurve = i32.and(
        field.isZeroLane(programs.curveResidual, lane),
        field.isZeroLane(programs.productResidual, lane),
      );
      const isZNonZero = i32.eqz(field.isZeroLane(programs.point.z, lane));
      const isValid = i32.and(builder.get(valid), i32.and(isOnCurve, isZNonZero));
      return builder.get(builder.let('i32', isValid));
    });
  };
}

function storePoints(builder: FunctionBuilder, field: FieldMachine, point: Point, target: Local): void {
  eachLane(field, (lane) => {
    for (const [c, coordinate] of coordinatesOf(point).entries()) {
      const at = i32.add(builder.get(target), i32.const(128 * lane + 32 * c));
      builder.do(field.storeLane(at, coordinate, lane));
    }
  });
}

function copyElement(field: FieldMachine, result: number, operand: number): Code {
  return Array.from({ length: streamsOf(field) }, (_, stream) => field.copyStream(result, operand, stream)).flat();
}

function eachLane<T>(field: FieldMachine, body: (lane: number) => T): T[] {
  return Array.from({ length: field.lanes }, (_, lane) => body(lane));
}

function addressOf(builder: FunctionBuilder, base: number, index: Local, size: number): Code {
  return i32.add(i32.const(base), i32.mul(builder.get(index), i32.const(size)));
}

/** A function (address) that tells if the 32 bytes there, little-endian, are below p. */
function isCanonicalFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('isCanonical', ['i32'], 'i32');
  const words = loadWords(builder, 0).map((word) => builder.get(word));
  const [w0 = [], w1 = [], w2 = [], w3 = []] = words;
  const top = i64.const(2n ** 63n - 1n);
  const ones = i64.const(-1n);
  const isBelow = i64.ltU(w0, i64.const(prime & (2n ** 64n - 1n)));
  const isRestLower = i32.or(i32.or(i64.ne(w1, ones), i64.ne(w2, ones)), isBelow);
  builder.return(i32.or(i64.ltU(w3, top), i32.and(i64.eq(w3, top), isRestLower)));
  builder.do([0x00]);
  return builder;
}
