import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { NodeActivity } from '../src/activity/node-activity.js';
import { openHttpServer } from '../src/http/http-server.js';
import { cleanUp, makeFolder, removeFolder } from '../test/support/cleanups.js';
import { makeChain, openTestNode, producerOptions } from '../test/support/test-network.js';

import { waitFor } from '../test/support/wait.js';
import { accessibilityProblems } from './accessibility.js';
import { type OpenPage, openPage, startBrowser, takePicture } from './browser.js';
import { CuttableRelay } from './cuttable-relay.js';
import { type SlowNetwork, startSlowNetwork } from './slow-network.js';

const folder = makeFolder();
let browser: Browser;
let network: SlowNetwork;
/** Stands between browser and node, so that connections can be cut. */
let relay: CuttableRelay;
let url: string;
let opened: OpenPage;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  network = await startSlowNetwork(folder);
  relay = await CuttableRelay.open(network.url.replace('http://', ''));
  url = `http://${relay.address}`;
  opened = await openPage(browser, url);
  page = opened.page;
}, 120_000);

afterAll(async () => {
  await opened?.[Symbol.asyncDispose]();
  await browser?.close();
  relay?.close();
  await network?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

const text = async (selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? '';

/** The colour of a cell, read off the picture. */
function cellColour(cell: number): Promise<string> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('#map');
    const { width } = canvas.getBoundingClientRect();
    const cells = Number(document.querySelector('#cell').max) + 1;
    let side = 22;
    while (side > 2 && Math.ceil(cells / Math.floor(width / side)) * side > 380) side--;
    const columns = Math.min(cells, Math.floor(width / side));
    const [x, y] = [(${cell} % columns + 0.4) * side, (Math.floor(${cell} / columns) + 0.4) * side];
    const ratio = canvas.width / width;
    const copy = document.createElement('canvas').getContext('2d');
    copy.drawImage(canvas, -Math.floor(x * ratio), -Math.floor(y * ratio));
    return 'rgb(' + copy.getImageData(0, 0, 1, 1).data.slice(0, 3).join(', ') + ')';
  })()`) as Promise<string>;
}

/** The colours of the swatches of those elements that hold some words, or any. */
function swatchesIn(selector: string, words = ''): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})]
    .filter((element) => element.textContent.includes(${JSON.stringify(words)}))
    .map((element) => getComputedStyle(element.querySelector('.swatch')).backgroundColor)`) as Promise<string[]>;
}

const swatchOf = async (selector: string, words: string) => (await swatchesIn(selector, words))[0];

const cellAt = async (cell: number) =>
  (await fetch(`${network.url}/map/${cell}`)).json() as Promise<{
    stage: string;
    peer?: string;
    records: number;
  }>;

const doneRanges = async () => (await network.newcomer.status()).sync.snapshot?.done.ranges ?? 0;

