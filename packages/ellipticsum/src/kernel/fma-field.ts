/**
 * Arithmetic modulo p = 2^255 - 19 on f64 with fused multiply-add, as recordings.
 *
 * A number is Σ a_k·2^(51k), k = 0..4, each limb an integer in an f64 with |a_k| ≤ 2^50 + 256 at every product's input.
 *
 * A product of two limbs has up to 101 bits. `t = madd(x, y, 1.5·2^103)` rounds it to a multiple of 2^51, and a second madd
 * with what was rounded away, `lo = madd(x, y, 1.5·2^103 - t)`, is the exact rest. So h = t - 1.5·2^103 belongs to the next
 * column and lo to this one. Up to three products of one column can run through one t: a chain. t·2^-51 carries a bias of
 * K = 1.5·2^52; it goes away by starting one chain of the next column with `lo` biased by -K. The bias must be cancelled
 * before anything else is added to that `lo`, else the sum leaves 53 bits.
 *
 * Every list here keeps these bounds, which the tests prove by interval evaluation: chains stay within 2^102, sums and rests
 * within 2^53, and outputs are fit for the next product.
 */
import { Recorder, type Recording, type Ref } from './recording.js';

/** Limbs of a number. */
export const limbCount = 5;
/** Bits of a limb's place value. */
export const limbBits = 51;
/** Bound on the absolute value of every limb that enters a product. */
export const maxLimb: number = 2 ** 50 + 256;

const splitter = 1.5 * 2 ** 103;
const bias = 1.5 * 2 ** 52;

/** What the columns of products are made with. */
class Columns {
  readonly recorder: Recorder = new Recorder();
  readonly splitter: Ref = this.recorder.constant(splitter);
  readonly biasedSplitter: Ref = this.recorder.constant(splitter - bias);
  readonly minusBias: Ref = this.recorder.constant(-bias);
  readonly down: Ref = this.recorder.constant(2 ** -51);
  readonly nineteen: Ref = this.recorder.constant(19);
  readonly nineteenDown: Ref = this.recorder.constant(19 * 2 ** -51);

  /** A chain's first product; its rest is biased by -K. */
  biased(x: Ref, y: Ref): Chain {
    return this.#start(x, y, this.biasedSplitter);
  }

  /** A chain's first product; its rest is as it is. */
  plain(x: Ref, y: Ref): Chain {
    return this.#start(x, y, this.splitter);
  }

  /** A further product of a chain. */
  next(x: Ref, y: Ref, { t }: Chain): Chain {
    const r = this.recorder;
    const sum = r.madd(x, y, t, 'chain');
    return { t: sum, lo: r.madd(x, y, r.sub(t, sum), 'rest') };
  }

  /** What the chain hands to the next column, biased by K, plus `rest`. */
  carryOf({ t }: Chain, rest: Ref): Ref {
    return this.recorder.madd(t, this.down, rest, 'sum');
  }

  sum(...terms: readonly Ref[]): Ref {
    return terms.reduce((left, right) => this.recorder.add(left, right, 'sum'));
  }

  /** x·2^255 + c as a rest and a multiple of 2^51 to carry, negated; `preCarried` is added to the latter. */
  fold(x: Ref, c: Ref): Folded {
    const r = this.recorder;
    const y = r.madd(x, this.nineteen, c, 'folded');
    const carry = r.sub(this.splitter, r.add(y, this.splitter));
    const rest = r.madd(x, this.nineteen, carry, 'residual');
    return { rest: r.add(rest, c, 'sum'), carry };
  }

  /** Takes the multiple of 2^51 out of one limb. */
  split(limb: Ref): Folded {
    const r = this.recorder;
    const carry = r.sub(this.splitter, r.add(limb, this.splitter));
    return { rest: r.add(limb, carry, 'sum'), carry };
  }

  /** Each limb's carry goes to the next limb, the last one's times 19 to the first. */
  finish(limbs: readonly Folded[]): Recording {
    const r = this.recorder;
    const outputs = limbs.map(({ rest }, k) => {
      const below = limbs[(k + limbCount - 1) % limbCount] as Folded;
      return r.nmadd(below.carry, k === 0 ? this.nineteenDown : this.down, rest, 'limb');
    });
    return r.finish(outputs);
  }

  #start(x: Ref, y: Ref, base: Ref): Chain {
    const r = this.recorder;
    const t = r.madd(x, y, this.splitter, 'chain');
    return { t, lo: r.madd(x, y, r.sub(base, t), 'rest') };
  }
}

interface Chain {
  readonly t: Ref;
  readonly lo: Ref;
}

interface Folded {
  readonly rest: Ref;
  /** Minus the carry, a multiple of 2^51. */
  readonly carry: Ref;
}

type Limbs = readonly [Ref, Ref, Ref, Ref, Ref];

function limbsOf(columns: Columns, name: string): Limbs {
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0] = columns.recorder.inputs(name, limbCount);
  return [a0, a1, a2, a3, a4];
}

