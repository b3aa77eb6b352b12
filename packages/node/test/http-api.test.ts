import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSnapshotStream, verifySnapshotFile } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { profileEntryCodec, profileKey } from '@hs/dao-coin';
import { stateRoot as computeRoot } from '@hs/ellipticsum';
import { transactionCodec, transactionHash } from '@hs/wire';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { exampleChainRoutes } from '../src/example-chain/http-routes.js';
import { balanceKey } from '../src/example-chain/state-keys.js';
import type { HttpLimits } from '../src/http/http-listener.js';
import type { HttpNode } from '../src/http/http-node.js';
import { type HttpServerOptions, openHttpServer } from '../src/http/http-server.js';
import { makeFolder, removeFolder } from './support/cleanups.js';
import { type Answer, type Call, DescribedClient, send } from './support/described-client.js';
import {
  type ExampleNode,
  hasher,
  makeChain,
  makeTraffic,
  openNode,
  producerOptions,
  recordsOf,
  type TestChain,
} from './support/test-network.js';
import { waitFor } from './support/wait.js';

const loopback = { host: '127.0.0.1', port: 0 };
const folder = makeFolder();
const closers: (() => Promise<void>)[] = [];
let made: TestChain;
let node: ExampleNode;
let url: string;
let client: DescribedClient;

/** An HTTP server for some state of the node. */
async function serve(of: HttpNode<ExampleHeader>, options: Partial<HttpServerOptions> = {}): Promise<string> {
  const http = await openHttpServer(of, { listen: loopback, routes: exampleChainRoutes(of), ...options });
  closers.push(() => http.close());
  return `http://127.0.0.1:${http.address.port}`;
}

/** The node as the server sees it, with some of it otherwise. */
function like(changes: Partial<HttpNode<ExampleHeader>>): HttpNode<ExampleHeader> {
  const { chain, chainStore, store, activity, clock } = node;
  return {
    get phase() {
      return node.phase;
    },
    chain,
    chainStore,
    store,
    activity,
    clock,
    status: () => node.status(),
    submit: (transaction) => node.submit(transaction),
    pendingTransaction: (id) => node.pendingTransaction(id),
    ...changes,
  };
}

const call = (template: string, path: string, options?: Call): Promise<Answer> =>
  client.call(url, template, path, options);

/** A path for every operation, with parameters that are right. */
function examplePath(template: string): string {
  const wallet = made.wallets[0];
  if (wallet === undefined) throw new Error('no wallet');
  const values: Readonly<Record<string, string>> = {
    key: toHex(balanceKey(wallet.publicKey)),
    block: 'tip',
    id: '00'.repeat(32),
    publicKey: toHex(wallet.publicKey),
    username: 'user0',
    cell: '0',
    height: '0',
  };
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return template === '/v1/state/records' ? `${path}?prefix=34` : path;
}

beforeAll(async () => {
  made = await makeChain({ followPairs: 30, parameters: { retainedEpochs: 20 } });
  node = await openNode(made.chain, { folder, ...producerOptions(made, 40) });
  for (let round = 0, seen = 0; (node.status().height ?? 0) < 25; ) {
    const height = node.status().height ?? 0;
    if (height > seen) await makeTraffic(node, made, round++);
    seen = height;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  url = await serve(node);
  client = new DescribedClient((await send(url, '/openapi.json')).json);
});

afterAll(async () => {
  for (const close of closers) await close();
  await node?.close();
  removeFolder(folder);
});

describe('the description', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(client.description) as never);
    expect(errors ?? []).toEqual([]);
    expect([valid, validator.version]).toEqual([true, '3.1']);
  });

  test('has the paths that the README lists, and no other', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| `((?:GET|POST) \/\S*)` \|/gm)].map(([, operation]) => operation as string);
    const described = client.described.map((answer) => answer.replace(/ \d+$/, ''));
    expect([...listed].sort()).toEqual([...new Set(described)].sort());
  });

  test('names every operation once', () => {
    const ids = Object.values(client.description.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(12);
  });
});

