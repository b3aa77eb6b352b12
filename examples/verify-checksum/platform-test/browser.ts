import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Starts the browser that `npm run test:platforms` found. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env['HS_CHROMIUM'];
  if (executablePath === undefined)
    throw new Error('HS_CHROMIUM must name the browser; npm run test:platforms sets it');
  return chromium.launch({ executablePath, args: ['--disable-quic', '--disable-component-update'] });
}

/** A page, and everything that went wrong or outside on it. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and what the policy blocked, as the browser reported it. */
  readonly complaints: readonly string[];
  /** Addresses of all requests. */
  readonly requests: readonly string[];
}

/** Opens the page in a profile of its own. `prepare` runs before it loads. */
export async function openPage(
  browser: Browser,
  address: string,
  { prepare, ...options }: BrowserContextOptions & { readonly prepare?: (page: Page) => Promise<unknown> } = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  await prepare?.(page);
  await page.goto(address);
  return { page, complaints, requests, [Symbol.asyncDispose]: () => context.close() };
}

/** Waits until the page is ready to sum, and says what it hashes with. */
export async function engineText(page: Page): Promise<string> {
  const engine = page.getByText(/^Hashes with /);
  await engine.waitFor();
  return (await engine.textContent()) ?? '';
}
