import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { httpSource, importSnapshot, readSnapshotStream, SnapshotFile } from '../src/index.js';
import { openSnapshotFile, writeSnapshotFile } from '../src/node.js';
import { believed, fromHex, hex, rootOfState, unpack } from './support/plain-state.js';
import { fileOf, pieces, sampleState, smallRanges, storeOf } from './support/snapshot-files.js';
import { memoryStore } from './support/stores.js';

const state = sampleState();
const source = await storeOf(state);
const file = await fileOf(source);
const stateRoot = fromHex(rootOfState(state));
const folder = await mkdtemp(join(tmpdir(), 'snapshot-file-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const failed = (reason: string): unknown =>
  expect.objectContaining({
    code: 'ANCESTRAL_RECORDS_SOURCE_FAILED',
    details: expect.objectContaining({ reason }),
  });

describe('a file of this machine', () => {
  test('is written whole, opened anywhere and imported', async () => {
    const path = join(folder, 'whole.snapshot');
    await writeSnapshotFile(source, path, { height: 0 });
    expect(hex(await readFile(path))).toBe(hex(file));
    const target = await memoryStore({ parameters: smallRanges });
    await using opened = await openSnapshotFile(path, { identity: smallRanges.identity });
    await importSnapshot(target, opened, { stateRoot });
    expect(believed(target)).toEqual(believed(source));
    await opened.close();
    await expect(opened.readRange(0)).rejects.toEqual(failed('unreadable'));
  });

  test('keeps its old content, and gets no half one, when an export fails', async () => {
    const path = join(folder, 'kept.snapshot');
    await writeFile(path, 'old');
    await expect(writeSnapshotFile(source, path, { height: 1 })).rejects.toMatchObject({
      code: 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
    });
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error('stop'));
    const options = { height: 0, onProgress, signal: controller.signal };
    await expect(writeSnapshotFile(source, path, options)).rejects.toThrow('stop');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('that is not there, or no file, is a typed error', async () => {
    const missing = join(folder, 'missing.snapshot');
    await expect(openSnapshotFile(missing)).rejects.toEqual(failed('unreadable'));
    expect(existsSync(missing)).toBe(false);
    await expect(openSnapshotFile(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^ANCESTRAL_RECORDS_/),
    });
  });

  test('that shrinks while it is open names the range that it cannot give', async () => {
    const path = join(folder, 'shrinking.snapshot');
    await writeFile(path, file);
    await using opened = await openSnapshotFile(path);
    await writeFile(path, file.subarray(0, 600));
    const last = opened.manifest.entries.length - 1;
    await expect(opened.readRange(last)).rejects.toMatchObject({
      code: 'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE',
      details: { reason: 'truncated', index: last },
    });
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse, range: { start: number; end: number }) => void;

describe('a file of an HTTP server', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve(answer: Answer): Promise<string> {
    const server = createServer((request, response) => {
      const [, start = 0, end = 0] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
      answer(request, response, { start, end });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.snapshot`;
  }

  const honest: Answer = (_request, response, { start, end }) => {
    const headers = { 'content-range': `bytes ${start}-${end}/${file.length}`, etag: '"1"' };
    response.writeHead(206, headers).end(file.subarray(start, end + 1));
  };

  test('is read by range requests, only as much as is wanted, and imported', async () => {
    let sent = 0;
    const authorized = new Set<string | undefined>();
    const url = await serve((request, response, range) => {
      sent += range.end - range.start + 1;
      authorized.add(request.headers.authorization);
      honest(request, response, range);
    });
    const opened = await SnapshotFile.open(await httpSource(new URL(url), { headers: { authorization: 'Bearer x' } }));
    const index = opened.manifest.entries.length - 1;
    const before = sent;
    const { count, bytes } = opened.manifest.entries[index] as { count: number; bytes: number };
    expect(unpack(await opened.readRange(index))).toHaveLength(count);
    expect(sent - before).toBe(8 * count + bytes);
    expect([...authorized]).toEqual(['Bearer x']);
    const target = await memoryStore({ parameters: smallRanges });
    await importSnapshot(target, opened, { stateRoot });
    expect(believed(target)).toEqual(believed(source));
  });

  test('is read as a stream where the server ignores ranges, which httpSource says', async () => {
    const url = await serve((_request, response) => response.writeHead(200).end(file));
    await expect(httpSource(url)).rejects.toEqual(failed('no-ranges'));
    await expect(httpSource(url)).rejects.toThrow(/read it as a stream/);
    const { body } = await fetch(url);
    const target = await memoryStore({ parameters: smallRanges });
    await importSnapshot(target, await readSnapshotStream(body as AsyncIterable<Uint8Array>), { stateRoot });
    expect(believed(target)).toEqual(believed(source));
  });

  test('whose server sends a long body unasked is left before it is read', async () => {
    let written = 0;
    const url = await serve((_request, response) => {
      response.writeHead(200);
      const write = (): void => {
        while (written < 2 ** 30 && !response.destroyed) {
          written += 65_536;
          if (!response.write(new Uint8Array(65_536))) return void response.once('drain', write);
        }
      };
      write();
    });
    await expect(httpSource(url)).rejects.toEqual(failed('no-ranges'));
    expect(written).toBeLessThan(2 ** 26);
  });

  const partial = (headers: Record<string, string>, body: Uint8Array): Answer => {
    return (_request, response) => response.writeHead(206, headers).end(body);
  };
  const first = { 'content-range': `bytes 0-0/${file.length}` };
  test.each<[name: string, reason: string, answer: Answer]>([
    ['is not there', 'status', (_request, response) => response.writeHead(404).end()],
    ['fails', 'status', (_request, response) => response.writeHead(503).end('later')],
    ['gives no Content-Range', 'wrong-range', partial({}, file.subarray(0, 1))],
    ['does not know its length', 'wrong-range', partial({ 'content-range': 'bytes 0-0/*' }, file.subarray(0, 1))],
    [
      'gives another range',
      'wrong-range',
      partial({ 'content-range': `bytes 1-1/${file.length}` }, file.subarray(1, 2)),
    ],
    ['sends too much', 'wrong-range', partial(first, file.subarray(0, 2))],
    ['sends too little', 'network', partial(first, file.subarray(0, 0))],
    ['breaks off', 'network', (request) => request.socket.destroy()],
  ])('that %s is a typed error', async (_, reason, answer) => {
    await expect(httpSource(await serve(answer))).rejects.toEqual(failed(reason));
  });

  test('that is replaced or breaks off in between is a typed error, and an import resumes', async () => {
    for (const [reason, change] of [
      ['changed', (response: ServerResponse) => response.setHeader('etag', '"2"')],
      ['network', (response: ServerResponse) => response.socket?.destroy()],
    ] as const) {
      let requests = 0;
      const url = await serve((_request, response, { start, end }) => {
        response.setHeader('etag', '"1"');
        if (++requests === 6) change(response);
        response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${file.length}` });
        response.end(file.subarray(start, end + 1));
      });
      const target = await memoryStore({ parameters: smallRanges });
      const opened = await SnapshotFile.open(await httpSource(url));
      const options = { stateRoot, maxRangesInFlight: 1 };
      await expect(importSnapshot(target, opened, options)).rejects.toEqual(failed(reason));
      expect(target.download()?.proved.size).toBe(3);
      await importSnapshot(target, opened, options);
      expect(believed(target)).toEqual(believed(source));
    }
  });

  test('is not waited for once the reader gives up', async () => {
    const controller = new AbortController();
    let requests = 0;
    const url = await serve((request, response, range) => {
      if (++requests < 3) honest(request, response, range);
      else controller.abort(new Error('stop'));
    });
    const opened = await SnapshotFile.open(await httpSource(url));
    await expect(opened.readRange(0, { signal: controller.signal })).rejects.toThrow('stop');
  });

  test('is taken from a platform without streams of its own through any fetch', async () => {
    const fetch: Parameters<typeof httpSource>[1] = {
      fetch: async (_url, { headers }) => {
        const [, start = 0, end = 0] = (/^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? []).map(Number);
        const parts = [...pieces(file.subarray(start, end + 1), 100)].values();
        return {
          status: 206,
          headers: { get: (name) => (name === 'content-range' ? `bytes ${start}-${end}/${file.length}` : null) },
          body: {
            getReader: () => ({
              read: async () => {
                const { done = false, value } = parts.next();
                return { done, value };
              },
              cancel: async () => {},
            }),
            cancel: async () => {},
          },
        };
      },
    };
    const opened = await SnapshotFile.open(await httpSource('anything', fetch));
    expect(hex(opened.stateRoot)).toBe(hex(stateRoot));
  });
});
