import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { exampleFolder, recordBytes, uvarint, verifyChecksum } from '../test/program.js';
import { engineText, openPage, startBrowser } from './browser.js';
import { snapshotFileOf } from './snapshot-file.js';

const genesisFile = join(exampleFolder, 'data/deso-genesis.records');
const genesisTotal = 'd6be238d951f91343ed92c12914a94f38e3e991311885630f5e8489a88fbc175';
const snapshotFile = join(exampleFolder, 'data/deso-genesis.snapshot');
const snapshotRoot = '5741e01c2eab938ca7987a3bca980c833ffd477991c6560b18e50b1e68946c8b';
const folder = mkdtempSync(join(tmpdir(), 'verify-checksum-'));
const largeFile = join(folder, 'large.records');
const longFile = join(folder, 'long.records');
const longSnapshotFile = join(folder, 'long.snapshot');
const largeRecords = 200_000;
const longRecords = 256;
const longBytes = 1 << 20;

const server = spawn(process.execPath, ['dist/serve.js', '--port', '0'], { cwd: exampleFolder });
let address = '';
let browser: Browser;

beforeAll(async () => {
  writeFileSync(largeFile, manyRecords(largeRecords));
  const value = new Uint8Array(longBytes).fill(7);
  const long = Array.from({ length: longRecords }, (_, index) => [
    Uint8Array.of(3, 9, index >> 8, index & 255, ...uvarint(value.length)),
    value,
  ]);
  writeFileSync(longFile, Buffer.concat(long.flat()));
  const ranges = long.map((_, index) => [Uint8Array.of(9, index >> 8, index & 255), value] as const);
  writeFileSync(longSnapshotFile, snapshotFileOf(ranges, { height: 9, identity: new Uint8Array(32).fill(3) }));
  address = await new Promise<string>((resolve, reject) => {
    server.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    server.once('error', reject).once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Records with keys of 9 bytes under two prefixes and values of 91, in key order. */
function manyRecords(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 102);
  const view = new DataView(bytes.buffer);
  for (let index = 0, at = 0; index < count; index++, at += 102) {
    bytes[at] = 9;
    bytes[at + 1] = index < count / 3 ? 5 : 7;
    view.setUint32(at + 2, index);
    bytes[at + 10] = 91;
    for (let word = 0; word < 22; word++) view.setUint32(at + 11 + 4 * word, (index * 2654435761 + word * 40503) >>> 0);
  }
  return bytes;
}

/** Chooses a file and waits for its checksums. */
async function sumFile(page: Page, file: string): Promise<void> {
  await page.getByLabel('Record file').setInputFiles(file);
  await page.getByRole('region', { name: 'Checksums of' }).waitFor();
}

/** Chooses a file, and watches the memory of the page until its checksums are there. */
async function peakWhile(page: Page, file: string): Promise<{ readonly peak: number; readonly samples: number }> {
  await engineText(page);
  const session = await page.context().newCDPSession(page);
  await page.getByLabel('Record file').setInputFiles(file);
  const result = page.getByRole('region', { name: 'Checksums of' });
  let peak = 0;
  let samples = 0;
  while ((await result.count()) === 0) {
    // When garbage is collected is up to the browser: what counts is what is kept.
    await session.send('HeapProfiler.collectGarbage');
    const usage = (await session.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number };
    peak = Math.max(peak, usage.usedSize + (usage.backingStorageSize ?? Number.NaN));
    samples++;
  }
  return { peak, samples };
}

const totalOf = (page: Page) => page.locator('dd', { has: page.locator('#total') }).textContent();

describe('the page', () => {
  test('gives the known checksum of the genesis state with workers and WebAssembly, under its policy', async () => {
    await using opened = await openPage(browser, address);
    const { page, complaints, requests } = opened;
    expect(await engineText(page)).toMatch(/^Hashes with wasm-simd on \d+ workers?\.$/);
    expect(page.workers().length).toBe(Number(await page.evaluate('navigator.hardwareConcurrency')));
    await page.getByLabel('Expected checksum').fill(genesisTotal);
    await sumFile(page, genesisFile);
    expect(await totalOf(page)).toBe(genesisTotal);
    await page.getByText('Yes: the total is as expected.', { exact: true }).waitFor();
    await page.getByText(/^1,932 records, 144,332 bytes in /).waitFor();
    const cells = await page.locator('#prefixes').locator('th, td').allTextContents();
    const { stdout } = await verifyChecksum([genesisFile]);
    const printed = stdout.split('\n').slice(3, 11);
    expect(cells).toEqual(printed.flatMap((line) => line.trim().split(/\s+/)));
    expect(stdout).toContain(`state root  ${await page.locator('#state-root').textContent()}\n`);
    expect(complaints).toEqual([]);
    expect(requests.length).toBeGreaterThan(4);
    expect(requests.filter((url) => !url.startsWith(address))).toEqual([]);
    // The policy forbids to send anything anywhere.
    await expect(page.evaluate('fetch(location.href)')).rejects.toThrow('Failed to fetch');
  });

  test('says no to another checksum, and yes once it is put right', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    const field = page.getByLabel('Expected checksum');
    await field.fill(genesisTotal.replace('d', 'e'));
    await sumFile(page, genesisFile);
    const verdict = page.locator('#verdict');
    await verdict
      .filter({ hasText: `No: neither total nor state root is ${genesisTotal.replace('d', 'e')}` })
      .waitFor();
    await field.fill(`root:${genesisTotal}`);
    await verdict.filter({ hasText: `No: the state root is not ${genesisTotal}` }).waitFor();
    await field.fill('d6be');
    await page.getByText('expected 64 hex digits').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await verdict.isVisible()).toBe(false);
    await field.fill(` ${genesisTotal.toUpperCase()} `);
    await verdict.filter({ hasText: 'Yes: the total is as expected.' }).waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe(null);
  });

  test('takes a dropped file, JSON lines by its name', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    const lines = '{"key":"0502","value":"bb"}\n{"key":"0501","value":"aa"}\n';
    const dataTransfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(lines)}], 'two.jsonl'));
      return transfer;
    })()`);
    for (const type of ['dragover', 'drop']) await page.getByRole('main').dispatchEvent(type, { dataTransfer });
    await page.getByRole('heading', { name: 'Checksums of two.jsonl' }).waitFor();
    expect(await totalOf(page)).toBe('de268b73e82fd212693abefdb9d3924871eaaed26f1f871a776066b83c419006');
    await page.getByText('Keys do not ascend').waitFor();
  });

  const broken: [name: string, file: string, bytes: Uint8Array, format: string, code: string][] = [
    [
      'that ends inside a record',
      'a.records',
      readFileSync(genesisFile).subarray(0, -1),
      'Automatic',
      'TRUNCATED_INPUT',
    ],
    [
      'with an empty key',
      'a.records',
      Uint8Array.of(...recordBytes(Uint8Array.of(5), Uint8Array.of()), 0),
      'Binary',
      'EMPTY_KEY',
    ],
    ['that claims a key of 2^40 bytes', 'a.jsonl', Uint8Array.of(...uvarint(2 ** 40)), 'Binary', 'RECORD_TOO_LARGE'],
    ['that is no JSON', 'a.records', Buffer.from('key=05\n'), 'JSON lines', 'MALFORMED_RECORD'],
  ];
  test.each(broken)('shows the error that the command prints for a file %s', async (_, name, bytes, format, code) => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    await using opened = await openPage(browser, address);
    const { page, complaints } = opened;
    await page.getByLabel('Format').selectOption(format);
    await page.getByLabel('Record file').setInputFiles(file);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    const text = await alert.textContent();
    const { stderr } = await verifyChecksum([file, '--format', format === 'JSON lines' ? 'jsonl' : 'binary']);
    expect(text).toBe(`${name}: ${stderr.trim().replace('verify-checksum: ', '')}`);
    expect(text).toContain(`(ELLIPTICSUM_${code})`);
    expect(await page.getByRole('region').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.getByLabel('Format').selectOption('Automatic');
    await sumFile(page, genesisFile);
    expect(await totalOf(page)).toBe(genesisTotal);
    expect(await alert.count()).toBe(0);
  });

  test('verifies a snapshot file against either root, and names the range that is damaged', async () => {
    await using opened = await openPage(browser, address);
    const { page, complaints } = opened;
    const field = page.getByLabel('Expected checksum');
    await field.fill(`snapshot:${snapshotRoot}`);
    await sumFile(page, snapshotFile);
    await page.getByText('Yes: the snapshot root is as expected.', { exact: true }).waitFor();
    expect(await totalOf(page)).toBe(genesisTotal);
    expect(await page.locator('#snapshot-root').textContent()).toBe(snapshotRoot);
    await page.getByText(/^Snapshot of height 0 in 20 ranges, of chain (07){32}$/).waitFor();
    await page.getByText(/^1,932 records, 144,332 bytes in /).waitFor();
    expect(await page.getByRole('heading', { name: 'Damaged ranges' }).count()).toBe(0);

    const bytes = readFileSync(snapshotFile);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const damagedFile = join(folder, 'damaged.snapshot');
    writeFileSync(damagedFile, bytes);
    await sumFile(page, damagedFile);
    await page.getByRole('heading', { name: 'Damaged ranges' }).waitFor();
    const damaged = await page.getByRole('listitem').allTextContents();
    const { stdout } = await verifyChecksum([damagedFile]);
    expect(damaged).toEqual(stdout.split('\n').filter((line) => line.startsWith('Range ')));
    expect(damaged).toHaveLength(1);
    await page
      .getByText(/^No: the snapshot root that the file claims is as expected, but it has 1 damaged range/)
      .waitFor();

    await sumFile(page, genesisFile);
    expect(await page.getByRole('heading', { name: 'Damaged ranges' }).count()).toBe(0);
    expect(await page.locator('#snapshot-root').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('keeps little of a long snapshot file in memory', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    const { peak, samples } = await peakWhile(page, longSnapshotFile);
    await page.getByText(/^Snapshot of height 9 in 256 ranges/).waitFor();
    expect(await page.getByRole('heading', { name: 'Damaged ranges' }).count()).toBe(0);
    expect(samples).toBeGreaterThan(3);
    expect(peak).toBeLessThan((longRecords * longBytes) / 4);
  });

  test('shows progress, rate and time left on a large file, and the sum that Node gets', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    await page.evaluate(`
      globalThis.seen = [];
      new MutationObserver(() => seen.push({
        fraction: document.querySelector('progress').value,
        bytes: document.querySelector('#progress-bytes').textContent,
        rate: document.querySelector('#progress-rate').textContent,
        remaining: document.querySelector('#progress-remaining').textContent,
        isShown: document.querySelector('#progress').checkVisibility(),
      })).observe(document.querySelector('#progress'), { subtree: true, childList: true });
    `);
    await sumFile(page, largeFile);
    type Seen = { fraction: number; bytes: string; rate: string; remaining: string; isShown: boolean };
    const seen = ((await page.evaluate('seen')) as Seen[]).filter(({ fraction }) => fraction > 0 && fraction < 1);
    expect(seen.length).toBeGreaterThan(0);
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    for (const { bytes, rate, remaining, isShown } of seen) {
      expect(bytes).toMatch(/^[\d,]+ of 20,400,000 \(\d+ %\)$/);
      expect(rate).toMatch(/^[\d,]+ records\/s$/);
      expect(remaining).toMatch(/^\d+ s$|^\d+ min \d+ s$/);
      expect(isShown).toBe(true);
    }
    await page.getByText(/^200,000 records, 20,000,000 bytes in /).waitFor();
    const { stdout } = await verifyChecksum([largeFile]);
    expect(stdout).toContain(`total       ${await totalOf(page)}\n`);
    expect(await page.getByRole('progressbar').count()).toBe(0);
  });

  test('keeps little of a long file in memory', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    const { peak, samples } = await peakWhile(page, longFile);
    await page.getByText(/^256 records, /).waitFor();
    expect(samples).toBeGreaterThan(3);
    expect(peak).toBeLessThan((longRecords * longBytes) / 4);
  });

  test('stops at Cancel, by keyboard, and goes on with the next file', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    await page.getByLabel('Record file').setInputFiles(longFile);
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await page.getByRole('status').filter({ hasText: 'Cancelled.' }).waitFor();
    expect(await page.getByRole('region').count()).toBe(0);
    await sumFile(page, genesisFile);
    expect(await totalOf(page)).toBe(genesisTotal);
  });

  test('drops the file before when another one comes', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    await page.getByLabel('Record file').setInputFiles(longFile);
    await page.getByRole('progressbar').waitFor();
    await sumFile(page, genesisFile);
    await page.getByRole('heading', { name: 'Checksums of deso-genesis.records' }).waitFor();
    expect(await totalOf(page)).toBe(genesisTotal);
  });

  test('can be used by keyboard, and tells screen readers what happens', async () => {
    await using opened = await openPage(browser, address);
    const { page } = opened;
    await engineText(page);
    const focused: unknown[] = [];
    for (let step = 0; step < 3; step++) {
      await page.keyboard.press('Tab');
      focused.push(await page.evaluate('document.activeElement.labels[0].textContent'));
    }
    expect(focused).toEqual(['Record file', 'Expected checksum (optional)', 'Format']);
    const status = page.getByRole('status');
    expect(await status.count()).toBe(1);
    await page.getByLabel('Expected checksum').fill(genesisTotal);
    await sumFile(page, genesisFile);
    expect(await status.textContent()).toBe('Done: 1,932 records. Yes: the total is as expected.');
    expect(await page.getByRole('table', { name: 'By prefix, the first byte of the key' }).count()).toBe(1);
    expect(await page.getByRole('rowheader').count()).toBe(8);
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(['Prefix', 'Records', 'Bytes', 'Checksum']);
  });

  test.each(['light', 'dark'] as const)(
    'has text that stands out in a %s scheme, and fits a small screen',
    async (colorScheme) => {
      await using opened = await openPage(browser, address, { colorScheme, viewport: { width: 360, height: 740 } });
      const { page } = opened;
      await page.getByLabel('Expected checksum').fill(genesisTotal);
      await sumFile(page, genesisFile);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      for (const selector of ['body', '.hint', '.verdict', 'caption', 'td']) {
        expect([selector, await contrast(page, selector)]).toEqual([selector, expect.any(Number)]);
        expect(await contrast(page, selector)).toBeGreaterThan(4.5);
      }
      const background = (await page.evaluate('getComputedStyle(document.body).backgroundColor')) as string;
      expect(background === 'rgb(255, 255, 255)').toBe(colorScheme === 'light');
      const bytes = readFileSync(snapshotFile);
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
      writeFileSync(join(folder, 'narrow.snapshot'), bytes);
      await sumFile(page, join(folder, 'narrow.snapshot'));
      await page.getByRole('heading', { name: 'Damaged ranges' }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      expect(await contrast(page, '#damage li')).toBeGreaterThan(4.5);
    },
  );

  test('hashes without WebAssembly where a policy forbids it, and says so', async () => {
    await using opened = await openPage(browser, address, {
      prepare: (page) =>
        page.route('**/hash-worker.js', async (route) => {
          const response = await route.fetch();
          const headers = { ...response.headers(), 'content-security-policy': "default-src 'none'; script-src 'self'" };
          await route.fulfill({ response, headers });
        }),
    });
    const { page } = opened;
    expect(await engineText(page)).toMatch(/^Hashes with noble on \d+ workers?; not wasm-simd: [a-z-]+; not wasm: /);
    await sumFile(page, genesisFile);
    expect(await totalOf(page)).toBe(genesisTotal);
  });

  test('says so if the workers cannot be loaded', async () => {
    await using opened = await openPage(browser, address, {
      prepare: (page) => page.route('**/hash-worker.js', (route) => route.abort()),
    });
    const { page } = opened;
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /cannot run the workers: .*\(ELLIPTICSUM_WORKER_FAILED\)$/,
    );
  });
});

/** Contrast of an element's text with what is behind it, as WCAG 2 counts it. */
async function contrast(page: Page, selector: string): Promise<number> {
  const [text, background] = (await page.evaluate(`(() => {
    let element = document.querySelector(${JSON.stringify(selector)});
    const { color } = getComputedStyle(element);
    const isClear = () => getComputedStyle(element).backgroundColor === 'rgba(0, 0, 0, 0)';
    while (isClear()) element = element.parentElement;
    return [color, getComputedStyle(element).backgroundColor];
  })()`)) as [string, string];
  const [darker = 0, lighter = 0] = [luminance(text), luminance(background)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
