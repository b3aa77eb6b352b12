import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeSettings } from '../config/settings.js';
import type { NodeStatus } from '../full-node.js';
import { formatAddress } from '../network/address.js';
import { NodeError } from '../node-error.js';

const answerTimeoutMs = 30_000;
/** How often a request is sent that the node finds too many. */
const maxTries = 10;

/** Base URL of the node that a command asks: `--url`, else where `--http` says that this machine's node listens. */
export function nodeUrl({ url, http }: Pick<NodeSettings, 'url' | 'http'>): string {
  if (url !== undefined) return url;
  if (http === undefined || http.port === 0) {
    const why = http === undefined ? 'the HTTP server is off' : 'the port of the HTTP server is not known';
    throw new NodeError('NODE_CONFIGURATION', `no node can be asked: ${why}; name one with --url http://HOST:PORT`);
  }
  const anyHost: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return `http://${formatAddress({ host: anyHost[http.host] ?? http.host, port: http.port })}`;
}

/** Asks a running node over HTTP. */
export class NodeClient {
  readonly url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, options: { readonly signal: AbortSignal }) {
    this.url = url;
    this.#signal = options.signal;
  }

  /** @throws NODE_UNREACHABLE */
  async status(): Promise<NodeStatus> {
    return (await this.getJson('/status')) as NodeStatus;
  }

  /** The answer to a GET, which must be JSON. @throws NODE_UNREACHABLE */
  async getJson(path: string): Promise<unknown> {
    const response = await this.fetch(path, { timeoutMs: answerTimeoutMs });
    const body = await response.text();
    if (!response.ok) throw this.refused(path, response.status, body);
    return this.#json(path, body);
  }

  /** The same, but undefined where the node has no such thing. @throws NODE_UNREACHABLE */
  async find(path: string): Promise<unknown> {
    const response = await this.fetch(path, { timeoutMs: answerTimeoutMs });
    const body = await response.text();
    if (response.status === 404 && /_NOT_FOUND$/.test(errorIn(body)?.code ?? '')) return undefined;
    if (!response.ok) throw this.refused(path, response.status, body);
    return this.#json(path, body);
  }

  /** All items of a list that comes in pages. @throws NODE_UNREACHABLE */
  async *pages(path: string, cursorName: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
    for (let next: unknown, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const separator = path.includes('?') ? '&' : '?';
      const address = isFirst ? path : `${path}${separator}${cursorName}=${next}`;
      const page = (await this.getJson(address)) as Readonly<Record<string, unknown>>;
      yield page;
      next = page['next'];
    }
  }

  /** Sends an encoded transaction. @throws NODE_TRANSACTION_REFUSED, NODE_UNREACHABLE */
  async submit(transaction: Uint8Array): Promise<void> {
    const path = '/v1/transactions';
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await this.fetch(path, {
      ...{ method: 'POST', headers, body: transaction.slice() },
      timeoutMs: answerTimeoutMs,
    });
    const body = await response.text();
    if (response.ok) return;
    const error = errorIn(body);
    if (error?.code !== 'HTTP_TRANSACTION_REFUSED') throw this.refused(path, response.status, body);
    throw new NodeError('NODE_TRANSACTION_REFUSED', error.message, { details: error.details });
  }

  /** Sends a request; one that comes too fast is sent again when the node says. @throws NODE_UNREACHABLE if nothing answers */
  async fetch(path: string, options: RequestInit & { readonly timeoutMs?: number } = {}): Promise<Response> {
    const { timeoutMs, ...request } = options;
    for (let tries = 1; ; tries++) {
      const signals = timeoutMs === undefined ? [this.#signal] : [this.#signal, AbortSignal.timeout(timeoutMs)];
      let response: Response;
      try {
        response = await fetch(`${this.url}${path}`, { ...request, signal: AbortSignal.any(signals) });
      } catch (cause) {
        this.#signal.throwIfAborted();
        const advice = 'start one with "hs-node run", or name the address of another with --url http://HOST:PORT';
        throw this.#unreachable(`no node answers at ${this.url}: ${advice}`, { cause });
      }
      if (response.status !== 429 || tries === maxTries) return response;
      await response.body?.cancel();
      const seconds = Math.min(30, Number(response.headers.get('retry-after')) || 1);
      await sleep(1000 * seconds, undefined, { signal: this.#signal });
    }
  }

  /** The error for an answer that is none of success. */
  refused(path: string, status: number, body: string): NodeError {
    const reason = errorIn(body)?.message ?? body.slice(0, 500).trim();
    return this.#unreachable(`the node at ${this.url} answered ${path} with status ${status}: ${reason}`, { status });
  }

  #json(path: string, body: string): unknown {
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw this.#unreachable(`what answers at ${this.url}${path} is no hs-node: its answer is not JSON`, { cause });
    }
  }

  #unreachable(message: string, more: { readonly cause?: unknown; readonly status?: number }): NodeError {
    const { cause, status } = more;
    const details = { url: this.url, ...(status === undefined ? {} : { status }) };
    return new NodeError('NODE_UNREACHABLE', message, cause === undefined ? { details } : { cause, details });
  }
}

/** What a node says that is wrong; undefined if something else than a node has answered. */
function errorIn(
  body: string,
):
  | { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> }
  | undefined {
  try {
    const { error } = JSON.parse(body);
    return typeof error?.code === 'string' && typeof error.message === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
