/** A JSON Schema, draft 2020-12, as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** An object of exactly these properties; those whose name ends with `?` may be missing. */
export function objectSchema(properties: Readonly<Record<string, JsonSchema>>, description?: string): JsonSchema {
  const named = Object.entries(properties).map(([name, schema]) => [name.replace(/\?$/, ''), schema] as const);
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(named),
    required: Object.keys(properties).filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}

export function arrayOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** Bytes as lower-case hex digits, of any length or of one. */
export function hexSchema(bytes?: number): JsonSchema {
  const digits = '[0-9a-f]{2}';
  return { type: 'string', pattern: bytes === undefined ? `^(?:${digits})*$` : `^(?:${digits}){${bytes}}$` };
}

/** A whole number that JavaScript holds exactly, not negative. */
export const countSchema: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** A whole number of any size, as decimal digits. */
export const amountSchema: JsonSchema = { type: 'string', pattern: '^(?:0|[1-9][0-9]*)$' };

export const numberSchema: JsonSchema = { type: 'number' };
export const textSchema: JsonSchema = { type: 'string' };
export const flagSchema: JsonSchema = { type: 'boolean' };

/** An object whose properties are not promised. */
export const anyObjectSchema: JsonSchema = { type: 'object' };
