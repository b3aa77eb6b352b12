const toStringTag = Object.prototype.toString;

/** Checks that an argument is a `Uint8Array` (subclasses and other realms included). @throws TypeError */
export function requireBytes(value: unknown, name: string): void {
  if (toStringTag.call(value) !== '[object Uint8Array]') throw new TypeError(`${name} must be a Uint8Array`);
}

/** True if `value` is a typed array of exactly this kind, whatever realm or subclass it comes from. */
export function isTypedArray(value: unknown, kind: 'Uint8Array' | 'Int8Array' | 'Uint32Array'): boolean {
  return toStringTag.call(value) === `[object ${kind}]`;
}