/** a². Inputs: the limbs of a. */
export function recordSquare(): Recording {
  const c = new Columns();
  const [a0, a1, a2, a3, a4] = limbsOf(c, 'a');
  const r = c.recorder;
  const d0 = r.add(a0, a0);
  const d1 = r.add(a1, a1);
  const d2 = r.add(a2, a2);
  const d3 = r.add(a3, a3);

  const p00 = c.plain(a0, a0);
  const column0 = p00.lo;
  const p01 = c.biased(d0, a1);
  const column1 = c.carryOf(p00, p01.lo);
  const p02 = c.biased(d0, a2);
  const p11 = c.next(a1, a1, p02);
  const column2 = c.sum(c.carryOf(p01, p02.lo), p11.lo);
  const p03 = c.biased(d0, a3);
  const p12 = c.plain(d1, a2);
  const column3 = c.sum(c.carryOf(p11, p03.lo), p12.lo);
  const p04 = c.biased(d0, a4);
  const p13 = c.biased(d1, a3);
  const p22 = c.next(a2, a2, p13);
  const column4 = c.sum(c.carryOf(p03, p04.lo), c.carryOf(p12, p13.lo), p22.lo);
  const p14 = c.biased(d1, a4);
  const p23 = c.biased(d2, a3);
  const column5 = c.sum(c.carryOf(p04, p14.lo), c.carryOf(p22, p23.lo));
  const limb0 = c.fold(column5, column0);
  const p24 = c.biased(d2, a4);
  const p33 = c.next(a3, a3, p24);
  const column6 = c.sum(c.sum(c.carryOf(p14, p24.lo), p33.lo), c.carryOf(p23, c.minusBias));
  const limb1 = c.fold(column6, column1);
  const p34 = c.biased(d3, a4);
  const column7 = c.carryOf(p33, p34.lo);
  const limb2 = c.fold(column7, column2);
  const p44 = c.biased(a4, a4);
  const column8 = c.carryOf(p34, p44.lo);
  const limb3 = c.fold(column8, column3);
  const column9 = c.carryOf(p44, c.minusBias);
  const limb4 = c.fold(column9, column4);
  return c.finish([limb0, limb1, limb2, limb3, limb4]);
}

/** Ways to get the product wrong that the proof of bounds has to notice; for tests. */
export interface MultiplyDefects {
  /** Folds column 4 without taking its carry out first. */
  readonly withoutPreCarry?: boolean;
  /** Cancels the bias of a chain of column 4 after adding the other rests. */
  readonly lateBias?: boolean;
}

/** a·b. Inputs: the limbs of a, then those of b. */
export function recordMultiply({ withoutPreCarry = false, lateBias = false }: MultiplyDefects = {}): Recording {
  const c = new Columns();
  const [a0, a1, a2, a3, a4] = limbsOf(c, 'a');
  const [b0, b1, b2, b3, b4] = limbsOf(c, 'b');

  const p00 = c.plain(a0, b0);
  const column0 = p00.lo;
  const p01 = c.biased(a0, b1);
  const p10 = c.next(a1, b0, p01);
  const column1 = c.sum(c.carryOf(p00, p01.lo), p10.lo);
  const p02 = c.biased(a0, b2);
  const p11 = c.next(a1, b1, p02);
  const p20 = c.next(a2, b0, p11);
  const column2 = c.sum(c.carryOf(p10, p02.lo), p11.lo, p20.lo);
  const p03 = c.biased(a0, b3);
  const p12 = c.next(a1, b2, p03);
  const p21 = c.plain(a2, b1);
  const p30 = c.next(a3, b0, p21);
  const column3 = c.sum(c.carryOf(p20, p03.lo), p12.lo, p21.lo, p30.lo);
  const p04 = c.biased(a0, b4);
  const p13 = c.next(a1, b3, p04);
  const p22 = c.biased(a2, b2);
  const p31 = c.next(a3, b1, p22);
  const p40 = c.next(a4, b0, p31);
  const second = lateBias
    ? c.carryOf(p30, c.sum(p22.lo, p31.lo, p40.lo))
    : c.sum(c.carryOf(p30, p22.lo), p31.lo, p40.lo);
  const column4 = c.sum(c.sum(c.carryOf(p12, p04.lo), p13.lo), second);
  const p14 = c.biased(a1, b4);
  const p23 = c.next(a2, b3, p14);
  const p32 = c.biased(a3, b2);
  const p41 = c.next(a4, b1, p32);
  const column5 = c.sum(c.sum(c.carryOf(p13, p14.lo), p23.lo), c.sum(c.carryOf(p40, p32.lo), p41.lo));
  const limb0 = c.fold(column5, column0);
  const p24 = c.biased(a2, b4);
  const p33 = c.next(a3, b3, p24);
  const p42 = c.next(a4, b2, p33);
  const column6 = c.sum(c.carryOf(p23, p24.lo), c.carryOf(p41, c.minusBias), p33.lo, p42.lo);
  const limb1 = c.fold(column6, column1);
  const p34 = c.biased(a3, b4);
  const p43 = c.next(a4, b3, p34);
  const column7 = c.sum(c.carryOf(p42, p34.lo), p43.lo);
  const limb2 = c.fold(column7, column2);
  const p44 = c.biased(a4, b4);
  const column8 = c.carryOf(p43, p44.lo);
  const limb3 = c.fold(column8, column3);
  const column9 = c.carryOf(p44, c.minusBias);
  if (withoutPreCarry) return c.finish([limb0, limb1, limb2, limb3, c.fold(column9, column4)]);
  const { rest, carry } = c.split(column4);
  const limb4 = c.fold(column9, rest);
  return c.finish([limb0, limb1, limb2, limb3, { rest: limb4.rest, carry: c.recorder.add(limb4.carry, carry) }]);
}

/** The carries of a number whose limbs may be up to 2^53. */
export function recordCarry(): Recording {
  const c = new Columns();
  return c.finish(limbsOf(c, 'a').map((limb) => c.split(limb)));
}

/** a + b, or a - b. Inputs: the limbs of a, then those of b. */
export function recordSum(operator: 'add' | 'sub'): Recording {
  const c = new Columns();
  const left = limbsOf(c, 'a');
  const right = limbsOf(c, 'b');
  return c.finish(left.map((limb, k) => c.split(c.recorder[operator](limb, right[k] as Ref, 'sum'))));
}
