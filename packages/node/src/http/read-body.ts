import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';
import type { BodyDescription } from './route.js';

/**
 * The body of a request, and its media type.
 *
 * @throws HttpError HTTP_UNSUPPORTED_MEDIA_TYPE HTTP_BODY_TOO_LARGE HTTP_INVALID_BODY
 */
export async function readBody(
  message: IncomingMessage,
  { maxBytes, content }: BodyDescription,
): Promise<{ readonly body: Uint8Array; readonly mediaType: string }> {
  const mediaType = (message.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (content[mediaType] === undefined) {
    const expected = Object.keys(content);
    throw new HttpError('HTTP_UNSUPPORTED_MEDIA_TYPE', `the Content-Type must be ${expected.join(' or ')}`, {
      details: { expected },
      headers: { connection: 'close' },
    });
  }
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError('HTTP_INVALID_BODY', 'the body ended early', { headers: { connection: 'close' } });
  }
  return { body: Buffer.concat(parts), mediaType };
}

/** What is left of the body is not read, so the connection cannot be used again. */
function tooLarge(maxBytes: number): HttpError {
  return new HttpError('HTTP_BODY_TOO_LARGE', `the body has more than ${maxBytes} bytes`, {
    details: { maxBytes },
    headers: { connection: 'close' },
  });
}