describe('the page of a node that joins', () => {
  test('shows the download, live: phase, progress, what it waits for, and the map filling up', async () => {
    await page.locator('#phase', { hasText: 'snapshot' }).waitFor();
    await page.getByRole('heading', { name: 'Downloading snapshot 60' }).waitFor();
    await waitFor('ranges', async () => (await doneRanges()) > 60, 60_000);
    const before = Number((await text('#map-note')).match(/: ([\d,]+) of/)?.[1]?.replaceAll(',', ''));
    await waitFor('more ranges on the page', async () => {
      const now = Number((await text('#map-note')).match(/: ([\d,]+) of/)?.[1]?.replaceAll(',', ''));
      return now > before + 50;
    });
    expect(await text('#progress-eta')).toMatch(/^\d+ (s|min \d+ s) to go$/);
    expect(await text('#waiting')).toMatch(/^Waiting for .+\./);
    expect(await page.title()).toMatch(/^\d+\.\d % · hyper-sync-example$/);
    expect(await page.getByRole('progressbar').getAttribute('value')).toMatch(/^0\.\d+$/);
    await waitFor('a rate', async () => /^[1-9].* [kM]?B\/s$/.test(await text('#rates figure:first-child strong')));
    await page.waitForTimeout(1500);
    await takePicture(page, 'syncing');
  });

  test('a cell has the colour of the peer that delivered it', async () => {
    expect((await cellAt(0)).stage).toBe('committed');
    await waitFor('cell 0 on the page', async () => {
      const { peer = '' } = await cellAt(0);
      return (await cellColour(0)) === (await swatchOf('#deliverers li', peer));
    });
    const last = Number(await page.locator('#cell').getAttribute('max'));
    expect((await cellAt(last)).stage).toBe('missing');
    expect(await cellColour(last)).toBe(await swatchOf('#stages li', 'missing'));
    const colours = new Set(await swatchesIn('#peers tr'));
    expect(colours.size).toBe(4);
  });

  test('a cell is looked at by pointer, and by keyboard', async () => {
    const { records, peer } = await cellAt(0);
    await page.locator('#map').hover({ position: { x: 8, y: 8 } });
    const first = `Range 0: in the store, from ${peer}. ${records} records`;
    await page.locator('#cell-text', { hasText: first }).waitFor();
    const slider = page.getByLabel('Inspect a cell');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#cell-text', { hasText: /^Range 1: / }).waitFor();
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^Range 1: in the store, from .+ records, /);
    await page.keyboard.press('End');
    await page.locator('#cell-text', { hasText: /: missing\. / }).waitFor();
  });

  test('everything comes from the node itself, and the policy stops nothing', async () => {
    expect(opened.complaints).toEqual([]);
    expect(opened.requests.filter((request) => !request.startsWith(`${url}/`))).toEqual([]);
    // The policy lets the page ask nobody else.
    await expect(page.evaluate('fetch("http://127.0.0.2:9/")')).rejects.toThrow('Failed to fetch');
  });

  test('goes on where it was after the connection was lost', async () => {
    const before = relay.received.length;
    relay.cut();
    await waitFor('the browser comes back with the id of the last event', () =>
      relay.received.slice(before).some((sent) => /^last-event-id: [0-9a-f]{8}-\d+\r$/im.test(sent)),
    );
    await page.locator('#link', { hasText: 'live' }).waitFor();
    const note = await text('#map-note');
    await waitFor('the map goes on', async () => (await text('#map-note')) !== note);
  });

  test('shows who is banned, why, and the evidence', async () => {
    network.isLying = true;
    const ban = page.locator('#bans li', { hasText: network.liar });
    await ban.waitFor({ timeout: 60_000 });
    network.chunkDelayMs = 120;
    await ban.getByText('Evidence').click();
    const evidence = JSON.parse((await ban.locator('pre').textContent()) ?? '');
    const [record] = (await network.newcomer.status()).bans;
    expect(evidence).toEqual(record?.evidence);
    expect(await page.locator('#peers tr').count()).toBe(3);
    await ban.getByText('Evidence').click();
    expect(await page.locator('#phase').textContent()).toBe('snapshot');
    await page.waitForTimeout(600);
    await takePicture(page, 'banned');
  });

  test.each(['light', 'dark'] as const)('fits a phone, and axe finds nothing wrong, %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(700);
      expect([width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]);
      expect(await accessibilityProblems(page)).toEqual([]);
      await takePicture(page, `${width === 360 ? 'narrow' : 'wide'}-${colorScheme}`);
    }
    expect(await cellColour(0)).toBe(await swatchOf('#deliverers li', (await cellAt(0)).peer ?? ''));
  });

  test('when it is done: the state, blocks with roots, snapshots, and the same map', async () => {
    network.chunkDelayMs = 5;
    await page.locator('#phase', { hasText: 'synced' }).waitFor({ timeout: 90_000 });
    expect(await page.locator('#progress-card').isVisible()).toBe(false);
    const status = await network.newcomer.status();
    expect(await text('#facts')).toContain(`State root${status.stateRoot}`);
    expect(await text('#facts')).toMatch(/Synced bysnapshot 60 in \d+ s/);
    expect(await text('#map-note')).toMatch(/^snapshot 60: ([\d,]+) of \1 ranges in the store$/);
    // The cell that was looked at while it was missing is here by now.
    await page.locator('#cell-text', { hasText: /^Range 1,092: in the store, from / }).waitFor();
    await waitFor('blocks', async () => (await page.locator('#blocks tr').count()) === 12);
    await waitFor('the last block is that of the node', async () => {
      const { height, stateRoot } = await network.newcomer.status();
      const row = page.locator('#blocks tr', { hasText: height?.toLocaleString('en') ?? '' }).first();
      return (await row.count()) === 1 && (await row.locator('td.hash').first().textContent()) === stateRoot;
    });
    expect(await page.locator('#snapshots tr').count()).toBeGreaterThan(0);
    await page.getByText('The map as a table, by prefix').click();
    const prefixes = await page.locator('#prefixes th').allTextContents();
    expect(prefixes).toEqual(status.state.prefixes.map(({ prefix }) => String(prefix)));
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByText('The map as a table, by prefix').click();
    await page.waitForTimeout(2000);
    await takePicture(page, 'done');
    expect(await page.locator('#announcement').textContent()).toBe('The node is in phase synced.');
    // Chromium notes the connection that was cut on purpose, and the request that the policy stopped.
    const expected = /ERR_|127\.0\.0\.2/;
    expect(opened.complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
  });
});

