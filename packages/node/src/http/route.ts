import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpErrorCode } from './http-error.js';
import type { JsonSchema } from './json-schema.js';
import type { Parameter } from './parameter.js';

/** What a path answers with a status. */
export interface ReplyDescription {
  readonly description: string;
  /** Default `application/json`. */
  readonly mediaType?: string;
  readonly schema?: JsonSchema;
}

/** What a path takes as a body. */
export interface BodyDescription {
  readonly maxBytes: number;
  /** By media type. */
  readonly content: Readonly<Record<string, JsonSchema>>;
}

/** A request whose parameters and body were checked. */
export interface RouteRequest {
  get<Value>(parameter: Parameter<Value>): Value;
  /** Empty where the route takes none. */
  readonly body: Uint8Array;
  /** Media type of the body, without its parameters. */
  readonly mediaType: string;
  readonly message: IncomingMessage;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** An answer as JSON (bytes become hex, `bigint` decimal digits), as bytes, or written by the route itself. */
export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly mediaType: string;
      readonly body: string | Uint8Array;
    }
  | { readonly stream: (response: ServerResponse) => void };

/** One path with one method: what it is in words, and what it does. The description that is served is made of these. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** With `{name}` for each parameter of the path. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: 'node' | 'state' | 'blocks' | 'transactions' | 'coins' | 'page';
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter<unknown>[];
  readonly body?: BodyDescription;
  readonly replies: Readonly<Record<number, ReplyDescription>>;
  /** Those that any route can give are left out. */
  readonly errors?: readonly HttpErrorCode[];
  /** Default true. What machines ask at fixed intervals is not counted. */
  readonly isCounted?: boolean;
  readonly handle: (request: RouteRequest) => Promise<Reply> | Reply;
}

/** Errors that any route can give. */
export const commonErrors: readonly HttpErrorCode[] = [
  'HTTP_HOST_REFUSED',
  'HTTP_INTERNAL',
  'HTTP_INVALID_PARAMETER',
  'HTTP_METHOD_NOT_ALLOWED',
  'HTTP_ORIGIN_REFUSED',
];

/** All errors that a route can give. */
export function errorsOf(route: Route): readonly HttpErrorCode[] {
  const limits: readonly HttpErrorCode[] = route.isCounted === false ? [] : ['HTTP_RATE_LIMITED'];
  const body: readonly HttpErrorCode[] =
    route.body === undefined ? [] : ['HTTP_BODY_TOO_LARGE', 'HTTP_INVALID_BODY', 'HTTP_UNSUPPORTED_MEDIA_TYPE'];
  return [...commonErrors, ...limits, ...body, ...(route.errors ?? [])];
}
