/** Every way in which a request can fail, with the status it gets. Codes are stable; messages may change. */
export const httpErrors = {
  HTTP_BLOCK_NOT_FOUND: {
    status: 404,
    when: 'this node has no such block: none is known, or it lies below its snapshot',
  },
  HTTP_BODY_TOO_LARGE: { status: 413, when: 'the body is larger than the path allows' },
  HTTP_BUSY: { status: 503, when: 'blocks come faster than the state can be read; try again' },
  HTTP_CELL_NOT_FOUND: { status: 404, when: 'the map of the state has no such cell' },
  HTTP_HEIGHT_UNAVAILABLE: { status: 404, when: 'the height is neither the tip nor a snapshot that is kept here' },
  HTTP_HOST_REFUSED: { status: 403, when: 'the Host header names neither this machine nor an allowed host' },
  HTTP_INTERNAL: { status: 500, when: 'a fault of the node; the log says more' },
  HTTP_INVALID_BODY: { status: 400, when: 'the body is not what the path takes' },
  HTTP_INVALID_PARAMETER: {
    status: 400,
    when: 'a parameter is unknown, missing or malformed; `details.name` names it',
  },
  HTTP_METHOD_NOT_ALLOWED: { status: 405, when: 'the path knows other methods; `Allow` lists them' },
  HTTP_NOT_FOUND: { status: 404, when: 'there is no such path' },
  HTTP_NOT_SYNCED: { status: 503, when: 'the node is not at the tip, so it answers nothing about the state' },
  HTTP_ORIGIN_REFUSED: { status: 403, when: 'the page of another site sent the request' },
  HTTP_RATE_LIMITED: {
    status: 429,
    when: 'too many requests from this address; `Retry-After` says when to come again',
  },
  HTTP_RECORD_NOT_FOUND: { status: 404, when: 'the state has no such record' },
  HTTP_STALE: {
    status: 503,
    when: 'the tip is too old to be the tip of the chain; `allowStale=true` reads it all the same',
  },
  HTTP_TOO_MANY_STREAMS: { status: 503, when: 'as many watch the events as may' },
  HTTP_TRANSACTION_NOT_FOUND: { status: 404, when: 'the transaction is neither in a block of this node nor waiting' },
  HTTP_TRANSACTION_REFUSED: {
    status: 422,
    when: 'the chain or the pool does not take the transaction; `details.rule` says why',
  },
  HTTP_UNSUPPORTED_MEDIA_TYPE: { status: 415, when: 'the Content-Type is not one that the path takes' },
} as const;

export type HttpErrorCode = keyof typeof httpErrors;

/** A request that is answered with an error. Match by `code`. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly status: number;
  /** Plain data for the caller. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: HttpErrorCode,
    message: string,
    options: {
      readonly details?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.name = 'HttpError';
    this.code = code;
    this.status = httpErrors[code].status;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }
}
