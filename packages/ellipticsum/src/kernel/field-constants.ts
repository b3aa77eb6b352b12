/** Constants of the field modulo 2^255 - 19, the curve and the map, as in RFC 9496, section 4.1. */

/** The prime. */
export const prime: bigint = 2n ** 255n - 19n;
/** A square root of -1. */
export const rootOfMinusOne: bigint = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
/** d of the curve -x² + y² = 1 + d·x²·y². */
export const curveD: bigint = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** 1 - d². */
export const oneMinusDSquared: bigint = 1159843021668779879193775521855586647937357759715417654439879720876111806838n;
/** (d - 1)². */
export const dMinusOneSquared: bigint = 40440834346308536858101042469323190826248399146238708352240133220865137265952n;
/** √(-d - 1). */
export const rootOfMinusDMinusOne: bigint =
  25063068953384623474111414158702152701244531502492656460079210482610430750235n;
/** 1/√(-d - 1), the constant INVSQRT_A_MINUS_D. */
export const inverseRootOfMinusDMinusOne: bigint =
  54469307008909316920995813868745141605393597292927456921205312896311721017578n;

/** Limbs of `bits` bits each (a list is taken in turns), balanced around zero, lowest first. */
export function balancedLimbs(value: bigint, bits: readonly number[], count: number): bigint[] {
  let rest = value > prime / 2n ? value - prime : value;
  return Array.from({ length: count }, (_, index) => {
    if (index === count - 1) return rest;
    const limb = BigInt.asIntN(bits[index % bits.length] as number, rest);
    rest = (rest - limb) >> BigInt(bits[index % bits.length] as number);
    return limb;
  });
}
