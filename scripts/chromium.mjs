/** Chromium, for tests: finding it, and running a folder's page in it under a strict content security policy. */
import { accessSync, constants, createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, extname, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that HS_CHROMIUM names, or one on the PATH. @throws Error that says what to do */
export function findChromium() {
  const named = process.env['HS_CHROMIUM'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates =
    named === undefined ? names.flatMap((name) => folders.map((folder) => join(folder, name))) : [named];
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new Error(
    named === undefined
      ? `there is no Chromium: none of ${names.join(', ')} is on the PATH; install one, or name it in HS_CHROMIUM`
      : `HS_CHROMIUM names ${named}, which cannot be run`,
  );
}

const mediaTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self'";

/** Evaluates an expression on the page of a folder, in a fresh profile, and gives its value and the browser's version. */
export async function evaluateOnPage(executablePath, folder, expression) {
  // Installed by now; this file is imported before it is.
  const { chromium } = await import('playwright-core');
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : (request.url ?? '').slice(1));
    const type = mediaTypes[extname(path)];
    const isThere = type !== undefined && existsSync(path);
    response.writeHead(isThere ? 200 : 404, {
      'content-type': type ?? 'text/plain',
      'content-security-policy': policy,
    });
    if (isThere) createReadStream(path).pipe(response);
    else response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath, args: ['--disable-quic', '--disable-component-update'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return { value: await page.evaluate(expression), version: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}
