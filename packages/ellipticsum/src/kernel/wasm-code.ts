/**
 * WebAssembly instructions as byte lists.
 *
 * `Code` is an instruction sequence that leaves at most one value on the stack. Operators take the code of their
 * operands, so expressions nest; statements go into a `FunctionBuilder`.
 */

/** Encoded instructions. */
export type Code = readonly number[];

/** Value types by their encoding. */
export const valueTypes = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const;

/** Name of a value type. */
export type ValueType = keyof typeof valueTypes;

/** Unsigned LEB128. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of up to 64 bits. */
export function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

type Unary = (operand: Code) => Code;
type Binary = (left: Code, right: Code) => Code;
type Ternary = (a: Code, b: Code, c: Code) => Code;
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

type Operators<U extends string, B extends string> = Readonly<Record<U, Unary> & Record<B, Binary>>;

const unary =
  (opcode: number): Unary =>
  (operand) => [...operand, opcode];
const binary =
  (opcode: number): Binary =>
  (left, right) => [...left, ...right, opcode];
const load =
  (opcode: number, align: number): Load =>
  (address, offset = 0) => [...address, opcode, align, ...unsignedLeb(offset)];
const store =
  (opcode: number, align: number): Store =>
  (address, value, offset = 0) => [...address, ...value, opcode, align, ...unsignedLeb(offset)];

/** 32-bit integers; also addresses and conditions. */
export const i32: Operators<
  'eqz' | 'wrap',
  'eq' | 'ne' | 'ltU' | 'gtU' | 'add' | 'sub' | 'mul' | 'and' | 'or' | 'shl' | 'shrU'
> & { readonly const: (value: number) => Code; readonly load: Load; readonly store: Store } = {
  const: (value: number): Code => [0x41, ...signedLeb(BigInt(value))],
  load: load(0x28, 2),
  store: store(0x36, 2),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrU: binary(0x76),
  wrap: unary(0xa7),
};

/** 64-bit integers. */
export const i64: Operators<
  'eqz' | 'extendU' | 'extendS' | 'truncateF64',
  'eq' | 'ne' | 'ltU' | 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shrS' | 'shrU' | 'rotr'
> & { readonly const: (value: bigint) => Code; readonly load: Load; readonly store: Store } = {
  const: (value: bigint): Code => [0x42, ...signedLeb(BigInt.asIntN(64, value))],
  load: load(0x29, 3),
  store: store(0x37, 3),
  eqz: unary(0x50),
  eq: binary(0x51),
  ne: binary(0x52),
  ltU: binary(0x54),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrS: binary(0x87),
  shrU: binary(0x88),
  rotr: binary(0x8a),
  extendU: unary(0xad),
  extendS: unary(0xac),
  truncateF64: unary(0xb0),
};

/** 64-bit floating-point numbers. */
export const f64: { readonly load: Load; readonly store: Store; readonly convertS: Unary } = {
  load: load(0x2b, 3),
  store: store(0x39, 3),
  convertS: unary(0xb9),
};

const vector = (opcode: number): number[] => [0xfd, ...unsignedLeb(opcode)];
const vectorUnary = (opcode: number): Unary => {
  const bytes = vector(opcode);
  return (operand) => [...operand, ...bytes];
};
const vectorBinary = (opcode: number): Binary => {
  const bytes = vector(opcode);
  return (left, right) => [...left, ...right, ...bytes];
};
const vectorTernary = (opcode: number): Ternary => {
  const bytes = vector(opcode);
  return (a, b, c) => [...a, ...b, ...c, ...bytes];
};
const vectorLoad =
  (opcode: number, align: number): Load =>
  (address, offset = 0) => [...address, 0xfd, opcode, align, ...unsignedLeb(offset)];

/** 128-bit vectors of two 64-bit lanes. `madd(a, b, c)` is a·b + c and `nmadd(a, b, c)` is -(a·b) + c. */
export const v128: Operators<
  'not' | 'nearest',
  'eq' | 'ne' | 'lt' | 'and' | 'or' | 'xor' | 'addInt' | 'add' | 'sub' | 'mul'
> &
  Readonly<Record<'load' | 'loadUnaligned' | 'load32Splat' | 'load64Splat', Load>> &
  Readonly<Record<'select' | 'madd' | 'nmadd', Ternary>> &
  Readonly<Record<'shl' | 'shrU', (operand: Code, bits: number) => Code>> & {
    readonly store: Store;
    readonly const: (bytes: Uint8Array) => Code;
    readonly shuffle: (left: Code, right: Code, lanes: readonly number[]) => Code;
  } = {
  load: vectorLoad(0x00, 4),
  loadUnaligned: vectorLoad(0x00, 0),
  load32Splat: vectorLoad(0x09, 2),
  load64Splat: vectorLoad(0x0a, 3),
  store: (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    0xfd,
    0x0b,
    4,
    ...unsignedLeb(offset),
  ],
  const: (bytes: Uint8Array): Code => [0xfd, 0x0c, ...bytes],
  shuffle: (left: Code, right: Code, lanes: readonly number[]): Code => [...left, ...right, 0xfd, 0x0d, ...lanes],
  eq: vectorBinary(0x47),
  ne: vectorBinary(0x48),
  lt: vectorBinary(0x49),
  not: vectorUnary(0x4d),
  and: vectorBinary(0x4e),
  or: vectorBinary(0x50),
  xor: vectorBinary(0x51),
  select: vectorTernary(0x52),
  nearest: vectorUnary(0x94),
  shl: (operand: Code, bits: number): Code => [...operand, ...i32.const(bits), ...vector(0xcb)],
  shrU: (operand: Code, bits: number): Code => [...operand, ...i32.const(bits), ...vector(0xcd)],
  addInt: vectorBinary(0xce),
  add: vectorBinary(0xf0),
  sub: vectorBinary(0xf1),
  mul: vectorBinary(0xf2),
  madd: vectorTernary(0x107),
  nmadd: vectorTernary(0x108),
};
