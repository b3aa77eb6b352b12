/** Two ways to evaluate a recording without any engine: on exact numbers with IEEE 754 rounding, and on intervals. */
import type { RecordedNode, Recording } from '../../src/kernel/recording.js';

/** An exact dyadic number, mantissa·2^exponent. */
interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

function normalized(mantissa: bigint, exponent: number): Dyadic {
  if (mantissa === 0n) return { mantissa: 0n, exponent: 0 };
  let shift = 0;
  while (((mantissa >> BigInt(shift)) & 1n) === 0n) shift++;
  return { mantissa: mantissa >> BigInt(shift), exponent: exponent + shift };
}

/** The dyadic number that an f64 is. */
export function fromNumber(value: number): Dyadic {
  if (!Number.isFinite(value)) throw new RangeError('not finite');
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return normalized(BigInt(scaled), exponent);
}

function add(a: Dyadic, b: Dyadic): Dyadic {
  const exponent = Math.min(a.exponent, b.exponent);
  const align = (x: Dyadic): bigint => x.mantissa << BigInt(x.exponent - exponent);
  return normalized(align(a) + align(b), exponent);
}

function multiply(a: Dyadic, b: Dyadic): Dyadic {
  return normalized(a.mantissa * b.mantissa, a.exponent + b.exponent);
}

function negate({ mantissa, exponent }: Dyadic): Dyadic {
  return { mantissa: -mantissa, exponent };
}

/** Rounds to 53 bits, to nearest, ties to even. Exponents never get near their limits here. */
function round(x: Dyadic): Dyadic {
  const magnitude = x.mantissa < 0n ? -x.mantissa : x.mantissa;
  const excess = magnitude.toString(2).length - 53;
  if (excess <= 0) return x;
  const unit = 1n << BigInt(excess);
  const low = magnitude & (unit - 1n);
  let kept = magnitude >> BigInt(excess);
  if (low * 2n > unit || (low * 2n === unit && (kept & 1n) === 1n)) kept++;
  return normalized(x.mantissa < 0n ? -kept : kept, x.exponent + excess);
}

/** Integers that the outputs are, for integers as inputs. @throws if an output is none */
export function evaluateExactly({ nodes, outputs }: Recording, inputs: readonly bigint[]): bigint[] {
  const values: Dyadic[] = [];
  let next = 0;
  for (const node of nodes) {
    if (node.kind === 'input') values.push(normalized(inputs[next++] as bigint, 0));
    else if (node.kind === 'constant') values.push(fromNumber(node.value));
    else values.push(round(exactly(node, values)));
  }
  return outputs.map((output) => {
    const { mantissa, exponent } = values[output] as Dyadic;
    if (exponent < 0) throw new Error('an output is no integer');
    return mantissa << BigInt(exponent);
  });
}

function exactly(node: RecordedNode & { kind: 'operation' }, values: readonly Dyadic[]): Dyadic {
  const [a, b, c] = node.operands.map((operand) => values[operand] as Dyadic) as [Dyadic, Dyadic, Dyadic];
  if (node.operator === 'add') return add(a, b);
  if (node.operator === 'sub') return add(a, negate(b));
  return add(node.operator === 'madd' ? multiply(a, b) : negate(multiply(a, b)), c);
}

/**
 * Bounds on what a recording of a product or of carries computes, or the condition that it breaks.
 *
 * The splitting of products makes intervals of single values useless: t and the rest lo depend on each other. So the proof follows
 * what a value means. A value is one of
 * - a plain number, an integer of bounded absolute value, perhaps biased by -K = -1.5·2^52 or a multiple of 2^51;
 * - a chain t = C1 + h, where h is a multiple of 2^51 and |h| is bounded: Σ products of the chain = h + Σ rests;
 * - the difference that `lo` of a chain is made with: C1 - t, C1 - K - t, or t - t'.
 *
 * Conditions: |h| ≤ 2^102, so that t stays in the binade whose unit is 2^51; every sum, biased or not, ≤ 2^53; the residual of a fold
 * ≤ 2^53; outputs ≤ what the caller allows.
 */
