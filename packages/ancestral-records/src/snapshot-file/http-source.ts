import { AncestralRecordsError } from '../errors.js';
import type { Abortable } from '../store-types.js';
import { sourceFailed } from './snapshot-file-error.js';
import type { SnapshotSource } from './snapshot-source.js';

/** The part of a response that is relied on. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): HttpBodyReader; cancel(): Promise<void> } | null;
}

/** The part of a response's reader that is relied on. */
export interface HttpBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** The part of `fetch` that is relied on. */
export type HttpFetch = (
  url: string,
  request: { readonly headers: Record<string, string>; readonly signal?: AbortSignal },
) => Promise<HttpResponse>;

/** How to ask an HTTP server. */
export interface HttpSourceOptions {
  /** Default: the platform's `fetch`. */
  readonly fetch?: HttpFetch;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Reads a file from an HTTP server by range requests, and asks it once for the length. Nothing is tried again. That the
 * file is replaced meanwhile shows in its length or its `ETag`.
 *
 * @throws ANCESTRAL_RECORDS_SOURCE_FAILED with `details.reason` `no-ranges` if the server ignores `Range`, else `status`,
 *   `changed`, `wrong-range` or `network`
 */
export async function httpSource(url: string | URL, options: HttpSourceOptions = {}): Promise<SnapshotSource> {
  const address = String(url);
  const { fetch = platformFetch(), headers = {} } = options;
  const ask = async (offset: number, length: number, signal: AbortSignal | undefined): Promise<Answer> => {
    const last = offset + length - 1;
    let response: HttpResponse;
    try {
      const request = { headers: { ...headers, range: `bytes=${offset}-${last}`, 'accept-encoding': 'identity' } };
      response = await fetch(address, signal === undefined ? request : { ...request, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw sourceFailed('network', `${address}: ${(cause as Error).message}`, { cause });
    }
    try {
      const { start, end, size } = contentRange(address, response);
      if (start !== offset || end !== last) {
        throw sourceFailed(
          'wrong-range',
          `${address} answered with bytes ${start} to ${end}, not ${offset} to ${last}`,
        );
      }
      return { size, tag: response.headers.get('etag'), bytes: await readBody(address, response, length, signal) };
    } catch (error) {
      // A response that nobody reads to its end keeps its connection.
      await response.body?.cancel().catch(() => {});
      throw error;
    }
  };
  const { size, tag } = await ask(0, 1, options.signal);
  return {
    size,
    async read(offset, length, { signal = options.signal }: Abortable = {}) {
      const answer = await ask(offset, length, signal);
      if (answer.size === size && answer.tag === tag) return answer.bytes;
      throw sourceFailed('changed', `${address} was replaced while it was read; open it again`);
    },
  };
}

interface Answer {
  readonly size: number;
  readonly tag: string | null;
  readonly bytes: Uint8Array;
}

function contentRange(address: string, response: HttpResponse): { start: number; end: number; size: number } {
  const { status } = response;
  if (status === 200) {
    const detail = `${address} ignores range requests; read it as a stream, or use another server`;
    throw sourceFailed('no-ranges', detail, { status });
  }
  if (status !== 206) throw sourceFailed('status', `${address} answered with status ${status}`, { status });
  const text = response.headers.get('content-range') ?? '';
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(text);
  if (match === null) throw sourceFailed('wrong-range', `${address} answered with Content-Range "${text}"`, { status });
  const [start = 0, end = 0, size = 0] = match.slice(1).map(Number);
  return { start, end, size };
}

/** Reads what was asked for and no more, whatever is sent. */
async function readBody(
  address: string,
  response: HttpResponse,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const reader = response.body?.getReader();
  let filled = 0;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      if (filled + value.length > length) {
        throw sourceFailed('wrong-range', `${address} sent more than ${length} bytes`);
      }
      bytes.set(value, filled);
      filled += value.length;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    await reader?.cancel().catch(() => {});
    if (cause instanceof AncestralRecordsError) throw cause;
    throw sourceFailed('network', `${address}: ${(cause as Error).message}`, { cause });
  }
  if (filled === length) return bytes;
  throw sourceFailed('network', `${address} sent ${filled} of ${length} bytes`);
}

function platformFetch(): HttpFetch {
  const { fetch } = globalThis as { readonly fetch?: HttpFetch };
  if (fetch === undefined) throw new TypeError('this platform has no fetch; pass one');
  return (url, request) => fetch(url, request);
}
