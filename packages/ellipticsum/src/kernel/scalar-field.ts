/**
 * Field arithmetic on 64-bit integers, one lane: ten signed limbs of 26 and 25 bits in turns (D. J. Bernstein's radix 2^25.5).
 *
 * After every step limbs are at most 1.01·2^25 and 1.01·2^24 in absolute value, so that all products of a column, times 38 at
 * most, add up within 63 bits.
 */
import { balancedLimbs, prime, rootOfMinusOne } from './field-constants.js';
import type { Element, FieldMachine, Mask } from './field-machine.js';
import { loadWords, splitWords, storeCanonical } from './lane-bytes.js';
import type { MemoryLayout } from './memory-layout.js';
import { type Code, i32, i64 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

const limbCount = 10;
const limbBytes = 8;
const elementBytes = limbCount * limbBytes;
const bits: readonly number[] = Array.from({ length: limbCount }, (_, k) => (k % 2 === 0 ? 26 : 25));
const indexes: readonly number[] = Array.from({ length: limbCount }, (_, k) => k);

export class ScalarField implements FieldMachine {
  readonly lanes = 1;
  readonly streamLanes = 1;
  readonly streamBytes: number = elementBytes;
  readonly #layout: MemoryLayout;
  readonly #constants = new Map<bigint, Element>();
  readonly #multiply: FunctionBuilder;
  readonly #square: FunctionBuilder;
  readonly #add: FunctionBuilder;
  readonly #subtract: FunctionBuilder;
  readonly #carry: FunctionBuilder;
  readonly #select: FunctionBuilder;
  readonly #loadLane: FunctionBuilder;
  readonly #storeLane: FunctionBuilder;
  /** Canonical bytes for comparisons. */
  readonly #canonical: number;

  constructor(module: ModuleBuilder, layout: MemoryLayout) {
    this.#layout = layout;
    this.#canonical = layout.allocate(32);
    this.#multiply = multiplyFunction(module);
    this.#square = squareFunction(module);
    this.#add = limbwiseFunction(module, 'add', 2, ([a = [], b = []]) => i64.add(a, b));
    this.#subtract = limbwiseFunction(module, 'subtract', 2, ([a = [], b = []]) => i64.sub(a, b));
    this.#carry = limbwiseFunction(module, 'carry', 1, ([a = []]) => a);
    this.#select = selectFunction(module);
    this.#loadLane = loadLaneFunction(module);
    this.#storeLane = storeLaneFunction(module);
  }

  element(): Element {
    return this.#layout.allocate(elementBytes);
  }

  mask(): Mask {
    return this.#layout.allocate(8);
  }

  constant(value: bigint): Element {
    const canonical = ((value % prime) + prime) % prime;
    const known = this.#constants.get(canonical);
    if (known !== undefined) return known;
    const limbs = BigInt64Array.from(balancedLimbs(canonical, bits, limbCount));
    const address = this.#layout.place(new Uint8Array(limbs.buffer));
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
    return eachLimb((k) => storeLimb(result, k, i64.sub(i64.const(0n), loadLimb(operand, k))));
  }

  addSmall(result: Element, operand: Element, small: 1 | -1): Code {
    return eachLimb((k) => {
      const limb = loadLimb(operand, k);
      return storeLimb(result, k, k === 0 ? i64.add(limb, i64.const(BigInt(small))) : limb);
    });
  }

  select(result: Element, mask: Mask, ifSet: Element, ifClear: Element): Code {
    return callWith(this.#select, result, mask, ifSet, ifClear);
  }

  negateIf(result: Element, mask: Mask, operand: Element): Code {
    const sign = i64.load(i32.const(mask));
    return eachLimb((k) => storeLimb(result, k, i64.sub(i64.xor(loadLimb(operand, k), sign), sign)));
  }

  isNegative(result: Mask, operand: Element): Code {
    const isOdd = i64.and(i64.load(i32.const(this.#canonical)), i64.const(1n));
    return [
      ...callWith(this.#storeLane, this.#canonical, operand),
      ...i64.store(i32.const(result), i64.sub(i64.const(0n), isOdd)),
    ];
  }

  classify(isMinusOne: Mask, isUnit: Mask, isMinusRoot: Mask, operand: Element): Code {
    const is = (value: bigint): Code => {
      const differences = [0, 1, 2, 3].map((word) => {
        const expected = i64.const(value >> BigInt(64 * word));
        return i64.xor(i64.load(i32.const(this.#canonical), 8 * word), expected);
      });
      return i64.sub(i64.const(0n), i64.extendU(i64.eqz(differences.reduce(i64.or))));
    };
    return [
      ...callWith(this.#storeLane, this.#canonical, operand),
      ...i64.store(i32.const(isMinusOne), is(prime - 1n)),
      ...i64.store(i32.const(isUnit), i64.or(is(1n), i64.load(i32.const(isMinusOne)))),
      ...i64.store(i32.const(isMinusRoot), is(prime - rootOfMinusOne)),
    ];
  }

  combineMasks(result: Mask, operator: 'and' | 'or' | 'xor', left: Mask, right: Mask): Code {
    return i64.store(i32.const(result), i64[operator](i64.load(i32.const(left)), i64.load(i32.const(right))));
  }

  invertMask(result: Mask, operand: Mask): Code {
    return i64.store(i32.const(result), i64.xor(i64.load(i32.const(operand)), i64.const(-1n)));
  }

  loadLane(result: Element, _lane: number, address: Code): Code {
    return call(this.#loadLane, i32.const(result), address);
  }

  normalize(result: Element): Code {
    return callWith(this.#carry, result, result);
  }

  storeLane(address: Code, operand: Element, _lane: number): Code {
    return call(this.#storeLane, address, i32.const(operand));
  }

  isZeroLane(operand: Element, _lane: number): Code {
    return i64.eqz(indexes.map((k) => loadLimb(operand, k)).reduce(i64.or));
  }

  isMaskSet(operand: Mask, _lane: number): Code {
    return i32.load(i32.const(operand));
  }

  copyStream(result: Element, operand: Element, _stream: number): Code {
    return eachLimb((k) => storeLimb(result, k, loadLimb(operand, k)));
  }

  loadStream(result: Element, _stream: number, address: Code, offset: number): Code {
    return eachLimb((k) => storeLimb(result, k, i64.load(address, offset + k * limbBytes)));
  }

  storeStream(address: Code, offset: number, operand: Element, _stream: number): Code {
    return eachLimb((k) => i64.store(address, loadLimb(operand, k), offset + k * limbBytes));
  }

  loadLaneOfStream(result: Element, lane: number, address: Code, offset: number, _from: number): Code {
    return this.loadStream(result, lane, address, offset);
  }

  loadMask(result: Mask, _stream: number, address: Code, offset: number): Code {
    return i64.store(i32.const(result), i64.extendS(i32.load(address, offset)));
  }
}

function callWith(callee: FunctionBuilder, ...args: readonly number[]): Code {
  return call(callee, ...args.map((value) => i32.const(value)));
}

function loadLimb(element: Element, k: number): Code {
  return i64.load(i32.const(element), k * limbBytes);
}

function storeLimb(element: Element, k: number, value: Code): Code {
  return i64.store(i32.const(element), value, k * limbBytes);
}

function eachLimb(step: (k: number) => Code): Code {
  return indexes.flatMap(step);
}

function loadLimbs(builder: FunctionBuilder, address: Local): Local[] {
  return indexes.map((k) => builder.let('i64', i64.load(builder.get(address), k * limbBytes)));
}

function storeLimbs(builder: FunctionBuilder, address: Local, limbs: readonly Local[]): void {
  for (const [k, limb] of limbs.entries()) {
    builder.do(i64.store(builder.get(address), builder.get(limb), k * limbBytes));
  }
}

/** Rounds each limb to its width and carries the rest up, in two interleaved chains. */
function carry(builder: FunctionBuilder, limbs: readonly Local[]): void {
  for (const k of [0, 4, 1, 5, 2, 6, 3, 7, 4, 8, 9, 0]) {
    const width = BigInt(bits[k] as number);
    const limb = limbs[k] as Local;
    const above = limbs[(k + 1) % limbCount] as Local;
    const rounded = i64.add(builder.get(limb), i64.const(1n << (width - 1n)));
    const quotient = builder.get(builder.let('i64', i64.shrS(rounded, i64.const(width))));
    const carried = k === limbCount - 1 ? i64.mul(quotient, i64.const(19n)) : quotient;
    builder.set(above, i64.add(builder.get(above), carried));
    builder.set(limb, i64.sub(builder.get(limb), i64.shl(quotient, i64.const(width))));
  }
}

/** Both have an odd index: their places are half a bit too high each. */
function isDoubled(i: number, j: number): boolean {
  return i % 2 === 1 && j % 2 === 1;
}

/** Columns of a product carried. `term` gives a_i·b_j times a factor, or nothing. */
function columns(builder: FunctionBuilder, term: (i: number, j: number, factor: number) => Code | undefined): Local[] {
  const sums = indexes.map((column) => {
    const terms = indexes.map((i) => {
      const j = (column - i + limbCount) % limbCount;
      return term(i, j, (isDoubled(i, j) ? 2 : 1) * (i + j >= limbCount ? 19 : 1));
    });
    return builder.let('i64', terms.filter((code) => code !== undefined).reduce(i64.add));
  });
  carry(builder, sums);
  return sums;
}

/** Multiples of limbs, each computed once, when it is first wanted. */
function multiples(builder: FunctionBuilder, limbs: readonly Local[]): (k: number, factor: number) => Code {
  const known = new Map<string, Local>();
  return (k, factor) => {
    const limb = builder.get(limbs[k] as Local);
    if (factor === 1) return limb;
    const local = known.get(`${k}.${factor}`) ?? builder.let('i64', i64.mul(limb, i64.const(BigInt(factor))));
    known.set(`${k}.${factor}`, local);
    return builder.get(local);
  };
}

/** A function (result, left, right). */
function multiplyFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('multiply', ['i32', 'i32', 'i32']);
  const left = multiples(builder, loadLimbs(builder, 1));
  const right = multiples(builder, loadLimbs(builder, 2));
  const product = columns(builder, (i, j, factor) => {
    const isEven = factor % 2 === 0;
    return i64.mul(left(i, isEven ? 2 : 1), right(j, isEven ? factor / 2 : factor));
  });
  storeLimbs(builder, 0, product);
  return builder;
}

/** A function (result, operand, times) that squares `times` times. */
function squareFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('square', ['i32', 'i32', 'i32']);
  const limbs = loadLimbs(builder, 1);
  builder.doWhile(() => {
    const multiple = multiples(builder, limbs);
    const product = columns(builder, (i, j, factor) => {
      if (i > j) return undefined;
      return i64.mul(multiple(i, i === j ? 1 : 2), multiple(j, factor));
    });
    for (const [k, limb] of limbs.entries()) builder.set(limb, builder.get(product[k] as Local));
    builder.set(2, i32.sub(builder.get(2), i32.const(1)));
    return builder.get(2);
  });
  storeLimbs(builder, 0, limbs);
  return builder;
}

/** A function (result, operand...) that works on each limb and carries. */
function limbwiseFunction(
  module: ModuleBuilder,
  name: string,
  operands: number,
  compute: (limbs: readonly Code[]) => Code,
): FunctionBuilder {
  const builder = module.function(
    name,
    Array.from({ length: 1 + operands }, () => 'i32'),
  );
  const limbs = indexes.map((k) => {
    const loaded = Array.from({ length: operands }, (_, index) => i64.load(builder.get(1 + index), k * limbBytes));
    return builder.let('i64', compute(loaded));
  });
  carry(builder, limbs);
  storeLimbs(builder, 0, limbs);
  return builder;
}

/** A function (result, mask, ifSet, ifClear). */
function selectFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('select', ['i32', 'i32', 'i32', 'i32']);
  const mask = builder.let('i64', i64.load(builder.get(1)));
  for (const k of indexes) {
    const [ifSet, ifClear] = [2, 3].map((local) => i64.load(builder.get(local), k * limbBytes)) as [Code, Code];
    const difference = i64.and(i64.xor(ifSet, ifClear), builder.get(mask));
    builder.do(i64.store(builder.get(0), i64.xor(difference, ifClear), k * limbBytes));
  }
  return builder;
}

/** A function (element, address of 32 bytes). */
function loadLaneFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('loadLane', ['i32', 'i32']);
  for (const [k, limb] of splitWords(builder, loadWords(builder, 1), bits).entries()) {
    builder.do(i64.store(builder.get(0), limb, k * limbBytes));
  }
  return builder;
}

/** A function (address of 32 bytes, element). */
function storeLaneFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('storeLane', ['i32', 'i32']);
  storeCanonical(builder, 0, loadLimbs(builder, 1), bits);
  return builder;
}
