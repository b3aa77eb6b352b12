/** SHA-512 (FIPS 180-4) as code on any kind of 64-bit words: one message's, or those of several side by side. */
import type { Code } from './wasm-code.js';
import type { FunctionBuilder, Local } from './wasm-module.js';

/** Operations on words. Operands that are used twice are local variables. */
export interface WordOperators {
  readonly type: 'i64' | 'v128';
  readonly add: (left: Code, right: Code) => Code;
  readonly and: (left: Code, right: Code) => Code;
  readonly xor: (left: Code, right: Code) => Code;
  readonly rotateRight: (operand: Code, bits: number) => Code;
  readonly shiftRight: (operand: Code, bits: number) => Code;
}

/** Words of a block, and of a pass of 16 rounds. */
export const blockWords = 16;
/** Words of a state. */
export const stateWords = 8;

/** The 80 round constants. */
export function roundConstants(): readonly bigint[] {
  return firstPrimes(80).map((n) => fractionOfRoot(n, 3n));
}

/** The initial state. */
export function initialState(): readonly bigint[] {
  return firstPrimes(stateWords).map((n) => fractionOfRoot(n, 2n));
}

/** The state after one block of zeros. */
export const stateAfterZeros: readonly bigint[] = [
  0xcf7881d5774acbe8n,
  0x533362e0fbc78070n,
  0x0267639d87460edan,
  0x3086cb40e85931b0n,
  0x717dc95288a023a3n,
  0x96bab2c14ce0b5e0n,
  0x6fc4fe04eae33e0bn,
  0x91f4d80cbd668been,
];

/** Sixteen rounds; returns the new variables a to h. `constant(j)` is the round constant of round j of the pass. */
export function emitRounds(
  builder: FunctionBuilder,
  operators: WordOperators,
  variables: readonly Local[],
  words: readonly Local[],
  constant: (round: number) => Code,
): Local[] {
  const { add, and, xor, rotateRight: rotate, type } = operators;
  const get = (local: Local | undefined): Code => builder.get(local as Local);
  let [a, b, c, d, e, f, g, h] = variables;
  let ab = builder.let(type, xor(get(a), get(b)));
  let bc = builder.let(type, xor(get(b), get(c)));
  for (let round = 0; round < blockWords; round++) {
    const sigma1 = xor(xor(rotate(get(e), 14), rotate(get(e), 18)), rotate(get(e), 41));
    const choice = xor(get(g), and(get(e), xor(get(f), get(g))));
    const keyed = add(get(words[round]), constant(round));
    const t1 = builder.let(type, add(add(add(get(h), keyed), choice), sigma1));
    const sigma0 = xor(xor(rotate(get(a), 28), rotate(get(a), 34)), rotate(get(a), 39));
    if (round > 0) {
      bc = ab;
      ab = builder.let(type, xor(get(a), get(b)));
    }
    const majority = xor(get(b), and(get(ab), get(bc)));
    const next = builder.let(type, add(add(get(t1), sigma0), majority));
    const below = builder.let(type, add(get(d), get(t1)));
    [a, b, c, d, e, f, g, h] = [next, a, b, c, below, e, f, g];
  }
  return [a, b, c, d, e, f, g, h] as Local[];
}

/** The next 16 words of the message schedule. */
export function emitSchedule(builder: FunctionBuilder, operators: WordOperators, words: readonly Local[]): Local[] {
  const { add, xor, rotateRight: rotate, shiftRight: shift, type } = operators;
  const next = [...words];
  for (let index = 0; index < blockWords; index++) {
    const at = (distance: number): Code => builder.get(next[(index + distance) % blockWords] as Local);
    const sigma0 = xor(xor(rotate(at(1), 1), rotate(at(1), 8)), shift(at(1), 7));
    const sigma1 = xor(xor(rotate(at(14), 19), rotate(at(14), 61)), shift(at(14), 6));
    next[index] = builder.let(type, add(add(at(0), sigma0), add(at(9), sigma1)));
  }
  return next;
}

function firstPrimes(count: number): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < count; n++) if (primes.every((divisor) => n % divisor !== 0n)) primes.push(n);
  return primes;
}

/** The first 64 bits of the fraction of the square or cube root. */
function fractionOfRoot(n: bigint, degree: 2n | 3n): bigint {
  const scaled = n << (64n * degree);
  let low = 0n;
  let high = 1n << 72n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= scaled) low = middle;
    else high = middle;
  }
  return BigInt.asUintN(64, low);
}