export interface BoundOptions {
  readonly inputs: number;
  readonly outputs: number;
}

type Meaning =
  /** An integer x with |x| ≤ bound, held as x + bias. `isMultiple`: x is a multiple of 2^51. */
  | { readonly kind: 'integer'; readonly bound: number; readonly bias: number; readonly isMultiple?: boolean }
  | { readonly kind: 'constant'; readonly value: number }
  /** C1 + h; `last` is the product that was added last, by its factors. */
  | { readonly kind: 'chain'; readonly bound: number; readonly before: Ref; readonly last: string }
  /** What turns the product `last` into its rest, with a bias. */
  | { readonly kind: 'rest'; readonly last: string; readonly bias: number }
  /** C1 + x rounded to a multiple of 2^51. */
  | { readonly kind: 'rounded'; readonly bound: number; readonly of: Ref }
  /** -(x rounded to a multiple of 2^51). */
  | { readonly kind: 'carry'; readonly bound: number; readonly of: Ref | undefined }
  /** 19·x + c rounded to 53 bits: used for its carry alone. */
  | { readonly kind: 'folded'; readonly bound: number; readonly high: Ref; readonly low: Ref; readonly error: number };

type Ref = number;

const c1 = 1.5 * 2 ** 103;
const k = 1.5 * 2 ** 52;
const unit = 2 ** 51;
const limit = 2 ** 53;

