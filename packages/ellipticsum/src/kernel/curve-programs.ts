/**
 * The map of RFC 9496 and the group, as functions on static operands; for every lane of a field machine at once.
 *
 * The map is the one-way map of section 4.3.4 without an inversion. With w = u·v, y = w^((p-5)/8) and χ = w·y² = w^((p-1)/4),
 * which is 0 or a power of i = √-1, the wanted root is s = ±u·y·f, where f is 1 for χ = 1, i for χ = -1, t for χ = i and i·t
 * for χ = -i.
 */
import {
  curveD,
  dMinusOneSquared,
  inverseRootOfMinusDMinusOne,
  oneMinusDSquared,
  rootOfMinusDMinusOne,
  rootOfMinusOne,
} from './field-constants.js';
import type { Element, FieldMachine, Mask } from './field-machine.js';
import type { Code } from './wasm-code.js';
import { call, type FunctionBuilder, type ModuleBuilder } from './wasm-module.js';

/** Extended coordinates. */
export interface Point {
  readonly x: Element;
  readonly y: Element;
  readonly z: Element;
  readonly t: Element;
}

/** Coordinates in the order in which sums are stored. */
export function coordinatesOf({ x, y, z, t }: Point): readonly Element[] {
  return [x, y, z, t];
}

/** The functions that kernels are made of, and their operands. */
export class CurvePrograms {
  /** Operand of `map` and `decode`. */
  readonly root: Element;
  /** Where set, `map` gives the opposite point. */
  readonly isSubtracted: Mask;
  /** Result of `map` and `decode`; second operand of `add`; operand of `encode` and `check`. */
  readonly point: Point;
  /** First operand and result of `add`. */
  readonly sum: Point;
  /** Results of `check`: both zero exactly for points on the curve, if Z is not. */
  readonly curveResidual: Element;
  readonly productResidual: Element;
  /** Result of `encode`. */
  readonly encoded: Element;
  /** Result of `decode`: where the operand is a square ratio and its product of coordinates is not negative. */
  readonly isDecoded: Mask;

  readonly map: FunctionBuilder;
  readonly add: FunctionBuilder;
  readonly check: FunctionBuilder;
  readonly encode: FunctionBuilder;
  readonly decode: FunctionBuilder;

  readonly #module: ModuleBuilder;
  readonly #field: FieldMachine;
  readonly #powerOperand: Element;
  readonly #powerResult: Element;
  readonly #power: FunctionBuilder;
  readonly #isMinusOne: Mask;
  readonly #isUnit: Mask;
  readonly #isMinusRoot: Mask;
  readonly #flip: Mask;
  readonly #temporary: readonly Element[];
  readonly #i: Element;
  readonly #one: Element;

  constructor(module: ModuleBuilder, field: FieldMachine) {
    this.#module = module;
    this.#field = field;
    const point = (): Point => ({ x: field.element(), y: field.element(), z: field.element(), t: field.element() });
    this.root = field.element();
    this.isSubtracted = field.mask();
    this.point = point();
    this.sum = point();
    this.curveResidual = field.element();
    this.productResidual = field.element();
    this.encoded = field.element();
    this.isDecoded = field.mask();
    this.#isMinusOne = field.mask();
    this.#isUnit = field.mask();
    this.#isMinusRoot = field.mask();
    this.#flip = field.mask();
    this.#temporary = Array.from({ length: 11 }, () => field.element());
    this.#powerOperand = field.element();
    this.#powerResult = field.element();
    this.#i = field.constant(rootOfMinusOne);
    this.#one = field.constant(1n);
    this.#power = this.#powerProgram();
    this.map = this.#mapProgram();
    this.add = this.#addProgram();
    this.check = this.#checkProgram();
    this.encode = this.#encodeProgram();
    this.decode = this.#decodeProgram();
  }

