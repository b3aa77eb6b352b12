import { fromHex } from '@hs/bytes';
import { HttpError } from './http-error.js';
import type { JsonSchema } from './json-schema.js';

/** One parameter of a path or of a query: how it is described, and how its text is read. */
export interface Parameter<Value> {
  readonly name: string;
  readonly place: 'path' | 'query';
  readonly isRequired: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  /** @throws HttpError HTTP_INVALID_PARAMETER */
  readonly read: (text: string | undefined) => Value;
}

type Place<Value> = Pick<Parameter<Value>, 'name' | 'place' | 'description'>;

function create<Value>(
  place: Place<Value>,
  options: {
    readonly schema: JsonSchema;
    /** What the text means; `undefined` if it means nothing. */
    readonly parse: (text: string) => Exclude<Value, undefined> | undefined;
    readonly expected: string;
    /** Given where the parameter is left out. Without it the parameter is required. */
    readonly absent?: { readonly value: Value };
  },
): Parameter<Value> {
  const { schema, parse, expected, absent } = options;
  return {
    ...place,
    schema,
    isRequired: absent === undefined,
    read: (text) => {
      if (text === undefined && absent !== undefined) return absent.value;
      const value = text === undefined ? undefined : parse(text);
      if (value !== undefined) return value;
      throw new HttpError('HTTP_INVALID_PARAMETER', `${place.name} must be ${expected}`, {
        details: { name: place.name, expected },
      });
    },
  };
}

interface IntegerBounds {
  readonly minimum: number;
  readonly maximum: number;
}

/** A whole number within bounds. In a query it can be left out if there is a `preset` for it. */
export function integerParameter(
  place: Place<number>,
  options: IntegerBounds & { readonly preset?: number },
): Parameter<number> {
  const { preset } = options;
  const described = integerOptions(options);
  if (preset === undefined) return create<number>(place, described);
  const schema = { ...described.schema, default: preset };
  return create<number>(place, { ...described, schema, absent: { value: preset } });
}

/** As {@link integerParameter}, but it can be left out, and then has no value. */
export function optionalIntegerParameter(
  place: Place<number | undefined>,
  bounds: IntegerBounds,
): Parameter<number | undefined> {
  return create<number | undefined>(place, { ...integerOptions(bounds), absent: { value: undefined } });
}

function integerOptions({ minimum, maximum }: IntegerBounds): {
  readonly schema: JsonSchema;
  readonly parse: (text: string) => number | undefined;
  readonly expected: string;
} {
  return {
    schema: { type: 'integer', minimum, maximum },
    parse: (text) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : undefined;
    },
    expected: `a whole number from ${minimum} to ${maximum}`,
  };
}

/** Bytes as hex digits. */
export function hexParameter(
  place: Place<Uint8Array>,
  bytes: { readonly minimum: number; readonly maximum: number },
): Parameter<Uint8Array> {
  return create<Uint8Array>(place, hexOptions(bytes));
}

/** As {@link hexParameter}, but it can be left out. */
export function optionalHexParameter(
  place: Place<Uint8Array | undefined>,
  bytes: { readonly minimum: number; readonly maximum: number },
): Parameter<Uint8Array | undefined> {
  return create<Uint8Array | undefined>(place, { ...hexOptions(bytes), absent: { value: undefined } });
}

function hexOptions({ minimum, maximum }: { readonly minimum: number; readonly maximum: number }): {
  readonly schema: JsonSchema;
  readonly parse: (text: string) => Uint8Array | undefined;
  readonly expected: string;
} {
  const pattern = `^(?:[0-9a-fA-F]{2}){${minimum},${maximum}}$`;
  const size = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
  return {
    schema: { type: 'string', pattern },
    parse: (text) => (new RegExp(pattern).test(text) ? fromHex(text.toLowerCase()) : undefined),
    expected: `${size} bytes as hex digits`,
  };
}

/** Text that a pattern describes. */
export function textParameter(
  place: Place<string>,
  options: { readonly pattern: string; readonly expected: string },
): Parameter<string> {
  return create<string>(place, {
    schema: { type: 'string', pattern: options.pattern },
    parse: (text) => (new RegExp(options.pattern).test(text) ? text : undefined),
    expected: options.expected,
  });
}

/** `true` or `false`; false if it is left out. */
export function flagParameter(place: Place<boolean>): Parameter<boolean> {
  return create<boolean>(place, {
    schema: { type: 'boolean', default: false },
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
    expected: 'true or false',
    absent: { value: false },
  });
}
