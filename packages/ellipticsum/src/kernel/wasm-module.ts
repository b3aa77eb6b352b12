import { type Code, i32, unsignedLeb, type ValueType, valueTypes } from './wasm-code.js';

/** Index of a parameter or local variable of a function. */
export type Local = number;

/** One function: its parameters, its local variables and the code that has been put into it. */
export class FunctionBuilder {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly index: number;
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  constructor(index: number, name: string, parameters: readonly ValueType[], result: ValueType | undefined) {
    this.index = index;
    this.name = name;
    this.parameters = parameters;
    this.result = result;
  }

  /** A new local variable; it starts at zero. */
  local(type: ValueType): Local {
    return this.parameters.length + this.#locals.push(type) - 1;
  }

  get(local: Local): Code {
    return [0x20, ...unsignedLeb(local)];
  }

  /** Appends statements. */
  do(...codes: readonly Code[]): void {
    for (const code of codes) for (const byte of code) this.#code.push(byte);
  }

  set(local: Local, value: Code): void {
    this.do(value, [0x21, ...unsignedLeb(local)]);
  }

  /** A new local variable with this value. */
  let(type: ValueType, value: Code): Local {
    const local = this.local(type);
    this.set(local, value);
    return local;
  }

  /** Runs the body, and again as long as the condition that it returns holds. */
  doWhile(body: () => Code): void {
    this.do([0x03, 0x40]);
    this.do(body(), [0x0d, 0x00, 0x0b]);
  }

  /** Runs the body while the condition holds. */
  while(condition: Code, body: () => void): void {
    this.if(condition, () => {
      this.doWhile(() => {
        body();
        return condition;
      });
    });
  }

  if(condition: Code, body: () => void): void {
    this.do(condition, [0x04, 0x40]);
    body();
    this.do([0x0b]);
  }

  /** Runs the body with `counter` = 0, `step`, 2·`step`, ... as long as it is below `limit` (an i32). */
  count(limit: Code, body: (counter: Local) => void, step = 1): void {
    const counter = this.let('i32', i32.const(0));
    this.while(i32.ltU(this.get(counter), limit), () => {
      body(counter);
      this.set(counter, i32.add(this.get(counter), i32.const(step)));
    });
  }

  return(value: Code): void {
    this.do(value, [0x0f]);
  }

  /** The entry of the code section. */
  encode(): number[] {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const locals = runs.flatMap(({ type, count }) => [...unsignedLeb(count), valueTypes[type]]);
    const size = unsignedLeb(runs.length).length + locals.length + this.#code.length + 1;
    return [...unsignedLeb(size), ...unsignedLeb(runs.length), ...locals].concat(this.#code, 0x0b);
  }
}

/** The type of a function without a name, for sharing. */
function signatureOf({ parameters, result }: FunctionBuilder): number[] {
  const results = result === undefined ? [] : [valueTypes[result]];
  return [0x60, ...vectorOf(parameters.map((type) => [valueTypes[type]])), ...vectorOf(results.map((type) => [type]))];
}

/** A module that owns one exported memory of fixed size. Nothing is imported. */
export class ModuleBuilder {
  readonly #functions: FunctionBuilder[] = [];
  readonly #exported: FunctionBuilder[] = [];
  readonly #data: { readonly address: number; readonly bytes: Uint8Array }[] = [];

  /** A function that other functions call with {@link call}. */
  function(name: string, parameters: readonly ValueType[], result?: ValueType): FunctionBuilder {
    const builder = new FunctionBuilder(this.#functions.length, name, parameters, result);
    this.#functions.push(builder);
    return builder;
  }

  /** A function that JavaScript calls by its name. */
  export(name: string, parameters: readonly ValueType[], result?: ValueType): FunctionBuilder {
    const builder = this.function(name, parameters, result);
    this.#exported.push(builder);
    return builder;
  }

  /** Initial bytes of memory. */
  data(address: number, bytes: Uint8Array): void {
    this.#data.push({ address, bytes });
  }

  encode(memoryBytes: number): Uint8Array {
    const pages = unsignedLeb(Math.ceil(memoryBytes / 65_536));
    const signatures = new Map<string, number[]>();
    for (const builder of this.#functions) signatures.set(signatureOf(builder).join(), signatureOf(builder));
    const types = [...signatures.keys()];
    const exports = this.#exported.map(({ name, index }) => [...nameOf(name), 0x00, ...unsignedLeb(index)]);
    const data = this.#data.map(({ address, bytes }) => [
      0x00,
      ...i32.const(address),
      0x0b,
      ...unsignedLeb(bytes.length),
      ...bytes,
    ]);
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vectorOf([...signatures.values()])),
      ...section(3, vectorOf(this.#functions.map((builder) => [types.indexOf(signatureOf(builder).join())]))),
      ...section(5, vectorOf([[0x01, ...pages, ...pages]])),
      ...section(7, vectorOf([[...nameOf('memory'), 0x02, 0x00], ...exports])),
      ...section(10, vectorOf(this.#functions.map((builder) => builder.encode()))),
      ...section(11, vectorOf(data)),
    ]);
  }
}

/** A call. */
export function call(callee: FunctionBuilder, ...args: readonly Code[]): Code {
  return [...args.flat(), 0x10, ...unsignedLeb(callee.index)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsignedLeb(content.length)].concat(content);
}

function vectorOf(items: readonly (readonly number[])[]): number[] {
  return unsignedLeb(items.length).concat(...items);
}

function nameOf(name: string): number[] {
  return vectorOf(Array.from(name, (character) => [character.charCodeAt(0)]));
}
