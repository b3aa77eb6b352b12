import { Agent, get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NodeActivity } from '../src/activity/node-activity.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import type { HttpNode } from '../src/http/http-node.js';
import { type HttpServerOptions, openHttpServer } from '../src/http/http-server.js';
import { silentLogger } from '../src/logger.js';
import type { ChangeEvent, WholeEvent } from '../src/page/page-events.js';
import { cleanUp, makeFolder, removeFolder } from './support/cleanups.js';
import { send } from './support/described-client.js';
import { type ExampleNode, makeChain, openNode, producerOptions, type TestChain } from './support/test-network.js';
import { sleep, waitFor } from './support/wait.js';

const folder = makeFolder();
let made: TestChain;
let node: ExampleNode;

beforeAll(async () => {
  made = await makeChain({ followPairs: 5 });
  node = await openNode(made.chain, { folder, ...producerOptions(made, 200) });
  await waitFor('a block', () => (node.status().height ?? 0) > 0);
});

afterAll(async () => {
  await node?.close();
  removeFolder(folder);
});

interface Received {
  readonly name: 'whole' | 'change';
  readonly id: string;
  readonly data: WholeEvent & ChangeEvent;
}

/** Reads the events of a server until it is closed. */
class Watcher {
  readonly events: Received[] = [];
  readonly status: Promise<number>;
  comments = 0;
  isOver = false;
  readonly #close: () => void;
  #response: IncomingMessage | undefined;
  #text = '';

  constructor(url: string, lastEventId?: string) {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const agent = new Agent();
    const request = get(`${url}/events`, { headers, agent });
    this.status = new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        this.#response = response;
        response.setEncoding('utf8').on('data', (text: string) => this.#take(text));
        response.on('error', () => undefined);
        response.on('close', () => {
          this.isOver = true;
        });
        resolve(response.statusCode ?? 0);
      });
    });
    this.status.catch(() => undefined);
    this.#close = () => request.destroy();
    cleanUp(() => this.close());
  }

  get wholes(): readonly Received[] {
    return this.events.filter(({ name }) => name === 'whole');
  }

  async first(): Promise<Received> {
    return waitFor('an event', () => this.events[0]);
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#close();
  }

  #take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const fields = new Map(
        this.#text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.split(': ')[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
      );
      this.#text = this.#text.slice(end + 2);
      const data = fields.get('data');
      if (data === undefined) this.comments++;
      else
        this.events.push({ name: fields.get('event') as 'whole', id: fields.get('id') ?? '', data: JSON.parse(data) });
    }
  }
}

const entriesOf = (ranges: number) =>
  Array.from({ length: ranges }, (_, index) => ({
    start: Uint8Array.of(28, index >> 16, (index >> 8) & 255, index & 255),
    depth: 32,
    count: 1,
    bytes: 100,
    sum: new Uint8Array(32),
  }));

/** A server whose node downloads what the test says. */
async function serve(
  options: Partial<HttpServerOptions> = {},
): Promise<{ readonly url: string; readonly activity: NodeActivity; readonly close: () => Promise<void> }> {
  const activity = new NodeActivity();
  const { chain, chainStore, store, clock } = node;
  const watched: HttpNode<ExampleHeader> = {
    phase: 'synced',
    chain,
    chainStore,
    store,
    activity,
    clock,
    status: () => node.status(),
    submit: (transaction) => node.submit(transaction),
    pendingTransaction: () => undefined,
  };
  const http = await openHttpServer(watched, { listen: { host: '127.0.0.1', port: 0 }, ...options });
  cleanUp(async () => {
    await http.close();
    activity.close();
  });
  return { url: `http://127.0.0.1:${http.address.port}`, activity, close: () => http.close() };
}

function deliver(activity: NodeActivity, range: number, peer = 'a'): void {
  activity.downloadMoved({ type: 'received', peer, range });
  activity.downloadMoved({ type: 'committed', peer, range });
}

/** The codes of all cells as a watcher knows them, from everything it was sent. */
function cellsSeen(events: readonly Received[]): number[] {
  let codes: number[] = [];
  for (const { data } of events) {
    if (data.map !== undefined) {
      codes = [];
      const { runs } = data.map;
      for (let at = 0; at < runs.length; at += 2) {
        codes.push(...Array.from({ length: runs[at] ?? 0 }, () => runs[at + 1] ?? 0));
      }
    }
    const runs = data.mapChange?.runs ?? [];
    for (let at = 0; at < runs.length; at += 3) {
      codes.fill(runs[at + 2] ?? 0, runs[at], (runs[at] ?? 0) + (runs[at + 1] ?? 0));
    }
  }
  return codes;
}

