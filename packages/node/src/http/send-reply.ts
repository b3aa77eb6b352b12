import type { ServerResponse } from 'node:http';
import type { HttpError } from './http-error.js';
import type { Reply } from './route.js';

/** On every answer: nothing is cached, guessed, framed or read by other sites; only the page has a policy of its own. */
const commonHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** JSON with bytes as hex and `bigint` as decimal digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (!ArrayBuffer.isView(part)) return part;
    return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('hex');
  });
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  if ('stream' in reply) {
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    reply.stream(response);
    return;
  }
  const isJson = 'json' in reply;
  const body = isJson ? `${toJson(reply.json)}\n` : reply.body;
  response.writeHead(reply.status ?? 200, {
    ...commonHeaders,
    'content-type': isJson ? 'application/json; charset=utf-8' : reply.mediaType,
    'content-length': Buffer.byteLength(body),
    ...reply.headers,
  });
  response.end(body);
}

export function sendError(response: ServerResponse, { code, status, message, details, headers }: HttpError): void {
  sendReply(response, { status, headers, json: { error: { code, message, details } } });
}
