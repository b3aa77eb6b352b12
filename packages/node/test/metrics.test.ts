import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openHttpServer } from '../src/http/http-server.js';
import { nodePhases } from '../src/sync/node-phases.js';
import { makeFolder, removeFolder } from './support/cleanups.js';
import { send } from './support/described-client.js';
import { type ExampleNode, makeChain, openNode, producerOptions } from './support/test-network.js';
import { waitFor } from './support/wait.js';

const folder = makeFolder();
let node: ExampleNode;
let http: Awaited<ReturnType<typeof openHttpServer>>;
let url: string;

beforeAll(async () => {
  const made = await makeChain({ followPairs: 5 });
  node = await openNode(made.chain, { folder, ...producerOptions(made, 20) });
  await waitFor('blocks', () => (node.status().height ?? 0) > 3);
  http = await openHttpServer(node, { listen: { host: '127.0.0.1', port: 0 } });
  url = `http://127.0.0.1:${http.address.port}`;
});

afterAll(async () => {
  await http?.close();
  await node?.close();
  removeFolder(folder);
});

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/** Reads Prometheus' text format strictly: each family once, with help, type and samples that belong to it. */
function parse(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  let help: [name: string, text: string] | undefined;
  let current: [name: string, family: Family] | undefined;
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (about === 'HELP') {
      expect(families.has(name)).toBe(false);
      help = [name, rest];
    } else if (about === 'TYPE') {
      expect(help?.[0]).toBe(name);
      expect(['counter', 'gauge', 'histogram', 'summary']).toContain(rest);
      current = [name, { type: rest, help: help?.[1] ?? '', samples: [] }];
      families.set(...current);
    } else {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[\d.]+(?:e[+-]?\d+)?|\+Inf|-Inf|NaN|Nan)$/.exec(line);
      if (sample === null || current === undefined) throw new Error(`no sample: ${line}`);
      const [, sampleName = '', labels = '', value = ''] = sample;
      const [familyName, { type, samples }] = current;
      const suffix = sampleName.slice(familyName.length);
      expect(sampleName.startsWith(familyName)).toBe(true);
      expect(type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).toContain(suffix);
      const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      expect(pairs.map(([whole]) => whole).join('')).toBe(labels);
      const named = Object.fromEntries(pairs.map(([, label, text]) => [label as string, text as string]));
      samples.push({ name: sampleName, labels: named, value: Number(value.replace('+Inf', 'Infinity')) });
    }
  }
  return families;
}

const scrape = async () => parse((await send(url, '/metrics')).text);

describe('the metrics', () => {
  test('are Prometheus text, with names that say the unit, and help', async () => {
    const { headers } = await send(url, '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const own = [...(await scrape())].filter(([name]) => name.startsWith('hs_'));
    expect(own.length).toBeGreaterThan(25);
    for (const [name, { type, help }] of own) {
      expect([name, help.length > 10]).toEqual([name, true]);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      if (/seconds|bytes|records|ranges/.test(name)) expect(name).toMatch(/_(seconds|bytes|records|ranges)(_total)?$/);
    }
  });

  test('say what the status says', async () => {
    const families = await scrape();
    const read = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      families.get(name)?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
    expect(nodePhases.map((phase) => [phase, read('hs_phase', { phase })])).toEqual(
      nodePhases.map((phase) => [phase, phase === 'synced' ? 1 : 0]),
    );
    expect(read('hs_state_height')).toBeGreaterThan(3);
    expect(read('hs_state_records')).toBe(node.status().state.records);
    expect(read('hs_blocks_connected_total')).toBeGreaterThan(3);
    expect(read('hs_tip_age_seconds')).toBeLessThan(60);
    expect(read('hs_peers', { direction: 'inbound' })).toBe(0);
    expect(read('hs_download_bytes', { part: 'total' })).toBeUndefined();
    const { samples = [] } = families.get('hs_block_connect_seconds') ?? {};
    const buckets = samples.filter(({ name }) => name.endsWith('_bucket')).map(({ value }) => value);
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
    expect(samples.find(({ name }) => name.endsWith('_count'))?.value).toBe(buckets.at(-1));
  });

  test('a counter never falls, and a second scrape does not count twice', async () => {
    const before = await scrape();
    await waitFor('another block', () => {
      const blocks = before.get('hs_blocks_connected_total')?.samples[0]?.value ?? 0;
      return node.activity.counters.blocks > blocks;
    });
    const after = await scrape();
    for (const [name, { type, samples }] of before) {
      if (type !== 'counter' || !name.startsWith('hs_')) continue;
      expect(after.get(name)?.samples[0]?.value).toBeGreaterThanOrEqual(samples[0]?.value ?? 0);
    }
    expect(after.get('hs_blocks_connected_total')?.samples[0]?.value).toBeLessThanOrEqual(
      node.activity.counters.blocks,
    );
  });

  test('labels do not grow with what is asked for', async () => {
    for (let index = 0; index < 30; index++) {
      await send(url, `/v1/blocks/${index}`);
      await send(url, `/nothing/${index}`);
    }
    const { samples = [] } = (await scrape()).get('hs_http_request_seconds') ?? {};
    const counts = samples.filter(({ name }) => name.endsWith('_count'));
    expect(counts.map(({ labels }) => labels['path'])).toContain('/v1/blocks/{block}');
    expect(counts.map(({ labels }) => labels['path'])).toContain('none');
    expect(counts.length).toBeLessThan(8);
  });
});

describe('the Grafana dashboard', () => {
  const file = join(import.meta.dirname, '..', 'deploy', 'grafana-dashboard.json');
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  type Panel = { title: string; type: string; id: number; description?: string; targets?: { expr: string }[] };
  const panels = dashboard.panels as Panel[];
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  test('asks only for metrics and labels that there are', async () => {
    const families = await scrape();
    const known = new Set(
      [...families].flatMap(([name, { type }]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const named = expressions.flatMap((expression) => expression.match(/\b(?:hs|process|nodejs)_\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const labels = new Set(
      [...families.values()].flatMap(({ samples }) => samples.flatMap((sample) => Object.keys(sample.labels))),
    );
    const used = expressions.flatMap((expression) =>
      [...expression.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)|by \(([^)]*)\)/g)].flatMap(
        ([, one, list = '']) => one ?? list.split(/,\s*/),
      ),
    );
    expect(used.filter((label) => !labels.has(label) && !['instance', 'job', 'part'].includes(label))).toEqual([]);
  });

  test('shows every metric of the node', async () => {
    const own = [...(await scrape()).keys()].filter((name) => name.startsWith('hs_'));
    const all = expressions.join('\n');
    expect(own.filter((name) => !new RegExp(`\\b${name}\\b|\\b${name}_(?:bucket|sum|count)\\b`).test(all))).toEqual([]);
  });

  test('has one source, panels with ids of their own, and queries in all of them', () => {
    expect(dashboard.templating.list.map(({ name }: { name: string }) => name)).toEqual(['source', 'instance']);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { type, targets = [] } of panels) expect(targets.length > 0).toBe(type !== 'row');
  });
});