/** Checks a recording; returns the bounds of its outputs. @throws Error that names the broken condition */
export function proveBounds({ nodes, outputs }: Recording, options: BoundOptions): number[] {
  const meanings: Meaning[] = [];
  const at = (ref: Ref | undefined): Meaning => meanings[ref as Ref] as Meaning;
  const integer = (ref: Ref | undefined): Meaning & { kind: 'integer' } => {
    const meaning = at(ref);
    if (meaning.kind !== 'integer') throw new Error(`node ${ref} is ${meaning.kind}, not an integer`);
    return meaning;
  };
  const unbiased = (ref: Ref | undefined): number => {
    const { bound, bias } = integer(ref);
    if (bias !== 0) throw new Error(`node ${ref} is biased`);
    return bound;
  };
  const sum = (bound: number, bias: number, extra: object = {}): Meaning => {
    if (bound + Math.abs(bias) > limit) throw new Error(`a sum may reach ${(bound + Math.abs(bias)) / 2 ** 50} units`);
    return { kind: 'integer', bound, bias, ...extra };
  };
  const is = (ref: Ref | undefined, value: number): boolean => {
    const meaning = at(ref);
    return meaning.kind === 'constant' && meaning.value === value;
  };

  const operate = (node: RecordedNode & { kind: 'operation' }): Meaning => {
    const [x, y, z] = node.operands as [Ref, Ref, Ref];
    if (node.operator === 'madd') return fused(x, y, z);
    if (node.operator === 'nmadd') return carriedLimb(x, y, z);
    return node.operator === 'add' ? added(x, y) : subtracted(x, y);
  };

  const fused = (x: Ref, y: Ref, z: Ref): Meaning => {
    const base = at(z);
    const product = `${x}*${y}`;
    if (is(y, 2 ** -51)) {
      // A chain's carry, with the bias K, meets a rest with the bias -K, or the constant -K.
      const chain = at(x);
      if (chain.kind !== 'chain') throw new Error('only chains hand carries on');
      if (base.kind === 'constant' && base.value === -k) return sum(chain.bound / unit, 0);
      const rest = integer(z);
      if (rest.bias !== -k) throw new Error(`a carry meets a sum with the bias ${rest.bias}`);
      return sum(chain.bound / unit + rest.bound, 0);
    }
    if (is(y, 19)) {
      const high = unbiased(x);
      if (base.kind === 'carry') {
        const folded = base.of === undefined ? undefined : at(base.of);
        if (folded?.kind !== 'folded' || folded.high !== x) throw new Error('a residual of something else');
        // 19·x + q = -c + (y - RNE51(y)) - error of y.
        const residual = integer(folded.low).bound + unit / 2 + folded.error;
        if (residual > limit) throw new Error(`a residual may reach ${residual} = 2^53 + ${residual - limit}`);
        return { kind: 'integer', bound: residual, bias: 0, residualOf: base.of } as Meaning;
      }
      const low = unbiased(z);
      const bound = 19 * high + low;
      return {
        kind: 'folded',
        bound,
        high: x,
        low: z,
        error: bound < limit ? 0 : 2 ** (Math.floor(Math.log2(bound)) - 53),
      };
    }
    const size = unbiased(x) * unbiased(y);
    if (base.kind === 'rest') {
      if (base.last !== product) throw new Error('a rest of another product');
      return sum(unit / 2, base.bias);
    }
    let before = 0;
    if (base.kind === 'chain') before = base.bound;
    else if (!is(z, c1)) throw new Error('a chain starts with C1');
    // Each rounding moves h by at most half a unit.
    const bound = before + size + unit / 2;
    if (bound > 2 ** 102 + 2 ** 75) throw new Error(`a chain may reach ${bound / 2 ** 100} units`);
    return { kind: 'chain', bound, before: z, last: product };
  };

  const subtracted = (x: Ref, y: Ref): Meaning => {
    const [left, right] = [at(x), at(y)];
    if (right.kind === 'chain') {
      if (is(x, c1) && is(right.before, c1)) return { kind: 'rest', last: right.last, bias: 0 };
      if (is(x, c1 - k) && is(right.before, c1)) return { kind: 'rest', last: right.last, bias: -k };
      if (left.kind === 'chain' && right.before === x) return { kind: 'rest', last: right.last, bias: 0 };
      throw new Error('a rest of another chain');
    }
    if (right.kind === 'rounded') {
      if (!is(x, c1)) throw new Error('a carry is C1 minus what was rounded');
      return { kind: 'carry', bound: right.bound, of: right.of };
    }
    return sum(unbiased(x) + unbiased(y), 0);
  };

  const added = (x: Ref, y: Ref): Meaning => {
    const [left, right] = [at(x), at(y)];
    if (is(y, c1)) {
      const bound = left.kind === 'folded' ? left.bound + left.error : unbiased(x);
      return { kind: 'rounded', bound: Math.floor(bound / unit + 0.5) * unit, of: x };
    }
    if (left.kind === 'carry' && right.kind === 'carry') {
      return { kind: 'carry', bound: left.bound + right.bound, of: undefined };
    }
    if (right.kind === 'carry') {
      if (right.of !== x) throw new Error('a carry of something else');
      return sum(unit / 2, 0);
    }
    const residual = left as Meaning & { readonly residualOf?: Ref };
    if (residual.residualOf !== undefined) {
      const folded = at(residual.residualOf) as Meaning & { kind: 'folded' };
      if (folded.low !== y) throw new Error('a residual meets something else');
      // What is left of y after its carry.
      return sum(unit / 2 + folded.error, 0);
    }
    const [a, b] = [integer(x), integer(y)];
    return sum(a.bound + b.bound, a.bias + b.bias);
  };

  const carriedLimb = (x: Ref, y: Ref, z: Ref): Meaning => {
    const carry = at(x);
    if (carry.kind !== 'carry') throw new Error('only carries go to other limbs');
    const factor = is(y, 2 ** -51) ? 1 : is(y, 19 * 2 ** -51) ? 19 : 0;
    if (factor === 0) throw new Error('a carry with a wrong factor');
    return sum((carry.bound / unit) * factor + unbiased(z), 0);
  };

  for (const node of nodes) {
    if (node.kind === 'input') meanings.push({ kind: 'integer', bound: options.inputs, bias: 0 });
    else if (node.kind === 'constant') meanings.push({ kind: 'constant', value: node.value });
    else meanings.push(operate(node));
  }
  return outputs.map((output) => {
    const bound = unbiased(output);
    if (bound > options.outputs) throw new Error(`an output may reach 2^50 + ${bound - 2 ** 50}`);
    return bound;
  });
}