describe('the page of a large state', () => {
  test.each(['light', 'dark'] as const)('shows 100,000 ranges, and takes in changes, %s', async (colorScheme) => {
    const made = await makeChain({ followPairs: 5 });
    const node = await openTestNode(made.chain, producerOptions(made, 500));
    const activity = new NodeActivity();
    cleanUp(() => activity.close());
    const ranges = 100_000;
    const entries = Array.from({ length: ranges }, (_, index) => ({
      start: Uint8Array.of(index < 30_000 ? 28 : 29, index >> 16, (index >> 8) & 255, index & 255),
      depth: 32,
      count: 100 + (index % 50),
      bytes: 10_000,
      sum: new Uint8Array(32),
    }));
    activity.downloadMoved({ type: 'began', height: 4000, entries, proved: new Set([0, 1, 2]) });
    const deliver = (from: number, end: number) => {
      for (let range = from; range < end; range++) {
        const peer = `10.0.0.${1 + ((Math.floor(range / 37) * 7919) % 7)}:18000`;
        activity.downloadMoved({ type: 'asked', peer, firstRange: range, rangeCount: 1 });
        if (range >= end - 3000) continue;
        for (const type of ['received', 'proved', 'committed'] as const) activity.downloadMoved({ type, peer, range });
        activity.downloadMoved({ type: 'answered', peer, firstRange: range, rangeCount: 1 });
      }
    };
    deliver(3, 40_000);
    const { chain, chainStore, store, phase, clock } = node;
    const watched = { chain, chainStore, store, phase, activity, clock };
    const http = await openHttpServer(
      {
        ...watched,
        status: () => node.status(),
        submit: (transaction) => node.submit(transaction),
        pendingTransaction: () => undefined,
      },
      { listen: { host: '127.0.0.1', port: 0 } },
    );
    cleanUp(() => http.close());
    await using large = await openPage(browser, `http://127.0.0.1:${http.address.port}`, { colorScheme });
    await large.page.locator('#map-note', { hasText: '37,000 of 100,000 ranges' }).waitFor();
    deliver(40_000, 70_000);
    await large.page.locator('#map-note', { hasText: '64,000 of 100,000 ranges' }).waitFor();
    await large.page.locator('#map').hover({ position: { x: 3, y: 3 } });
    await large.page.locator('#cell-text', { hasText: /^Range \d+: in the store, from 10\.0\.0\.\d/ }).waitFor();
    expect(await accessibilityProblems(large.page)).toEqual([]);
    await takePicture(large.page, `large-${colorScheme}`);
    expect(large.complaints).toEqual([]);
  });
});
