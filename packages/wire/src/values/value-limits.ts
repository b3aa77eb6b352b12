/** Most of what one value may hold. */
export interface ValueLimits {
  /** Bytes of a value, and so of everything in it. */
  readonly maxValueBytes: number;
  /** Items of all lists and maps of one value together. */
  readonly maxItems: number;
}

/** The limits that hold where the caller names no other. */
export const defaultValueLimits: ValueLimits = /* @__PURE__ */ Object.freeze({
  maxValueBytes: 32 * 1024 * 1024,
  maxItems: 1_000_000,
});
