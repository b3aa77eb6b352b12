/**
 * Straight-line programs on vectors of f64, as lists.
 *
 * A program is recorded once. Then it is emitted for every stream of lanes, with the same operations in the same order,
 * and the same list can be evaluated in other ways, such as on exact integers or on intervals.
 */
import { type Code, v128 } from './wasm-code.js';
import type { FunctionBuilder, Local } from './wasm-module.js';

/** A value of a recording: the index of its node. */
export type Ref = number;

/** Operations. `madd(a, b, c)` is a·b + c and `nmadd(a, b, c)` is c - a·b, each rounded once. */
export type Operator = 'add' | 'sub' | 'madd' | 'nmadd';

/** One node: an input, a constant, or an operation on earlier nodes. */
export type RecordedNode =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly operands: readonly Ref[];
      readonly label: string;
    };

/** A recorded program. */
export interface Recording {
  readonly nodes: readonly RecordedNode[];
  readonly outputs: readonly Ref[];
}

/** Records a program in the order of its calls. */
export class Recorder {
  readonly #nodes: RecordedNode[] = [];
  readonly #constants = new Map<number, Ref>();

  inputs(name: string, count: number): readonly Ref[] {
    return Array.from({ length: count }, (_, index) => this.#push({ kind: 'input', name: `${name}${index}` }));
  }

  constant(value: number): Ref {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const ref = this.#push({ kind: 'constant', value });
    this.#constants.set(value, ref);
    return ref;
  }

  add(a: Ref, b: Ref, label = ''): Ref {
    return this.#push({ kind: 'operation', operator: 'add', operands: [a, b], label });
  }

  sub(a: Ref, b: Ref, label = ''): Ref {
    return this.#push({ kind: 'operation', operator: 'sub', operands: [a, b], label });
  }

  madd(a: Ref, b: Ref, c: Ref, label = ''): Ref {
    return this.#push({ kind: 'operation', operator: 'madd', operands: [a, b, c], label });
  }

  nmadd(a: Ref, b: Ref, c: Ref, label = ''): Ref {
    return this.#push({ kind: 'operation', operator: 'nmadd', operands: [a, b, c], label });
  }

  finish(outputs: readonly Ref[]): Recording {
    return { nodes: this.#nodes, outputs };
  }

  #push(node: RecordedNode): Ref {
    return this.#nodes.push(node) - 1;
  }
}

/** The constants of recordings in local variables of one function, each set once and shared by all streams. */
export class ConstantLocals {
  readonly #builder: FunctionBuilder;
  readonly #locals = new Map<number, Local>();

  constructor(builder: FunctionBuilder, recording?: Recording) {
    this.#builder = builder;
    for (const node of recording?.nodes ?? []) if (node.kind === 'constant') this.get(node.value);
  }

  /** The local variable; call it before a loop for the constants of the loop. */
  get(value: number): Local {
    const known = this.#locals.get(value);
    if (known !== undefined) return known;
    const local = this.#builder.let('v128', splatF64(value));
    this.#locals.set(value, local);
    return local;
  }
}

/** Code for both lanes set to `value`. */
export function splatF64(value: number): Code {
  return v128.const(new Uint8Array(Float64Array.of(value, value).buffer));
}

/** Code for both lanes set to these 64 bits. */
export function splatI64(value: bigint): Code {
  return v128.const(new Uint8Array(BigUint64Array.of(value, value).buffer));
}

/** Emits the recording for one stream and returns the code of its outputs. Every result has its own local variable. */
export function emitRecording(
  builder: FunctionBuilder,
  recording: Recording,
  inputs: readonly Local[],
  constants: ConstantLocals,
): readonly Code[] {
  let nextInput = 0;
  const locals: Local[] = [];
  for (const node of recording.nodes) {
    if (node.kind === 'input') locals.push(inputs[nextInput++] as Local);
    else if (node.kind === 'constant') locals.push(constants.get(node.value));
    else {
      const [a = [], b = [], c = []] = node.operands.map((operand) => builder.get(locals[operand] as Local));
      const isTernary = node.operator === 'madd' || node.operator === 'nmadd';
      locals.push(builder.let('v128', isTernary ? v128[node.operator](a, b, c) : v128[node.operator](a, b)));
    }
  }
  return recording.outputs.map((output) => builder.get(locals[output] as Local));
}
