import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exampleFolder, run } from './program.js';

const webFolder = join(exampleFolder, 'dist/web');
const fileNames = readdirSync(webFolder);
const html = readFileSync(join(webFolder, 'index.html'), 'utf8');
const child = spawn(process.execPath, ['dist/serve.js', '--port', '0'], { cwd: exampleFolder });
let address = '';

beforeAll(async () => {
  address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('error', reject).once('exit', (code) => reject(new Error(`ended with code ${code}`)));
  });
});

afterAll(() => {
  child.kill();
});

/** Asks for a path exactly as it is written. */
function ask(path: string, method = 'GET'): Promise<{ status: number | undefined; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path, method, agent: false }, (response) => {
      const { statusCode: status, headers } = response;
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status, type: headers['content-type'] ?? '', text }));
    })
      .on('error', reject)
      .end();
  });
}

describe('the web server', () => {
  test('listens on this computer only', () => {
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test('serves every file of the page, and the page for /', async () => {
    expect(fileNames).toEqual(
      expect.arrayContaining(['index.html', 'style.css', 'page.js', 'hash-worker.js', 'icon.svg']),
    );
    for (const name of fileNames) {
      const { status, type, text } = await ask(`/${name}`);
      expect([name, status]).toEqual([name, 200]);
      expect(type).toMatch(/^(text|application|image)\//);
      expect(text).toBe(readFileSync(join(webFolder, name), 'utf8'));
    }
    expect((await ask('/')).text).toBe(html);
    expect(await ask('/page.js', 'HEAD')).toEqual({ status: 200, type: 'text/javascript; charset=utf-8', text: '' });
  });

  test.each([
    '/../main.js',
    '/%2e%2e/main.js',
    '/..%2fmain.js',
    '/web/../../main.js',
    '//page.js',
    '/nothing.js',
    '/page',
    '/.',
  ])('does not serve %s', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404, text: 'no such file\n' });
  });

  test('survives requests that are no addresses', async () => {
    for (const path of ['//', '/%', '/\\', 'http://[/', '*']) expect((await ask(path)).status).toBe(404);
    expect((await ask('/')).status).toBe(200);
  });

  test('takes nothing', async () => {
    expect((await ask('/index.html', 'POST')).status).toBe(405);
  });

  test('sends the policy that the page has, so that workers obey it too', async () => {
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html) ?? [];
    expect(policy).toContain("default-src 'none'");
    for (const path of ['/', '/hash-worker.js']) {
      const response = await fetch(new URL(path, address));
      expect(response.headers.get('content-security-policy')).toBe(`${policy}; frame-ancestors 'none'`);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      await response.arrayBuffer();
    }
  });

  test.each(['65536', '-1', 'http'])('refuses port %s', async (port) => {
    const { code, stdout, stderr } = await run(process.execPath, ['dist/serve.js', `--port=${port}`]);
    expect(stderr).toBe(`serve: --port ${port}: no port number\n`);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('the page refers to its own files only', () => {
  const references = [...html.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, target]) => target);
  expect(references).toEqual(['icon.svg', 'style.css', 'page.js']);
  for (const name of fileNames.filter((file) => file.endsWith('.css'))) {
    expect(readFileSync(join(webFolder, name), 'utf8')).not.toMatch(/url\(|@import/);
  }
  for (const name of fileNames.filter((file) => file.endsWith('.js'))) {
    const imports = readFileSync(join(webFolder, name), 'utf8').matchAll(/^\s*(?:\}\s*from|import)\s*"([^"]+)"/gm);
    for (const [, target = ''] of imports) expect(fileNames).toContain(target.replace('./', ''));
  }
});