describe('the events of the page', () => {
  test('begin with everything, and go on with what changes, not with whole maps', async () => {
    const { url, activity } = await serve();
    activity.downloadMoved({ type: 'began', height: 10, entries: entriesOf(5000), proved: new Set([7]) });
    const watcher = new Watcher(url);
    const { name, data } = await watcher.first();
    expect(name).toBe('whole');
    expect(data.map).toMatchObject({ height: 10, ranges: 5000, cells: 5000, isDownload: true });
    expect(data.sections.node?.chain.name).toBe(made.chain.name);
    for (const range of [4, 5, 6, 99]) deliver(activity, range);
    const changed = await waitFor('the change', () => watcher.events.find(({ data }) => data.mapChange !== undefined));
    expect(changed.data.mapChange).toEqual({ id: data.map?.id, peers: ['a'], runs: [4, 3, 13, 99, 1, 13] });
    expect(JSON.stringify(changed.data).length).toBeLessThan(20_000);
    activity.blockConnected({
      height: 11,
      hash: new Uint8Array(32),
      timeMs: 5,
      transactions: [],
      changedRecords: 3,
      stateRoot: new Uint8Array(32),
      elapsedMs: 2,
    });
    await waitFor('a block', () => watcher.events.some(({ data }) => (data.sections.blocks?.length ?? 0) > 0));
    await waitFor('rates', () =>
      watcher.events.some(({ name, data }) => name === 'change' && data.rates !== undefined),
    );
    const sections = watcher.events
      .filter(({ name }) => name === 'change')
      .map(({ data }) => Object.keys(data.sections));
    expect(sections.flat()).not.toContain('trust');
    expect(watcher.wholes).toHaveLength(1);
  });

  test('another snapshot comes as another map', async () => {
    const { url, activity } = await serve();
    activity.downloadMoved({ type: 'began', height: 10, entries: entriesOf(20), proved: new Set() });
    const watcher = new Watcher(url);
    const { data } = await watcher.first();
    activity.downloadMoved({ type: 'began', height: 20, entries: entriesOf(30), proved: new Set([1]) });
    const { data: next } = await waitFor('the map', () => watcher.events.find(({ data }) => data.map?.height === 20));
    expect(next.map?.id).not.toBe(data.map?.id);
    expect(cellsSeen(watcher.events)).toHaveLength(30);
  });

  test('without a download, the newest snapshot is the map', async () => {
    const { url } = await serve();
    const watcher = new Watcher(url);
    const { data } = await waitFor('a map', () => watcher.events.find(({ data }) => data.map !== undefined));
    expect(data.map?.isDownload).toBe(false);
    expect(new Set(cellsSeen(watcher.events))).toEqual(new Set([5]));
  });

  test('who comes back gets what it missed, whether or not others were there meanwhile', async () => {
    const { url, activity } = await serve();
    activity.downloadMoved({ type: 'began', height: 10, entries: entriesOf(100), proved: new Set() });
    const before = new Watcher(url);
    await before.first();
    deliver(activity, 1);
    await waitFor('the change', () => cellsSeen(before.events)[1] === 13);
    before.close();
    const last = before.events.at(-1);
    deliver(activity, 2);
    const other = new Watcher(url);
    await other.first();
    deliver(activity, 3, 'b');
    await waitFor('the other has it', () => cellsSeen(other.events)[3] === 21);
    other.close();
    deliver(activity, 4, 'c');
    const after = new Watcher(url, last?.id);
    await waitFor('all of it', () => cellsSeen([...before.events, ...after.events])[4] === 29);
    expect(after.wholes).toHaveLength(0);
    expect(cellsSeen([...before.events, ...after.events])).toEqual(
      cellsSeen([(await new Watcher(url).first()) as Received]),
    );
  });

  test.each([
    ['of another process', '00000000-1'],
    ['that is none', 'x'],
  ])('with an id %s it begins anew', async (_name, id) => {
    const { url } = await serve();
    expect((await new Watcher(url, id).first()).name).toBe('whole');
  });

  test('with an id that is too old it begins anew', async () => {
    const { url, activity } = await serve();
    activity.downloadMoved({ type: 'began', height: 10, entries: entriesOf(60_000), proved: new Set() });
    const first = new Watcher(url);
    const { id } = await first.first();
    // Changes of a map that is all in pieces; more of them than are kept.
    for (let round = 0; round < 9; round++) {
      for (let range = round % 2; range < 60_000; range += 2) {
        activity.downloadMoved({ type: 'refuted', peer: `p${(range + round) % 7}`, range });
      }
      const seen = first.events.length;
      await waitFor('the change', () => first.events.slice(seen).some(({ data }) => data.mapChange !== undefined));
    }
    expect((await new Watcher(url, id).first()).name).toBe('whole');
    expect((await new Watcher(url, first.events.at(-1)?.id).first()).name).toBe('change');
  });

  test('who reads slowly misses changes, and then gets everything', async () => {
    const { url, activity } = await serve();
    activity.downloadMoved({ type: 'began', height: 10, entries: entriesOf(100_000), proved: new Set() });
    const [slow, quick] = [new Watcher(url), new Watcher(url)];
    await Promise.all([slow.first(), quick.first()]);
    slow.pause();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 24; round++) {
      for (let range = round % 2; range < 100_000; range += 2) {
        activity.downloadMoved({ type: 'refuted', peer: `p${(range + round) % 7}`, range });
      }
      const seen = quick.events.length;
      await waitFor('the change', () => quick.events.slice(seen).some(({ data }) => data.mapChange !== undefined));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    slow.resume();
    await waitFor('everything again', () => slow.wholes.length === 2, 40_000);
    expect(slow.events.length).toBeLessThan(quick.events.length);
    const last = slow.wholes.at(-1);
    expect(cellsSeen(last === undefined ? [] : [last])).toEqual(cellsSeen(quick.events));
  });

  test('only so many may watch, and there is room again when one leaves', async () => {
    const { url } = await serve({ limits: { maxStreams: 2 } });
    const watchers = [new Watcher(url), new Watcher(url)];
    expect(await Promise.all(watchers.map(({ status }) => status))).toEqual([200, 200]);
    const refused = await send(url, '/events');
    expect([refused.status, refused.json.error.code]).toEqual([503, 'HTTP_TOO_MANY_STREAMS']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    watchers[0]?.close();
    await waitFor('room', async () => (await new Watcher(url).status) === 200);
  });

  test('nothing is asked of the node while nobody watches, and streams end with the server', async () => {
    let asked = 0;
    const { chain, chainStore, store, activity, clock } = node;
    const counting: HttpNode<ExampleHeader> = {
      phase: 'synced',
      chain,
      chainStore,
      store,
      activity,
      clock,
      status: () => {
        asked++;
        return node.status();
      },
      submit: (transaction) => node.submit(transaction),
      pendingTransaction: () => undefined,
    };
    const http = await openHttpServer(counting, { listen: { host: '127.0.0.1', port: 0 } });
    const url = `http://127.0.0.1:${http.address.port}`;
    const watcher = new Watcher(url);
    await waitFor('steps', () => watcher.events.length > 2);
    watcher.close();
    await sleep(100);
    const before = asked;
    await sleep(1200);
    expect(asked).toBe(before);
    const last = new Watcher(url);
    await last.first();
    await http.close();
    await waitFor('the end', () => last.isOver);
  });

  test('a node that fails ends the streams, not the process', async () => {
    let isBroken = false;
    const errors: object[] = [];
    const { chain, chainStore, store, activity, clock } = node;
    const failing: HttpNode<ExampleHeader> = {
      phase: 'synced',
      chain,
      chainStore,
      store,
      activity,
      clock,
      status: () => {
        if (isBroken) throw new Error('no status');
        return node.status();
      },
      submit: (transaction) => node.submit(transaction),
      pendingTransaction: () => undefined,
    };
    const logger = { ...silentLogger, error: (fields: object) => errors.push(fields) };
    const http = await openHttpServer(failing, { listen: { host: '127.0.0.1', port: 0 }, logger });
    cleanUp(() => http.close());
    const url = `http://127.0.0.1:${http.address.port}`;
    const watcher = new Watcher(url);
    await watcher.first();
    isBroken = true;
    await waitFor('the end', () => watcher.isOver);
    expect(errors).toHaveLength(1);
    expect((await send(url, '/events')).json.error.code).toBe('HTTP_INTERNAL');
    isBroken = false;
    expect((await new Watcher(url).first()).name).toBe('whole');
  });

  test('HEAD does not begin a stream', async () => {
    const { url } = await serve();
    const { status, headers, text } = await send(url, '/events', { method: 'HEAD' });
    expect([status, headers['content-type'], text]).toEqual([200, 'text/event-stream', '']);
  });
});

describe('the files of the page', () => {
  test('have a policy that lets nothing in from elsewhere, and name nothing there', async () => {
    const { url } = await serve();
    for (const path of ['/', '/page.js', '/page.css', '/icon.svg']) {
      const { status, headers, text } = await send(url, path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    }
    const { text } = await send(url, '/');
    expect(text).not.toMatch(/ style=| on\w+=|<script(?![^>]* src=)/);
    expect(Buffer.byteLength((await send(url, '/page.js')).text)).toBeLessThan(24 * 1024);
  });
});