  #program(name: string, ...steps: readonly Code[]): FunctionBuilder {
    const builder = this.#module.function(name, []);
    builder.do(...steps);
    return builder;
  }

  /** Raises `powerOperand` z to (p-5)/8 = 2^252 - 3. Comments give exponents; z_n stands for z^(2^n - 1). */
  #powerProgram(): FunctionBuilder {
    const f = this.#field;
    const z = this.#powerOperand;
    const [a, b, c, d] = [f.element(), f.element(), f.element(), f.element()];
    return this.#program(
      'power',
      f.square(a, z), // 2
      f.square(b, a, 2), // 8
      f.multiply(b, b, z), // 9
      f.multiply(a, b, a), // 11
      f.square(c, a), // 22
      f.multiply(a, c, b), // 31: z_5
      f.square(b, a, 5),
      f.multiply(a, b, a), // z_10
      f.square(b, a, 10),
      f.multiply(b, b, a), // z_20
      f.square(c, b, 20),
      f.multiply(b, c, b), // z_40
      f.square(b, b, 10),
      f.multiply(a, b, a), // z_50
      f.square(b, a, 50),
      f.multiply(b, b, a), // z_100
      f.square(d, b, 100),
      f.multiply(b, d, b), // z_200
      f.square(b, b, 50),
      f.multiply(a, b, a), // z_250
      f.square(a, a, 2), // 2^252 - 4
      f.multiply(this.#powerResult, a, z),
    );
  }

  /** `root` t becomes the point that t maps to. */
  #mapProgram(): FunctionBuilder {
    const f = this.#field;
    const t = this.root;
    const [it = 0, r = 0, u = 0, v = 0, chi = 0, s = 0, a = 0, n = 0, w0 = 0, w2 = 0, w3 = 0] = this.#temporary;
    const w = this.#powerOperand;
    const y = this.#powerResult;
    const d = f.constant(curveD);
    const { point } = this;
    return this.#program(
      'map',
      f.multiply(it, this.#i, t),
      f.multiply(r, it, t),
      f.addSmall(u, r, 1),
      f.multiply(u, u, f.constant(oneMinusDSquared)),
      f.multiply(v, r, d),
      f.addSmall(v, v, 1),
      f.add(a, r, d),
      f.multiply(v, v, a),
      f.negate(v, v),
      f.multiply(w, u, v),
      call(this.#power),
      f.square(chi, y),
      f.multiply(chi, chi, w),
      f.classify(this.#isMinusOne, this.#isUnit, this.#isMinusRoot, chi),
      f.multiply(s, u, y),
      // f
      f.select(it, this.#isMinusRoot, it, t),
      f.select(a, this.#isMinusOne, this.#i, this.#one),
      f.select(it, this.#isUnit, a, it),
      f.multiply(s, s, it),
      // Squares take the non-negative root, others the negative one; a subtracted record the opposite.
      f.isNegative(this.#flip, s),
      f.invertMask(this.#flip, this.#flip),
      f.combineMasks(this.#flip, 'xor', this.#flip, this.#isUnit),
      f.addSmall(a, r, -1),
      f.multiply(a, a, f.constant(dMinusOneSquared)),
      f.multiply(n, a, r),
      f.negate(a, a),
      f.select(n, this.#isUnit, a, n),
      f.subtract(n, n, v),
      f.square(w2, s),
      f.addSmall(w3, w2, 1),
      f.negate(w2, w2),
      f.addSmall(w2, w2, 1),
      f.multiply(w0, s, v),
      f.add(w0, w0, w0),
      f.combineMasks(this.#flip, 'xor', this.#flip, this.isSubtracted),
      f.negateIf(w0, this.#flip, w0),
      f.multiply(n, n, f.constant(rootOfMinusDMinusOne)),
      f.multiply(point.x, w0, w3),
      f.multiply(point.y, w2, n),
      f.multiply(point.z, n, w3),
      f.multiply(point.t, w0, w2),
    );
  }

  /** `sum` becomes `sum` + `point`; complete, so no case is special. */
  #addProgram(): FunctionBuilder {
    const f = this.#field;
    const { point: p, sum } = this;
    const [a = 0, b = 0, c = 0, d = 0, e = 0, g = 0, h = 0] = this.#temporary;
    return this.#program(
      'addPoints',
      f.subtract(a, sum.y, sum.x),
      f.subtract(b, p.y, p.x),
      f.multiply(a, a, b),
      f.add(b, sum.y, sum.x),
      f.add(c, p.y, p.x),
      f.multiply(b, b, c),
      f.multiply(c, sum.t, f.constant(2n * curveD)),
      f.multiply(c, c, p.t),
      f.multiply(d, sum.z, p.z),
      f.add(d, d, d),
      f.subtract(e, b, a),
      f.add(h, b, a),
      f.subtract(a, d, c),
      f.add(g, d, c),
      f.multiply(sum.x, e, a),
      f.multiply(sum.y, g, h),
      f.multiply(sum.z, a, g),
      f.multiply(sum.t, e, h),
    );
  }

  /** Y² - X² - Z² - d·T² and X·Y - Z·T of `point`. */
  #checkProgram(): FunctionBuilder {
    const f = this.#field;
    const { x, y, z, t } = this.point;
    const [a = 0, b = 0] = this.#temporary;
    return this.#program(
      'check',
      f.square(a, y),
      f.square(b, x),
      f.subtract(a, a, b),
      f.square(b, z),
      f.subtract(a, a, b),
      f.square(b, t),
      f.multiply(b, b, f.constant(curveD)),
      f.subtract(this.curveResidual, a, b),
      f.multiply(a, x, y),
      f.multiply(b, z, t),
      f.subtract(this.productResidual, a, b),
    );
  }

  /** SQRT_RATIO_M1(1, v) of RFC 9496, section 4.2; `isUnit` says where v is a square. The root is ±v³·(v^7)^((p-5)/8), or that times i. */
  #inverseRoot(root: Element, v: Element, temporary: Element): readonly Code[] {
    const f = this.#field;
    return [
      f.square(temporary, v),
      f.multiply(root, temporary, v), // v³
      f.square(temporary, root),
      f.multiply(this.#powerOperand, temporary, v), // v^7
      call(this.#power),
      f.multiply(root, root, this.#powerResult),
      f.square(temporary, root),
      f.multiply(temporary, temporary, v),
      f.classify(this.#isMinusOne, this.#isUnit, this.#isMinusRoot, temporary),
      f.combineMasks(this.#isMinusOne, 'or', this.#isMinusOne, this.#isMinusRoot),
      f.multiply(temporary, root, this.#i),
      f.select(root, this.#isMinusOne, temporary, root),
      f.isNegative(this.#flip, root),
      f.negateIf(root, this.#flip, root),
    ];
  }

  /** RFC 9496, section 4.3.2. */
  #encodeProgram(): FunctionBuilder {
    const f = this.#field;
    const { x, y, z, t } = this.point;
    const [u1 = 0, u2 = 0, root = 0, a = 0, b = 0, inverseZ = 0, ix = 0, iy = 0, enchanted = 0] = this.#temporary;
    const rotate = this.#isUnit;
    return this.#program(
      'encode',
      f.add(a, z, y),
      f.subtract(b, z, y),
      f.multiply(u1, a, b),
      f.multiply(u2, x, y),
      f.square(a, u2),
      f.multiply(a, a, u1),
      ...this.#inverseRoot(root, a, b),
      f.multiply(u1, root, u1), // den1
      f.multiply(u2, root, u2), // den2
      f.multiply(inverseZ, u1, u2),
      f.multiply(inverseZ, inverseZ, t),
      f.multiply(ix, x, this.#i),
      f.multiply(iy, y, this.#i),
      f.multiply(enchanted, u1, f.constant(inverseRootOfMinusDMinusOne)),
      f.multiply(a, t, inverseZ),
      f.isNegative(rotate, a),
      f.select(a, rotate, iy, x),
      f.select(b, rotate, ix, y),
      f.select(u2, rotate, enchanted, u2),
      f.multiply(a, a, inverseZ),
      f.isNegative(this.#flip, a),
      f.negateIf(b, this.#flip, b),
      f.subtract(a, z, b),
      f.multiply(a, a, u2),
      f.isNegative(this.#flip, a),
      f.negateIf(this.encoded, this.#flip, a),
    );
  }

  /** RFC 9496, section 4.3.1, without the checks of the bytes and of y = 0. */
  #decodeProgram(): FunctionBuilder {
    const f = this.#field;
    const s = this.root;
    const { x, y, z, t } = this.point;
    const [u1 = 0, u2 = 0, u2Squared = 0, v = 0, root = 0, a = 0, b = 0] = this.#temporary;
    return this.#program(
      'decode',
      f.square(a, s),
      f.addSmall(u2, a, 1),
      f.negate(u1, a),
      f.addSmall(u1, u1, 1),
      f.square(u2Squared, u2),
      f.square(v, u1),
      f.multiply(v, v, f.constant(curveD)),
      f.negate(v, v),
      f.subtract(v, v, u2Squared),
      f.multiply(a, v, u2Squared),
      ...this.#inverseRoot(root, a, b),
      f.multiply(a, root, u2), // den_x
      f.multiply(b, root, a),
      f.multiply(b, b, v), // den_y
      f.multiply(x, s, a),
      f.add(x, x, x),
      f.isNegative(this.#flip, x),
      f.negateIf(x, this.#flip, x),
      f.multiply(y, u1, b),
      f.multiply(t, x, y),
      f.isNegative(this.#flip, t),
      f.invertMask(this.#flip, this.#flip),
      f.combineMasks(this.isDecoded, 'and', this.#isUnit, this.#flip),
      f.select(z, this.isDecoded, this.#one, this.#one),
    );
  }
}
