import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** What the page may load: its own files, and WebAssembly. The page says the same of itself; here it covers the workers. */
export const contentSecurityPolicy: string =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
  "base-uri 'none'; form-action 'none'";

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
};

/** Serves the files that are directly in a folder now, and nothing else. */
export async function createWebServer(folder: string): Promise<Server> {
  const names = new Set(await readdir(folder));
  if (!names.has('index.html')) throw new Error(`${folder} has no index.html; build the example first`);
  return createServer((request, response) => {
    // Compared as it was sent: a name that needs decoding is none of these.
    const [path = ''] = (request.url ?? '').split('?');
    const name = path === '/' ? 'index.html' : path.slice(1);
    const type = mediaTypes[extname(name)];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response.setHeader('allow', 'GET, HEAD'), 405, 'only GET and HEAD\n');
    } else if (type === undefined || !names.has(name)) {
      answer(response, 404, 'no such file\n');
    } else {
      response.writeHead(200, { ...safeHeaders, 'content-type': type });
      if (request.method === 'HEAD') response.end();
      // A browser that goes away, or a file that did: the connection ends, and with it the response.
      else pipeline(createReadStream(join(folder, name)), response).catch(() => response.destroy());
    }
  });
}

const safeHeaders = {
  'content-security-policy': `${contentSecurityPolicy}; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
};

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...safeHeaders, 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
