import type { NodeSettings } from '../config/settings.js';
import type { NodeStatus } from '../full-node.js';
import { formatAddress } from '../network/address.js';
import { NodeError } from '../node-error.js';

const answerTimeoutMs = 30_000;

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
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw this.#unreachable(`what answers at ${this.url}${path} is no hs-node: its answer is not JSON`, { cause });
    }
  }

  /** Sends a request. @throws NODE_UNREACHABLE if nothing answers */
  async fetch(path: string, options: RequestInit & { readonly timeoutMs?: number } = {}): Promise<Response> {
    const { timeoutMs, ...request } = options;
    const signals = timeoutMs === undefined ? [this.#signal] : [this.#signal, AbortSignal.timeout(timeoutMs)];
    try {
      return await fetch(`${this.url}${path}`, { ...request, signal: AbortSignal.any(signals) });
    } catch (cause) {
      this.#signal.throwIfAborted();
      const advice = 'start one with "hs-node run", or name the address of another with --url http://HOST:PORT';
      throw this.#unreachable(`no node answers at ${this.url}: ${advice}`, { cause });
    }
  }

  /** The error for an answer that is none of success. */
  refused(path: string, status: number, body: string): NodeError {
    let reason = body.slice(0, 500).trim();
    try {
      const { error } = JSON.parse(body);
      if (typeof error?.message === 'string') reason = error.message;
    } catch {
      // The answer of something else than a node is shown as it is.
    }
    return this.#unreachable(`the node at ${this.url} answered ${path} with status ${status}: ${reason}`, { status });
  }

  #unreachable(message: string, more: { readonly cause?: unknown; readonly status?: number }): NodeError {
    const { cause, status } = more;
    const details = { url: this.url, ...(status === undefined ? {} : { status }) };
    return new NodeError('NODE_UNREACHABLE', message, cause === undefined ? { details } : { cause, details });
  }
}
