/**
 * Field arithmetic on eight lanes: two halves each of four records, as four streams of two f64.
 *
 * An element has five rows of 64 bytes, one for each limb; stream s lies at 16·s in a row. Streams run in pairs whose
 * instructions are isomorphic; see `stream-order.ts` for how they follow each other.
 */
import { balancedLimbs, prime, rootOfMinusOne } from './field-constants.js';
import type { Element, FieldMachine, Mask } from './field-machine.js';
import { limbBits, limbCount, recordCarry, recordMultiply, recordSquare, recordSum } from './fma-field.js';
import { loadWords, splitWords, storeCanonical } from './lane-bytes.js';
import type { MemoryLayout } from './memory-layout.js';
import { ConstantLocals, emitRecording, type Recording, splatF64, splatI64 } from './recording.js';
import { emitPair, type StreamOrder } from './stream-order.js';
import { type Code, f64, i32, i64, v128 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

const streams = 4;
/** One limb of one stream. */
const cellBytes = 16;
const rowBytes = streams * cellBytes;
const elementBytes = limbCount * rowBytes;
const signBit = 1n << 63n;

type StreamCode = (builder: FunctionBuilder, operands: readonly Local[], mask: Local) => readonly Code[];

/** Limb 0 of -√-1, which no other power of √-1 has. */
const lowestLimbOfMinusRoot = -Number(balancedLimbs(rootOfMinusOne, [limbBits], limbCount)[0]);

export class SimdField implements FieldMachine {
  readonly lanes: number = 2 * streams;
  readonly streamLanes = 2;
  readonly streamBytes: number = limbCount * cellBytes;
  readonly #layout: MemoryLayout;
  readonly #constants = new Map<bigint, Element>();
  readonly #multiply: FunctionBuilder;
  readonly #square: FunctionBuilder;
  readonly #add: FunctionBuilder;
  readonly #subtract: FunctionBuilder;
  readonly #carry: FunctionBuilder;
  readonly #select: FunctionBuilder;
  readonly #negateIf: FunctionBuilder;
  readonly #isNegative: FunctionBuilder;
  readonly #loadLane: FunctionBuilder;
  readonly #storeLane: FunctionBuilder;

  constructor(module: ModuleBuilder, layout: MemoryLayout, order: StreamOrder, multiply: Recording = recordMultiply()) {
    this.#layout = layout;
    this.#multiply = recordedFunction(module, order, 'multiply', 2, multiply);
    this.#square = squareFunction(module, order);
    this.#add = recordedFunction(module, order, 'add', 2, recordSum('add'));
    this.#subtract = recordedFunction(module, order, 'subtract', 2, recordSum('sub'));
    this.#carry = recordedFunction(module, order, 'carry', 1, recordCarry());
    this.#select = maskedFunction(module, order, 'select', 2, (builder, operands, mask) =>
      Array.from({ length: limbCount }, (_, k) =>
        v128.select(
          builder.get(operands[k] as Local),
          builder.get(operands[limbCount + k] as Local),
          builder.get(mask),
        ),
      ),
    );
    this.#negateIf = maskedFunction(module, order, 'negateIf', 1, (builder, operands, mask) => {
      const sign = builder.let('v128', v128.and(builder.get(mask), splatI64(signBit)));
      return operands.map((limb) => v128.xor(builder.get(limb), builder.get(sign)));
    });
    this.#isNegative = isNegativeFunction(module, order);
    this.#loadLane = loadLaneFunction(module);
    this.#storeLane = storeLaneFunction(module);
  }

  element(): Element {
    return this.#layout.allocate(elementBytes);
  }

  mask(): Mask {
    return this.#layout.allocate(rowBytes);
  }

  constant(value: bigint): Element {
    const canonical = ((value % prime) + prime) % prime;
    const known = this.#constants.get(canonical);
    if (known !== undefined) return known;
    const limbs = balancedLimbs(canonical, [limbBits], limbCount).map(Number);
    const lanes = limbs.flatMap((limb) => Array<number>(this.lanes).fill(limb));
    const address = this.#layout.place(new Uint8Array(Float64Array.from(lanes).buffer));
    this.#constants.set(canonical, address);
    return address;
  }

  multiply(result: Element, left: Element, right: Element): Code {
    return callWith(this.#multiply, result, left, right);
  }

  square(result: Element, operand: Element, times = 1): Code {
    return callWith(this.#square, result, operand, times);
  }

  add(result: Element, left: Element, right: Element): Code {
    return callWith(this.#add, result, left, right);
  }

  subtract(result: Element, left: Element, right: Element): Code {
    return callWith(this.#subtract, result, left, right);
  }

  negate(result: Element, operand: Element): Code {
    return eachRow(limbCount, (row) => {
      const at = row + operand;
      return storeAt(result + row, v128.xor(v128.load(i32.const(0), at), splatI64(signBit)));
    });
  }

  addSmall(result: Element, operand: Element, small: 1 | -1): Code {
    return eachRow(limbCount, (row) => {
      const limb = v128.load(i32.const(0), operand + row);
      return storeAt(result + row, row < rowBytes ? v128.add(limb, splatF64(small)) : limb);
    });
  }

  select(result: Element, mask: Mask, ifSet: Element, ifClear: Element): Code {
    return callWith(this.#select, result, mask, ifSet, ifClear);
  }

  negateIf(result: Element, mask: Mask, operand: Element): Code {
    return callWith(this.#negateIf, result, mask, operand);
  }

  isNegative(result: Mask, operand: Element): Code {
    return callWith(this.#isNegative, result, operand);
  }

  classify(isMinusOne: Mask, isUnit: Mask, isMinusRoot: Mask, operand: Element): Code {
    return eachRow(1, (row) => {
      const limb = v128.load(i32.const(0), operand + row);
      const minusOne = v128.load(i32.const(0), isMinusOne + row);
      return [
        ...storeAt(isMinusOne + row, v128.eq(limb, splatF64(-1))),
        ...storeAt(isUnit + row, v128.or(v128.eq(limb, splatF64(1)), minusOne)),
        ...storeAt(isMinusRoot + row, v128.eq(limb, splatF64(lowestLimbOfMinusRoot))),
      ];
    });
  }

  combineMasks(result: Mask, operator: 'and' | 'or' | 'xor', left: Mask, right: Mask): Code {
    return eachRow(1, (row) =>
      storeAt(result + row, v128[operator](v128.load(i32.const(0), left + row), v128.load(i32.const(0), right + row))),
    );
  }

  invertMask(result: Mask, operand: Mask): Code {
    return eachRow(1, (row) => storeAt(result + row, v128.not(v128.load(i32.const(0), operand + row))));
  }

  loadLane(result: Element, lane: number, address: Code): Code {
    return call(this.#loadLane, i32.const(result + 8 * lane), address);
  }

  normalize(result: Element): Code {
    return callWith(this.#carry, result, result);
  }

  storeLane(address: Code, operand: Element, lane: number): Code {
    return call(this.#storeLane, address, i32.const(operand + 8 * lane));
  }

  isZeroLane(operand: Element, lane: number): Code {
    const limbs = Array.from({ length: limbCount }, (_, k) => i64.load(i32.const(operand + 8 * lane + k * rowBytes)));
    return i64.eqz(i64.shl(limbs.reduce(i64.or), i64.const(1n)));
  }

  isMaskSet(operand: Mask, lane: number): Code {
    return i32.load(i32.const(operand + 8 * lane));
  }

  copyStream(result: Element, operand: Element, stream: number): Code {
    return Array.from({ length: limbCount }, (_, k) => {
      const at = k * rowBytes + stream * cellBytes;
      return storeAt(result + at, v128.load(i32.const(0), operand + at));
    }).flat();
  }

  loadLaneOfStream(result: Element, lane: number, address: Code, offset: number, from: number): Code {
    return Array.from({ length: limbCount }, (_, k) =>
      i64.store(i32.const(result + 8 * lane + k * rowBytes), i64.load(address, offset + k * cellBytes + 8 * from)),
    ).flat();
  }

  loadMask(result: Mask, stream: number, address: Code, offset: number): Code {
    return storeAt(result + stream * cellBytes, v128.load32Splat(address, offset));
  }

  loadStream(result: Element, stream: number, address: Code, offset: number): Code {
    return Array.from({ length: limbCount }, (_, k) =>
      storeAt(result + k * rowBytes + stream * cellBytes, v128.load(address, offset + k * cellBytes)),
    ).flat();
  }

  storeStream(address: Code, offset: number, operand: Element, stream: number): Code {
    return Array.from({ length: limbCount }, (_, k) =>
      v128.store(address, v128.load(i32.const(0), operand + k * rowBytes + stream * cellBytes), offset + k * cellBytes),
    ).flat();
  }
}

function callWith(callee: FunctionBuilder, ...args: readonly number[]): Code {
  return call(callee, ...args.map((value) => i32.const(value)));
}

function storeAt(address: number, value: Code): Code {
  return v128.store(i32.const(0), value, address);
}

/** The same for each 16 bytes of some rows, the highest first. */
function eachRow(rows: number, step: (offset: number) => Code): Code {
  const code: Code[] = [];
  for (let offset = rows * rowBytes - cellBytes; offset >= 0; offset -= cellBytes) code.push(step(offset));
  return code.flat();
}

function loadStream(builder: FunctionBuilder, base: Local, stream: number): Local[] {
  return Array.from({ length: limbCount }, (_, k) =>
    builder.let('v128', v128.load(builder.get(base), k * rowBytes + stream * cellBytes)),
  );
}

/** Computes two neighbouring streams of rows and stores them. */
function storePair(
  builder: FunctionBuilder,
  order: StreamOrder,
  result: Local,
  pair: number,
  compute: (stream: number) => readonly Code[],
): void {
  emitPair(builder, order, (upper) => {
    const stream = 2 * pair + upper;
    return compute(stream).map((code, k) => v128.store(builder.get(result), code, k * rowBytes + stream * cellBytes));
  });
}

/** A function (result, operand...) that runs a recording on all streams. */
function recordedFunction(
  module: ModuleBuilder,
  order: StreamOrder,
  name: string,
  operands: number,
  recording: Recording,
): FunctionBuilder {
  const builder = module.function(
    name,
    Array.from({ length: 1 + operands }, () => 'i32'),
  );
  const constants = new ConstantLocals(builder, recording);
  for (let pair = 0; pair < streams / 2; pair++) {
    storePair(builder, order, 0, pair, (stream) => {
      const inputs = Array.from({ length: operands }, (_, index) => loadStream(builder, 1 + index, stream)).flat();
      return emitRecording(builder, recording, inputs, constants);
    });
  }
  return builder;
}

/** A function (result, operand, times) that squares `times` times, row to row in memory. */
function squareFunction(module: ModuleBuilder, order: StreamOrder): FunctionBuilder {
  const builder = module.function('square', ['i32', 'i32', 'i32']);
  const [result, operand, times] = [0, 1, 2];
  const recording = recordSquare();
  const constants = new ConstantLocals(builder, recording);
  for (let pair = 0; pair < streams / 2; pair++) {
    storePair(builder, order, result, pair, (stream) =>
      loadStream(builder, operand, stream).map((limb) => builder.get(limb)),
    );
  }
  builder.doWhile(() => {
    for (let pair = 0; pair < streams / 2; pair++) {
      storePair(builder, order, result, pair, (stream) =>
        emitRecording(builder, recording, loadStream(builder, result, stream), constants),
      );
    }
    builder.set(times, i32.sub(builder.get(times), i32.const(1)));
    return builder.get(times);
  });
  return builder;
}

/** A function (result, mask, operand...). */
function maskedFunction(
  module: ModuleBuilder,
  order: StreamOrder,
  name: string,
  operands: number,
  code: StreamCode,
): FunctionBuilder {
  const builder = module.function(
    name,
    Array.from({ length: 2 + operands }, () => 'i32'),
  );
  for (let pair = 0; pair < streams / 2; pair++) {
    storePair(builder, order, 0, pair, (stream) => {
      const mask = builder.let('v128', v128.load(builder.get(1), stream * cellBytes));
      const inputs = Array.from({ length: operands }, (_, index) => loadStream(builder, 2 + index, stream)).flat();
      return code(builder, inputs, mask);
    });
  }
  return builder;
}

/**
 * A function (mask, operand). The value lies between -p and p and p is odd, so its canonical form is odd if either limb 0
 * is odd or the value is below zero.
 */
function isNegativeFunction(module: ModuleBuilder, order: StreamOrder): FunctionBuilder {
  const builder = module.function('isNegative', ['i32', 'i32']);
  const half = builder.let('v128', splatF64(0.5));
  const zero = builder.let('v128', splatF64(0));
  const scales = [-204, -153, -102, -51].map((exponent) => builder.let('v128', splatF64(2 ** exponent)));
  for (let pair = 0; pair < streams / 2; pair++) {
    storePair(builder, order, 0, pair, (stream) => {
      const limbs = loadStream(builder, 1, stream).map((limb) => builder.get(limb));
      const scaled = scales.map((scale, k) => v128.mul(limbs[k] as Code, builder.get(scale)));
      const value = scaled.reduceRight(v128.add, limbs[limbCount - 1] as Code);
      const halved = builder.get(builder.let('v128', v128.mul(limbs[0] as Code, builder.get(half))));
      const isOdd = v128.ne(v128.nearest(halved), halved);
      return [v128.xor(isOdd, v128.lt(value, builder.get(zero)))];
    });
  }
  return builder;
}

/** A function (address of limb 0 of a lane, address of 32 bytes). */
function loadLaneFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('loadLane', ['i32', 'i32']);
  const limbs = splitWords(builder, loadWords(builder, 1), Array(limbCount).fill(limbBits));
  for (const [k, limb] of limbs.entries()) {
    builder.do(f64.store(builder.get(0), f64.convertS(limb), k * rowBytes));
  }
  return builder;
}

/** A function (address of 32 bytes, address of limb 0 of a lane). */
function storeLaneFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('storeLane', ['i32', 'i32']);
  const limbs = Array.from({ length: limbCount }, (_, k) =>
    builder.let('i64', i64.truncateF64(f64.load(builder.get(1), k * rowBytes))),
  );
  storeCanonical(builder, 0, limbs, Array(limbCount).fill(limbBits));
  return builder;
}
