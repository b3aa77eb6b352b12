import { NodeError } from '../node-error.js';

const decoder = new TextDecoder();

/**
 * Reads what this node keeps as JSON in its database.
 *
 * @throws NODE_DATABASE if it is damaged
 */
export function readKeptJson<Value>(
  bytes: Uint8Array,
  options: { readonly what: string; readonly isIntact: (value: unknown) => value is Value },
): Value {
  const { what, isIntact } = options;
  const damaged = (cause?: unknown): NodeError => {
    const message = `${what} in the database is damaged: restore the database from a copy, or sync again into an empty folder`;
    return new NodeError('NODE_DATABASE', message, { cause, details: { what } });
  };
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw damaged(cause);
  }
  if (!isIntact(value)) throw damaged();
  return value;
}

/** True for an object that has, under each of these names, what the check there says. */
export function hasFields(value: unknown, checks: Readonly<Record<string, (field: unknown) => boolean>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

export function isText(field: unknown): boolean {
  return typeof field === 'string';
}

/** True for a height, a count, or milliseconds since 1970. */
export function isCount(field: unknown): boolean {
  return Number.isSafeInteger(field) && (field as number) >= 0;
}