describe('the state', () => {
  test('root and checksums are those of the store', async () => {
    const { json } = await call('/v1/state', '/v1/state');
    const status = node.status();
    expect(json.prefixes.map(({ prefix }: { prefix: number }) => prefix)).toEqual(
      status.state.prefixes.map(({ prefix }) => prefix),
    );
    expect(json.snapshots.length).toBeGreaterThan(0);
  });

  test('a record is read at the tip, and at a snapshot as it was then', async () => {
    const snapshot = node.store.snapshots().at(-1);
    if (snapshot === undefined) throw new Error('no snapshot');
    const producer = balanceKey(made.chain.producerAt(1));
    const path = `/v1/state/records/${toHex(producer)}`;
    const template = '/v1/state/records/{key}';
    const then = await call(template, `${path}?height=${snapshot.height}`);
    const now = await call(template, path);
    expect(then.json).toMatchObject({ height: snapshot.height, stateRoot: toHex(snapshot.stateRoot) });
    expect(now.json.height).toBeGreaterThan(snapshot.height);
    // Every block gives the producer its fees.
    expect(BigInt(`0x${now.json.value}`)).toBeGreaterThan(BigInt(`0x${then.json.value}`));
    expect(now.json.key).toBe(toHex(producer));
    const header = await made.chain.describeHeader(await node.chainStore.headerAt(now.json.height));
    expect(now.json.stateRoot).toBe(toHex(header.stateRoot ?? new Uint8Array(0)));
    expect((await call(template, `${path}ff`)).json.error.code).toBe('HTTP_RECORD_NOT_FOUND');
    expect((await call(template, `${path}?height=${snapshot.height + 1}`)).json.error.code).toBe(
      'HTTP_HEIGHT_UNAVAILABLE',
    );
    const other = await call(template, '/v1/state/records/01ff');
    expect(other.json.error).toMatchObject({ code: 'HTTP_INVALID_PARAMETER', details: { name: 'key' } });
  });

  test('pages of a prefix at a snapshot are all of its records, in order, once', async () => {
    const height = node.store.snapshots().at(-1)?.height ?? 0;
    const found: string[] = [];
    for (const prefix of node.store.parameters.statePrefixes) {
      const start = `/v1/state/records?prefix=${toHex(Uint8Array.of(prefix))}&limit=7&height=${height}`;
      for (let cursor = ''; ; ) {
        const { json, status } = await call('/v1/state/records', start + cursor);
        expect(status).toBe(200);
        expect(json.records.length).toBeLessThanOrEqual(7);
        for (const { key, value } of json.records) found.push(`${key}=${value}`);
        if (json.next === undefined) break;
        cursor = `&cursor=${json.next}`;
      }
    }
    expect(found).toEqual(await recordsOf(node, height));
    const foreign = await call('/v1/state/records', '/v1/state/records?prefix=34&cursor=35');
    expect(foreign.json.error).toMatchObject({ code: 'HTTP_INVALID_PARAMETER', details: { name: 'cursor' } });
  });

  test('a read that blocks always overtake says so, and nothing of two heights is mixed', async () => {
    let height = 100;
    const { store } = node;
    const hasty = {
      get height() {
        return height;
      },
      stateRoot: () => store.stateRoot(),
      snapshots: () => [],
      summaries: () => store.summaries(),
      readChunk: async () => {
        height++;
        throw Object.assign(new Error('gone'), { code: 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE' });
      },
    } as unknown as ExampleNode['store'];
    const busy = await serve(like({ store: hasty }));
    for (const template of Object.keys(client.description.paths)) {
      const operation = client.description.paths[template]?.['get'];
      if (!operation?.parameters.some(({ name, in: place }) => name === 'height' && place === 'query')) continue;
      const answer = await client.call(busy, template, examplePath(template));
      expect([template, answer.status, answer.json.error.code]).toEqual([template, 503, 'HTTP_BUSY']);
      const past = await client.call(
        busy,
        template,
        `${examplePath(template)}${template.endsWith('records') ? '&' : '?'}height=3`,
      );
      expect(past.json.error.code).toBe('HTTP_HEIGHT_UNAVAILABLE');
    }
  });
});

describe('snapshot files', () => {
  const template = '/v1/snapshots/{height}/file';

  test('a snapshot that is kept is sent as a file, any other height is refused', async () => {
    const { height = 0, stateRoot } = node.store.snapshots().at(-1) ?? {};
    const answer = await fetch(`${url}/v1/snapshots/${height}/file`);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${height}.snapshot"`);
    if (answer.body === null) throw new Error('no body');
    const file = await readSnapshotStream(answer.body, { identity: node.chain.genesisHash });
    const checked = await verifySnapshotFile(file, { hasher, computeRoot, ...(stateRoot && { stateRoot }) });
    expect([file.height, checked.damaged]).toEqual([height, []]);
    expect((await call(template, `/v1/snapshots/${height}/file`)).headers['content-type']).toBe(
      'application/octet-stream',
    );
    const refused = await call(template, `/v1/snapshots/${height + 1}/file`);
    expect(refused).toMatchObject({ status: 404, json: { error: { code: 'HTTP_HEIGHT_UNAVAILABLE' } } });
    expect(refused.json.error.details.snapshots).toContain(height);
  });

  test('one is sent at a time; a reader who goes away makes room, and is told by a broken answer if it cannot go on', async () => {
    const { store } = node;
    const height = store.snapshots().at(-1)?.height ?? 0;
    // A block that is made on top of the snapshot reads at its height, too.
    await waitFor('a block above the snapshot', () => (store.height ?? 0) > height);
    const path = `/v1/snapshots/${height}/file`;
    const readChunk = store.readChunk.bind(store);
    let read: typeof readChunk = ({ signal }) => {
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
    // Blocks go on, which read at the tip.
    const reading = jest.spyOn(store, 'readChunk').mockImplementation((request) => {
      return request.height === height ? read(request) : readChunk(request);
    });
    try {
      const hangUp = new AbortController();
      const first = await fetch(`${url}${path}`, { signal: hangUp.signal });
      expect(first.status).toBe(200);
      const busy = await call(template, path);
      expect([busy.status, busy.json.error.code, busy.headers['retry-after']]).toEqual([503, 'HTTP_BUSY', '10']);
      read = () => Promise.reject(new Error('the disk is broken'));
      hangUp.abort();
      await expect(first.arrayBuffer()).rejects.toThrow();
      const broken = await waitFor('room', async () => {
        const answer = await fetch(`${url}${path}`);
        return answer.status === 200 && answer;
      });
      await expect(broken.arrayBuffer()).rejects.toThrow('terminated');
    } finally {
      reading.mockRestore();
    }
  });
});

describe('accounts and coins', () => {
  const keyOf = (index: number) => toHex(made.wallets[index]?.publicKey ?? new Uint8Array(0));

  test('an account has its balance and its profile, a username its owner; an unused key has nothing', async () => {
    const height = node.store.snapshots().at(-1)?.height ?? 0;
    const { json } = await call('/v1/accounts/{publicKey}', `/v1/accounts/${keyOf(0)}?height=${height}`);
    const records = new Map((await recordsOf(node, height)).map((line) => line.split('=') as [string, string]));
    const publicKey = made.wallets[0]?.publicKey ?? new Uint8Array(0);
    expect(json.balanceNanos).toBe(String(BigInt(`0x${records.get(toHex(balanceKey(publicKey)))}`)));
    const stored = Buffer.from(records.get(toHex(profileKey(publicKey))) ?? '', 'hex');
    const profile = profileEntryCodec.decode(new Uint8Array(stored));
    expect(json.profile.username).toBe(Buffer.from(profile.username).toString());
    expect(json.profile.coin.circulation).toBe(String(profile.daoCoinEntry.coinsInCirculation));
    const username = await call('/v1/usernames/{username}', `/v1/usernames/${json.profile.username.toUpperCase()}`);
    expect(username.json.publicKey).toBe(keyOf(0));
    expect((await call('/v1/usernames/{username}', '/v1/usernames/nobody_at_all')).status).toBe(404);
    const unused = await call('/v1/accounts/{publicKey}', `/v1/accounts/02${'11'.repeat(32)}`);
    expect(unused.json).toMatchObject({ balanceNanos: '0' });
    expect(unused.json.profile).toBeUndefined();
  });

  test('holders of a coin and coins of a holder are the same balances, and add up to the circulation', async () => {
    const height = node.store.snapshots().at(-1)?.height ?? 0;
    const holders: { holder: string; balance: string }[] = [];
    for (let cursor = ''; ; ) {
      const path = `/v1/coins/${keyOf(0)}/holders?limit=1&height=${height}${cursor}`;
      const { json } = await call('/v1/coins/{publicKey}/holders', path);
      holders.push(...json.balances);
      if (json.next === undefined) break;
      cursor = `&cursor=${json.next}`;
    }
    const { json } = await call('/v1/accounts/{publicKey}', `/v1/accounts/${keyOf(0)}?height=${height}`);
    expect(holders.length).toBe(Number(json.profile.coin.holders));
    expect(holders.length).toBeGreaterThan(1);
    const sum = holders.reduce((total, { balance }) => total + BigInt(balance), 0n);
    expect(String(sum)).toBe(json.profile.coin.circulation);
    for (const { holder, balance } of holders) {
      const coins = await call('/v1/accounts/{publicKey}/coins', `/v1/accounts/${holder}/coins?height=${height}`);
      expect(coins.json.balances).toContainEqual({ holder, creator: keyOf(0), balance });
    }
  });
});

describe('blocks and transactions', () => {
  test('pages of headers go down to genesis, each linked to the one below', async () => {
    const heights: number[] = [];
    let previous: string | undefined;
    for (let before = ''; ; ) {
      const { json } = await call('/v1/blocks', `/v1/blocks?limit=9${before}`);
      for (const block of json.blocks) {
        heights.push(block.height);
        if (previous !== undefined) expect(block.hash).toBe(previous);
        previous = block.previousHash;
      }
      if (json.next === undefined) break;
      before = `&before=${json.next}`;
    }
    expect(heights).toEqual(Array.from({ length: heights.length }, (_, index) => heights.length - 1 - index));
  });

  test('a block is found by height and by hash; its transactions are all there, each with its place', async () => {
    let height = 1;
    let byHeight = await call('/v1/blocks/{block}', '/v1/blocks/1');
    while (byHeight.json.transactions < 2) byHeight = await call('/v1/blocks/{block}', `/v1/blocks/${++height}`);
    const byHash = await call('/v1/blocks/{block}', `/v1/blocks/${byHeight.json.hash}`);
    expect(byHash.json).toEqual(byHeight.json);
    const template = '/v1/blocks/{block}/transactions';
    const { json } = await call(template, `/v1/blocks/${height}/transactions`);
    expect(json.count).toBe(byHeight.json.transactions);
    expect(json.count).toBeGreaterThan(0);
    const paged = [];
    for (let offset = 0; ; ) {
      const page = await call(template, `/v1/blocks/${height}/transactions?limit=1&offset=${offset}`);
      paged.push(...page.json.transactions);
      if (page.json.next === undefined) break;
      offset = page.json.next;
    }
    expect(paged).toEqual(json.transactions);
    for (const [index, transaction] of json.transactions.entries()) {
      const found = await call('/v1/transactions/{id}', `/v1/transactions/${transaction.id}`);
      expect(found.json).toEqual({ status: 'included', height, blockHash: json.hash, index, transaction });
      const decoded = transactionCodec.decode(new Uint8Array(Buffer.from(transaction.encoded, 'hex')));
      expect(toHex(transactionHash(decoded))).toBe(transaction.id);
    }
    for (const unknown of ['999999', 'ab'.repeat(32)]) {
      const answer = await call('/v1/blocks/{block}', `/v1/blocks/${unknown}`);
      expect(answer.json.error.code).toBe('HTTP_BLOCK_NOT_FOUND');
      expect((await call(template, `/v1/blocks/${unknown}/transactions`)).status).toBe(404);
    }
    expect((await call(template, '/v1/blocks/0/transactions')).json).toMatchObject({ height: 0, count: 0 });
  });

  test('a transaction that is sent waits, is in a block soon, and does no harm when it is sent again', async () => {
    const [wallet, other] = made.wallets.slice(20);
    if (wallet === undefined || other === undefined) throw new Error('too few wallets');
    const nonce = { expirationBlockHeight: BigInt((node.status().height ?? 0) + 500), partialId: 77n };
    const transaction = wallet.transfer([{ publicKey: other.publicKey, amountNanos: 5n }], { nonce });
    const encoded = transactionCodec.encode(transaction);
    const id = toHex(transactionHash(transaction));
    const asJson = { 'content-type': 'application/json; charset=utf-8' };
    const post = (body: string | Uint8Array, headers: Record<string, string>) =>
      call('/v1/transactions', '/v1/transactions', { method: 'POST', body, headers });
    const first = await post(JSON.stringify({ transaction: toHex(encoded) }), asJson);
    expect([first.status, first.json]).toEqual([202, { id, isNew: true }]);
    const again = await post(encoded, { 'content-type': 'application/octet-stream' });
    expect([again.status, again.json]).toEqual([202, { id, isNew: false }]);
    await waitFor('the transaction is in a block', async () => {
      const { json } = await call('/v1/transactions/{id}', `/v1/transactions/${id}`);
      return json.status === 'included';
    });
    expect((await post(encoded, { 'content-type': 'application/octet-stream' })).json).toEqual({ id, isNew: false });

    const reused = wallet.transfer([{ publicKey: other.publicKey, amountNanos: 6n }], { nonce });
    const refused = await post(transactionCodec.encode(reused), { 'content-type': 'application/octet-stream' });
    expect([refused.status, refused.json.error.code]).toEqual([422, 'HTTP_TRANSACTION_REFUSED']);
    expect(typeof refused.json.error.details.rule).toBe('string');

    for (const body of [
      '',
      'null',
      '[]',
      '{"transaction":"zz"}',
      '{"transaction":"00"}',
      '{"transaction":"00","x":1}',
    ]) {
      const answer = await post(body, asJson);
      expect([body, answer.status, answer.json.error.code]).toEqual([body, 400, 'HTTP_INVALID_BODY']);
    }
    const form = await post('transaction=00', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([form.status, form.json.error.code]).toEqual([415, 'HTTP_UNSUPPORTED_MEDIA_TYPE']);
    const large = await post('x', { ...asJson, 'content-length': '99999999' }).catch((error) => error);
    expect(large.json?.error.code).toBe('HTTP_BODY_TOO_LARGE');
    const chunked = await post('x'.repeat(2 * made.spec.parameters.maxBlockBytes + 2000), {
      ...asJson,
      'transfer-encoding': 'chunked',
    });
    expect(chunked.json.error.code).toBe('HTTP_BODY_TOO_LARGE');
  });

  test('a transaction that waits is found as that', async () => {
    const nonce = { expirationBlockHeight: BigInt((node.status().height ?? 0) + 500), partialId: 78n };
    const transaction = made.wallets[21]?.transfer([], { nonce });
    const waiting = await serve(like({ pendingTransaction: () => transaction }));
    const { json } = await client.call(waiting, '/v1/transactions/{id}', `/v1/transactions/${'00'.repeat(32)}`);
    expect(json.status).toBe('waiting');
    expect((await call('/v1/transactions/{id}', `/v1/transactions/${'00'.repeat(32)}`)).status).toBe(404);
  });
});

describe('health', () => {
  test.each([
    ['synced', 200, 200],
    ['stale', 200, 503],
    ['snapshot', 200, 503],
    ['connecting', 200, 503],
    ['failed', 503, 503],
  ] as const)('in phase %s: alive %d, ready %d', async (phase, alive, ready) => {
    const status = () => ({ ...node.status(), sync: { ...node.status().sync, phase } });
    const at = await serve(like({ phase, status }));
    expect((await client.call(at, '/healthz', '/healthz')).status).toBe(alive);
    const readiness = await client.call(at, '/readyz', '/readyz');
    expect([readiness.status, readiness.json.phase]).toEqual([ready, phase]);
  });

  test('the status is what the node says', async () => {
    expect((await call('/metrics', '/metrics')).text).toContain('hs_phase{phase="synced"} 1');
    const { json } = await call('/status', '/status');
    expect(json).toMatchObject({ chain: { name: made.chain.name }, sync: { phase: 'synced' } });
  });
});

describe('the page', () => {
  test('a cell of the map is described, and events are for so many', async () => {
    expect((await call('/events', '/events')).text).toContain('event: whole\n');
    await waitFor('the map of the newest snapshot', () => node.activity.map !== undefined);
    const { json } = await call('/map/{cell}', '/map/0');
    expect(json).toMatchObject({ height: node.activity.map?.height, cell: 0, firstRange: 0, stage: 'committed' });
    const beyond = await call('/map/{cell}', '/map/999999');
    expect(beyond.json.error.code).toBe('HTTP_CELL_NOT_FOUND');
    const full = await serve(node, { limits: { maxStreams: 0 } });
    expect((await client.call(full, '/events', '/events')).json.error.code).toBe('HTTP_TOO_MANY_STREAMS');
  });
});

describe('what holds for every path', () => {
  const operations = () =>
    Object.entries(client.description.paths).flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ template, method: method.toUpperCase(), operation })),
    );
  /** Answers that are the same whatever the node does. */
  const fixed = ['/openapi.json', '/', '/page.js', '/page.css', '/icon.svg'];
  const isFixed = (template: string) => fixed.includes(template);

  test('while the node is not synced, no path answers about the state, and nothing is taken', async () => {
    const syncing = await serve(like({ phase: 'blocks' }));
    const stale = await serve(like({ phase: 'stale' }));
    let stateful = 0;
    for (const { template, method } of operations()) {
      if (!/^\/v1\/(state|accounts|coins|usernames|transactions$)/.test(template)) continue;
      stateful++;
      const options = method === 'POST' ? { method, body: '{}', headers: { 'content-type': 'application/json' } } : {};
      const answer = await client.call(syncing, template, examplePath(template), options);
      expect([template, answer.status, answer.json.error.code]).toEqual([template, 503, 'HTTP_NOT_SYNCED']);
      expect(answer.headers['retry-after']).toBe('5');
      const path = examplePath(template);
      const refused = await client.call(stale, template, path, options);
      expect([template, refused.json.error.code]).toEqual([template, 'HTTP_STALE']);
      if (method === 'POST') continue;
      const allowed = await client.call(stale, template, `${path}${path.includes('?') ? '&' : '?'}allowStale=true`);
      expect([200, 404]).toContain(allowed.status);
    }
    expect(stateful).toBe(8);
  });

  test('a foreign Host, another method, an unknown parameter, a foreign page, a flood, and a fault', async () => {
    const slow: Partial<HttpLimits> = { requestsPerSecond: 0.001, requestBurst: 1 };
    const fault = (): never => {
      throw new Error('secret trouble');
    };
    // Whoever opens the server reads these once.
    const { counters } = node.activity;
    const failing = Object.defineProperty({ counters, on: () => () => undefined }, 'map', { get: fault }) as never;
    const throwing = <Thing extends object>(): Thing => new Proxy({} as Thing, { get: fault });
    const broken = await serve(
      like({
        store: throwing(),
        chainStore: throwing(),
        activity: failing,
        status: fault,
        pendingTransaction: fault,
      }),
    );
    for (const { template, method, operation } of operations()) {
      const path = examplePath(template);
      const options: Call =
        method === 'POST' ? { method, body: '{}', headers: { 'content-type': 'application/json' } } : {};
      const host = await call(template, path, { ...options, headers: { ...options.headers, host: 'evil.example:80' } });
      expect([template, host.json.error.code]).toEqual([template, 'HTTP_HOST_REFUSED']);
      const other = await call(template, path, { method: 'DELETE' });
      expect([other.status, other.headers['allow']]).toEqual([405, method === 'GET' ? 'GET, HEAD' : method]);
      const unknown = await call(template, `${path}${path.includes('?') ? '&' : '?'}nonsense=1`, options);
      expect(unknown.json.error).toMatchObject({ code: 'HTTP_INVALID_PARAMETER', details: { name: 'nonsense' } });
      if (method === 'POST') {
        for (const headers of [
          { origin: 'https://evil.example' },
          { 'sec-fetch-site': 'cross-site' },
          { origin: 'null' },
        ]) {
          const foreign = await call(template, path, { ...options, headers: { ...options.headers, ...headers } });
          expect(foreign.json.error.code).toBe('HTTP_ORIGIN_REFUSED');
        }
      }
      if (operation.responses['429'] !== undefined) {
        const limited = await serve(node, { limits: slow });
        await client.call(limited, template, path, options);
        const flooded = await waitFor('the allowance is used up', async () => {
          const answer = await client.call(limited, template, path, options);
          return answer.status === 429 ? answer : undefined;
        });
        expect(Number(flooded.headers['retry-after'])).toBeGreaterThan(0);
      }
      if (isFixed(template) || method === 'POST') continue;
      const failed = await client.call(broken, template, path, options);
      expect([template, failed.status]).toEqual([template, 500]);
      expect(failed.text).not.toContain('secret');
    }
    const encoded = transactionCodec.encode(
      made.wallets[0]?.transfer([], { nonce: { expirationBlockHeight: 90n, partialId: 3n } }) as never,
    );
    const headers = { 'content-type': 'application/octet-stream' };
    const post = { method: 'POST', body: encoded, headers } as const;
    expect((await client.call(broken, '/v1/transactions', '/v1/transactions', post)).status).toBe(500);
  });

  test('every answer that is described was seen, and every one that was seen is described', () => {
    const { described, seen } = client;
    const impossible = fixed.map((template) => `GET ${template} 500`);
    expect(described.filter((answer) => !seen.has(answer) && !impossible.includes(answer))).toEqual([]);
    expect([...seen].filter((answer) => !described.includes(answer))).toEqual([]);
  });
});
