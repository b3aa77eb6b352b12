import type { Code } from './wasm-code.js';

/** Address of a field element, or of one for each lane side by side. */
export type Element = number;
/** Address of a mask: for each lane all ones or all zeros. */
export type Mask = number;

/**
 * Field arithmetic on static memory, on one or several lanes at once. Formulas are written against this, once for all
 * kernels. Every method gives the code of one step; a result may take the place of an operand.
 *
 * Elements are reduced enough to enter any method, except where `addSmall` says otherwise.
 */
export interface FieldMachine {
  /** Elements that one step works on. */
  readonly lanes: number;
  /** Lanes that are loaded and stored together. */
  readonly streamLanes: 1 | 2;
  /** Bytes of one stream of an element when it is stored apart. */
  readonly streamBytes: number;

  element(): Element;
  mask(): Mask;
  /** The same value in every lane. */
  constant(value: bigint): Element;

  multiply(result: Element, left: Element, right: Element): Code;
  /** `operand` to the power of 2^times, `times` at least 1. */
  square(result: Element, operand: Element, times?: number): Code;
  add(result: Element, left: Element, right: Element): Code;
  subtract(result: Element, left: Element, right: Element): Code;
  negate(result: Element, operand: Element): Code;
  /** Adds 1 or -1; at most once between two other steps. */
  addSmall(result: Element, operand: Element, small: 1 | -1): Code;
  /** `ifSet` in lanes where the mask is set, else `ifClear`. */
  select(result: Element, mask: Mask, ifSet: Element, ifClear: Element): Code;
  negateIf(result: Element, mask: Mask, operand: Element): Code;
  /** Set where the canonical value is odd (RFC 9496: negative). */
  isNegative(result: Mask, operand: Element): Code;
  /** For a power of the square root i of -1, or zero: where it is -1, 1 or -1, and -i. */
  classify(isMinusOne: Mask, isUnit: Mask, isMinusRoot: Mask, operand: Element): Code;
  combineMasks(result: Mask, operator: 'and' | 'or' | 'xor', left: Mask, right: Mask): Code;
  invertMask(result: Mask, operand: Mask): Code;

  /** Loads the 32 bytes, little-endian, at an address held in code, into a lane; the highest bit is ignored. */
  loadLane(result: Element, lane: number, address: Code): Code;
  /** Loads and stores one stream, at an address held in code plus a constant. */
  loadStream(result: Element, stream: number, address: Code, offset: number): Code;
  storeStream(address: Code, offset: number, operand: Element, stream: number): Code;
  copyStream(result: Element, operand: Element, stream: number): Code;
  /** Loads a lane from one of the lanes of a stored stream. */
  loadLaneOfStream(result: Element, lane: number, address: Code, offset: number, from: number): Code;
  /** Sets the mask of a stream's lanes if the i32 at an address is -1, clears it if that is 0. */
  loadMask(result: Mask, stream: number, address: Code, offset: number): Code;
  /** Brings lanes that `loadLane` filled into reduced form. */
  normalize(result: Element): Code;
  /** Writes the canonical 32 bytes of a lane. */
  storeLane(address: Code, operand: Element, lane: number): Code;
  /** An i32 that is 1 if the lane is zero. */
  isZeroLane(operand: Element, lane: number): Code;
  /** An i32 that is not zero if the mask is set in the lane. */
  isMaskSet(operand: Mask, lane: number): Code;
}
