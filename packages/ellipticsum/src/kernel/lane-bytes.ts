import { prime } from './field-constants.js';
import { type Code, i64 } from './wasm-code.js';
import type { FunctionBuilder, Local } from './wasm-module.js';

/** The four 64-bit words, little-endian, at an address. */
export function loadWords(builder: FunctionBuilder, address: Local): Local[] {
  return [0, 8, 16, 24].map((offset) => builder.let('i64', i64.load(builder.get(address), offset)));
}

/** The limbs, of these widths, of a number in four words; what lies above the last limb is dropped. */
export function splitWords(builder: FunctionBuilder, words: readonly Local[], bits: readonly number[]): Code[] {
  let bit = 0;
  return bits.map((width) => {
    const [index, shift] = [bit >> 6, bit & 63];
    const low = i64.shrU(builder.get(words[index] as Local), i64.const(BigInt(shift)));
    const next = words[index + 1];
    const isSplit = shift + width > 64 && next !== undefined;
    const limb = isSplit ? i64.or(low, i64.shl(builder.get(next), i64.const(BigInt(64 - shift)))) : low;
    bit += width;
    return i64.and(limb, i64.const((1n << BigInt(width)) - 1n));
  });
}

/**
 * Stores the canonical 32 bytes of Σ limb_k·2^(bits below k), a value between -p and p, in signed limbs of at most 62 bits.
 * `bits` are the limbs' widths, 255 together.
 */
export function storeCanonical(
  builder: FunctionBuilder,
  address: Local,
  limbs: readonly Local[],
  bits: readonly number[],
): void {
  const get = (k: number): Code => builder.get(limbs[k] as Local);
  const width = (k: number): bigint => BigInt(bits[k] as number);
  const carry = (k: number): void => {
    builder.set(limbs[k + 1] as Local, i64.add(get(k + 1), i64.shrS(get(k), i64.const(width(k)))));
    builder.set(limbs[k] as Local, i64.and(get(k), i64.const((1n << width(k)) - 1n)));
  };
  const carryAll = (): void => limbs.slice(1).forEach((_, k) => void carry(k));

  let rest = prime;
  for (const [k, limb] of limbs.entries()) {
    builder.set(limb, i64.add(get(k), i64.const(rest & ((1n << width(k)) - 1n))));
    rest >>= width(k);
  }
  carryAll();
  // Now between 0 and 2p. It is at least p if adding 19 reaches bit 255.
  const quotient = limbs.reduce<Code>(
    (sum, _, k) => i64.shrU(i64.add(get(k), sum), i64.const(width(k))),
    i64.const(19n),
  );
  builder.set(limbs[0] as Local, i64.add(get(0), i64.mul(quotient, i64.const(19n))));
  carryAll();
  const last = limbs.length - 1;
  builder.set(limbs[last] as Local, i64.and(get(last), i64.const((1n << width(last)) - 1n)));

  const words: Code[][] = [[], [], [], []];
  let bit = 0;
  for (const [k] of limbs.entries()) {
    const shift = bit & 63;
    words[bit >> 6]?.push(i64.shl(get(k), i64.const(BigInt(shift))));
    if (shift + Number(width(k)) > 64) words[(bit >> 6) + 1]?.push(i64.shrU(get(k), i64.const(BigInt(64 - shift))));
    bit += Number(width(k));
  }
  for (const [index, parts] of words.entries()) {
    builder.do(i64.store(builder.get(address), parts.reduce(i64.or), 8 * index));
  }
}
